"""Studies read from YAML and checked before anything is computed from them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from sojourn import definitions
from sojourn.definitions import DefinitionError
from sojourn.evidence import model
from sojourn.evidence.checks import findings
from sojourn.evidence.model import Study

RESULTS = Path(__file__).parent / "results"
EvidenceError = DefinitionError
_ADAPTER = definitions.strict(Study, model.__name__)


def load(path: Path) -> Study:
    """The study in ``path``.

    Raises
    ------
    EvidenceError
        Naming each field at fault, its value and the mend; figures that can't be true too.
    """
    study: Study = definitions.checked(_ADAPTER, definitions.read(path), path, model.__name__)
    errors = [str(each) for each in findings(study) if each.severity == "error"]
    if errors:
        raise EvidenceError("\n".join(f"{path.name}: {error}" for error in errors))
    return study


def load_folder(folder: Path) -> Mapping[str, Study]:
    """Every study of a folder, by key; a file is named after its study."""
    studies: dict[str, Study] = {}
    for path in sorted(folder.glob("*.yaml")):
        study = load(path)
        if study.key != path.stem:
            raise EvidenceError(f"{path.name}: key is '{study.key}'; name it {study.key}.yaml")
        studies[study.key] = study
    for study in studies.values():
        for other in study.counts_again:
            if other not in studies:
                raise EvidenceError(f"{study.key}.yaml: counts_again names '{other}', not here")
    return MappingProxyType(studies)


@cache
def load_shipped() -> Mapping[str, Study]:
    """Every study that comes with Sojourn, by key."""
    return load_folder(RESULTS)

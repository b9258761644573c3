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


def load_study(path: Path) -> Study:
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


def load_studies(folder: Path, *, known: tuple[str, ...] = ()) -> Mapping[str, Study]:
    """Every study of a folder, by key; a file is named after its study.

    ``known`` are keys of studies elsewhere, which these may name and must not take.

    Raises
    ------
    EvidenceError
        As for one study; also for a key that is taken and for parts that are nowhere.
    """
    studies: dict[str, Study] = {}
    for path in sorted(folder.glob("*.yaml")):
        study = load_study(path)
        if study.key != path.stem:
            raise EvidenceError(f"{path.name}: key is '{study.key}'; name it {study.key}.yaml")
        if study.key in known:
            raise EvidenceError(f"{path.name}: key '{study.key}' is taken; give it another")
        studies[study.key] = study
    for study in studies.values():
        for other in study.counts_again:
            if other not in studies and other not in known:
                raise EvidenceError(f"{study.key}.yaml: counts_again names '{other}', not here")
    return MappingProxyType(studies)


@cache
def shipped_studies() -> Mapping[str, Study]:
    """Every study that comes with Sojourn, by key."""
    return load_studies(RESULTS)

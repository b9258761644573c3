"""What is required, why it matters and which clauses ask for it: the two files beside this one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sojourn import definitions

HERE = Path(__file__).parent
Level = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing Sojourn must do; tests name its key with ``@pytest.mark.proves``."""

    key: str
    text: str
    risk: str
    severity: Level
    likelihood: Level
    phase: Literal["operational", "performance"]
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of a regulation in our words, and what of it stays with the site."""

    clause: str
    about: str
    whose: Literal["software", "site", "both"]
    verified: bool
    site_does: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A regulation and where to read it."""

    name: str
    title: str
    where: str


@dataclass(frozen=True, slots=True)
class Requirements:
    """The file of requirements."""

    requirements: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class Clauses:
    """The file of clauses."""

    sources: tuple[Source, ...]
    clauses: tuple[Clause, ...]


def required() -> tuple[Requirement, ...]:
    """Every requirement, in the order of the file."""
    path = HERE / "requirements.yaml"
    found: Requirements = definitions.checked(
        definitions.strict(Requirements, __name__), definitions.read(path), path, __name__
    )
    return found.requirements


def clauses() -> Clauses:
    """Every clause, in the order of the file."""
    path = HERE / "clauses.yaml"
    found: Clauses = definitions.checked(
        definitions.strict(Clauses, __name__), definitions.read(path), path, __name__
    )
    return found


def faults(required: tuple[Requirement, ...], known: Clauses, proven: set[str]) -> list[str]:
    """What does not fit together: names twice, clauses unanswered, requirements without a test."""
    keys = [each.key for each in required]
    named = {clause for each in required for clause in each.clauses}
    listed = [each.clause for each in known.clauses]
    return [
        *(f"requirement {key} stands twice" for key in sorted(_twice(keys))),
        *(f"clause {clause} stands twice" for clause in sorted(_twice(listed))),
        *(f"clause {clause} is not in clauses.yaml" for clause in sorted(named - {*listed})),
        *(
            f"clause {each.clause} is the software's and no requirement answers it"
            for each in known.clauses
            if each.whose == "software" and each.clause not in named
        ),
        *(
            f"clause {each.clause} does not say what the site does"
            for each in known.clauses
            if each.whose != "software" and not each.site_does
        ),
        *(f"requirement {key} is proven by no test" for key in keys if key not in proven),
        *(f"a test proves {key}, which is no requirement" for key in sorted(proven - {*keys})),
    ]


def _twice(names: list[str]) -> set[str]:
    return {each for each in names if names.count(each) > 1}

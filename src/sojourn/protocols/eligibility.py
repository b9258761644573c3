"""What is asked about a person, and the rules that decide who may be treated."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1, le=1000, strict=True)]

YES_NO = (("yes", "Yes"), ("no", "No"))


@dataclass(frozen=True, slots=True)
class Characteristic:
    """Something asked about a person at screening.

    A whole number with ``lowest`` and ``highest``, one of ``choices``, else yes or no.
    """

    key: Key
    label: Text
    group: Text  # the heading it is asked under
    choices: tuple[tuple[Key, Text], ...] = ()
    lowest: int | None = None
    highest: int | None = None
    unit: str = ""
    help: str = ""

    @property
    def is_number(self) -> bool:
        return self.lowest is not None

    @property
    def options(self) -> tuple[tuple[Key, Text], ...]:
        """What can be answered, none for a number."""
        return () if self.is_number else self.choices or YES_NO


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on a characteristic; all that is given must hold.

    ``holds`` asks for yes (true) or no (false). ``above_setting`` names the site's
    own limit, which the number must exceed.
    'age-years' and 'sex' are known from registration.
    """

    characteristic: Key
    holds: bool | None = None
    one_of: tuple[Key, ...] = ()
    at_least: int | None = None
    at_most: int | None = None
    above_setting: str = ""

    @property
    def answers(self) -> tuple[str, ...]:
        """The answers it asks for, none when it asks for a number."""
        if self.holds is None:
            return self.one_of
        return ("yes",) if self.holds else ("no",)


@dataclass(frozen=True, slots=True)
class Criterion:
    """A rule of eligibility.

    ``met_when`` lists blocks of conditions: it is met when every condition of one
    block holds. ``instrument`` with ``at_least`` asks for a rating instead. With
    neither, a clinician answers it. ``override_by`` names the roles that may treat
    in spite of it, with a reason; an empty list makes it absolute.
    """

    key: Key
    kind: Literal["inclusion", "exclusion"]
    label: Text
    source: str
    verified: bool
    rationale: str = ""
    met_when: tuple[tuple[Condition, ...], ...] = ()
    override_by: tuple[Key, ...] = ()
    instrument: str = ""
    at_visit: str = ""
    at_least: int | None = None

    @property
    def answered_by_hand(self) -> bool:
        return not self.met_when and not self.instrument


@dataclass(frozen=True, slots=True)
class TreatmentKind:
    """A kind of earlier treatment, and what makes a trial of it adequate.

    A trial is adequate with the usual dose (where it has one) for ``adequate_weeks``,
    or after ``adequate_sessions``.
    """

    key: Key
    label: Text
    form: Literal["medicine", "psychotherapy", "other"]
    source: Text
    verified: bool
    adequate_weeks: Count | None = None
    adequate_sessions: Count | None = None

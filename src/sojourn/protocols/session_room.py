"""What a team sees and taps on a dosing day: phases, observations, criteria for going home."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from sojourn.protocols.eligibility import Key, Text

Minutes = Annotated[int, Field(ge=0, le=24 * 60)]


@dataclass(frozen=True, slots=True)
class SessionPhase:
    """A stretch of the session, from so many minutes after the initial dose until the next."""

    key: Key
    label: Text
    from_min: Minutes


@dataclass(frozen=True, slots=True)
class Observation:
    """Something noted with one tap.

    A *toggle* is on or off, a *moment* simply happened, a *scale* is a whole number
    from ``lowest`` to ``highest``, a *place* says where a practitioner is (one of
    ``choices``). ``adverse_event`` is the term to consider when it was noted.
    """

    key: Key
    label: Text
    group: Text  # the heading it stands under
    form: Literal["toggle", "moment", "scale", "place"]
    shortcut: Annotated[str, Field(pattern=r"^[a-z]?$")] = ""
    adverse_event: str = ""
    lowest: int = 0
    highest: int = 0
    choices: tuple[tuple[Key, Text], ...] = ()


@dataclass(frozen=True, slots=True)
class SessionRoom:
    """The room as data. ``source`` says where phases and observations come from."""

    phases: tuple[SessionPhase, ...]
    observations: tuple[Observation, ...]
    source: Text
    verified: bool

    def observation(self, key: str) -> Observation | None:
        """The observation called ``key``, or None."""
        return next((each for each in self.observations if each.key == key), None)

    def phase(self, minutes: float) -> SessionPhase | None:
        """The phase so many minutes after the initial dose."""
        begun = [each for each in self.phases if each.from_min <= minutes]
        return begun[-1] if begun else None


@dataclass(frozen=True, slots=True)
class DischargeCriterion:
    """What must hold before someone goes home; each is signed by the one who checked it.

    ``needs`` names what the record itself must show: the planned hours since the
    initial dose, fresh vital signs within the site's limits, or a complete rating
    of ``instrument`` at this visit. Empty: the signature alone.
    """

    key: Key
    label: Text
    needs: Literal["", "planned-hours", "vitals-in-limits", "assessment"] = ""
    instrument: str = ""

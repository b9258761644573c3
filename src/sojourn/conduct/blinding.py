"""Who may see what: a blinded role can't learn the arm, a rater not even the course."""

from typing import Final

UNBLINDED: Final = frozenset({"statistician", "pharmacist"})
# Someone who rates outcomes must not learn the arm; someone who rates recordings needs no course.
RATERS: Final = frozenset({"independent-rater", "fidelity-rater"})
# A rater who reads of nausea, a raised pulse or a therapist's note has been told the arm.
RATER_SEES: Final = frozenset(
    {"screening.participant-registered", "assessment.recorded", "visit.missed"}
)
# A report past the treating team reaches those who oversee the site and nobody who works in it.
CONFIDENTIAL_READERS: Final = frozenset({"sponsor", "monitor"})
CONFIDENTIAL_KINDS: Final = "safety.confidential-"
# What someone believes about the arm is shown to nobody but who wrote it down.
GUESSES: Final = "blinding.guess-"
# Who may take the trial's data away; by arm only who may see the closed session.
EXPORTERS: Final = frozenset({"statistician", "monitor", "sponsor"})


# Of the programme's own record, what tells of single sessions.
TELLS_OF_SESSIONS: Final = frozenset(
    {
        "programme.fidelity-rated",
        "programme.supervision-recorded",
        "access.emergency-opened",
        "access.emergency-reviewed",
    }
)
# What a rater records may be put right by a rater.
RATER_CORRECTS: Final = frozenset({"assessment.recorded", "blinding.guess-recorded"})


def may_open_allocation(role: str) -> bool:
    """Whether this role may look behind the seal."""
    return role in UNBLINDED


def may_see(role: str, kind: str, *, own: bool = False) -> bool:
    """Whether an entry of this kind is shown to this role; ``own`` when they wrote it."""
    if kind.startswith(GUESSES):
        return own and role not in UNBLINDED
    if kind.startswith("allocation."):
        return role in UNBLINDED
    if kind.startswith(CONFIDENTIAL_KINDS):
        return role in CONFIDENTIAL_READERS
    return role not in RATERS or kind in RATER_SEES


def may_see_in_programme(role: str, kind: str) -> bool:
    """Whether an entry of this kind in the programme's own record is shown to this role."""
    return role not in RATERS or kind not in TELLS_OF_SESSIONS


def may_correct(role: str, kind: str, rated_by: str, *, own: bool = False) -> bool:
    """Whether this role may put right an entry of this kind at a visit rated by ``rated_by``.

    ``own`` when they wrote it themselves: to open a guess for correction is to read it.
    """
    if kind.startswith(GUESSES) and not may_see(role, kind, own=own):
        return False
    if role not in RATERS:
        return True
    of_raters = kind in RATER_CORRECTS and rated_by == "independent-rater"
    return role == "independent-rater" and of_raters


def may_see_visit(role: str, rated_by: str) -> bool:
    """Whether this role may see what was recorded at a visit rated by ``rated_by``."""
    return role not in RATERS or rated_by == "independent-rater"


def may_see_visits(role: str, pool: tuple[str, ...]) -> bool:
    """Whether this role may know whom and at which visit it rates; ``pool`` is the programme's."""
    return role != "independent-rater" or not pool


def may_see_course(role: str) -> bool:
    """Whether this role may see sessions, events and contacts at all."""
    return role not in RATERS


def may_see_closed_session(role: str) -> bool:
    """Whether this role may see safety by arm, as for the closed session of a monitoring board."""
    return role == "statistician"


def may_export(role: str) -> bool:
    """Whether this role may take the trial's data away, blinded."""
    return role in EXPORTERS


def may_read_confidential(role: str) -> bool:
    """Whether this role may read what was reported past the treating team."""
    return role in CONFIDENTIAL_READERS

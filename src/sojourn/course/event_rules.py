"""What may be said of an adverse event, what must agree, and what the protocol expects."""

from datetime import date

from sojourn.course.circumstances import Circumstances
from sojourn.protocols.model import Protocol
from sojourn.record.command import Refused
from sojourn.vigilance.clocks import SERIOUSNESS
from sojourn.vigilance.terms import OTHER, Term, suggest

LONGEST = 200
RELATEDNESS = (
    ("not-related", "Not related"),
    ("unlikely", "Unlikely"),
    ("possible", "Possible"),
    ("probable", "Probable"),
    ("definite", "Definite"),
)
EXPECTEDNESS = (("expected", "Expected"), ("unexpected", "Unexpected"))
OUTCOMES = (
    ("recovered", "Recovered"),
    ("recovering", "Recovering"),
    ("not-recovered", "Not recovered"),
    ("sequelae", "Recovered with sequelae"),
    ("fatal", "Fatal"),
    ("unknown", "Unknown"),
)
OPEN_OUTCOMES = frozenset({"recovering", "not-recovered", "unknown"})
VALENCES = (("unpleasant", "Unpleasant"), ("neutral", "Neutral"), ("pleasant", "Pleasant"))
ACTIONS = (
    ("none", "Nothing changed"),
    ("interrupted", "Next session put off"),
    ("reduced", "Dose reduced"),
    ("supplemental-withheld", "Supplemental dose withheld"),
    ("withdrawn", "Study drug ended"),
    ("not-applicable", "No study drug was given yet, or it was over"),
)
LEARNED = (
    ("spontaneous", "They said so themselves"),
    ("prompted", "They were asked"),
    ("observed", "Someone saw it"),
    ("diary", "From their diary"),
)


def expectedness_of(protocol: Protocol, term: str, coded_term: str, grade: int) -> str:
    """What the protocol's reference list says of this event at this grade (ICH E2A, II.C).

    Empty where the protocol has no list.
    """
    if not protocol.expected_events:
        return ""
    said = {term.strip().casefold()}
    if not coded_term.endswith(OTHER):
        said.add(coded_term.casefold())
    for each in protocol.expected_events:
        names = {name.casefold() for name in (each.term, *each.also)}
        if names & said and grade <= each.worst_grade:
            return "expected"
    return "unexpected"


def special_interest(protocol: Protocol, *words: str) -> str:
    """Key of the special interest whose terms stand in any of ``words``, or empty."""
    said = " / ".join(words).lower()
    for interest in protocol.special_interest:
        if any(each.lower() in said for each in interest.terms):
            return interest.key
    return ""


def coded(written: str, code: str, circumstances: Circumstances) -> Term:
    """The term that was confirmed, or the one called exactly that; anything else is asked.

    Raises
    ------
    Refused
        With the terms that ``written`` may mean.
    """
    terms = circumstances.terms
    if len(written.strip()) > LONGEST:
        raise Refused(f"keep it within {LONGEST} letters; the rest is for the narrative", "term")
    if code:
        if code not in terms.by_code:
            raise Refused(f"'{code}' is no term of the dictionary; choose one", "code")
        return terms.by_code[code]
    exact = terms.exact(written)
    if exact is not None:
        return exact
    offered = ", ".join(each.name for each in suggest(terms, written))
    mend = f"confirm one of: {offered}" if offered else "try other words, or choose 'Other' terms"
    raise Refused(f"'{written.strip()}' is not coded yet; {mend}", "code")


def check_together(grade: int, serious: bool, seriousness: tuple[str, ...], outcome: str) -> None:
    """Refuse a grade, criteria and an outcome that contradict each other."""
    known = dict(SERIOUSNESS)
    for criterion in seriousness:
        if criterion not in known:
            raise Refused(
                f"'{criterion}' is no criterion; known: {', '.join(known)}", "seriousness"
            )
    if (grade == 5) != (outcome == "fatal"):
        raise Refused(f"grade {grade} and outcome '{outcome}' contradict each other", "outcome")
    if grade >= 4 and not serious:
        raise Refused(f"an event of grade {grade} is serious; say so", "serious")
    if serious and not seriousness:
        raise Refused("say which criteria make it serious", "seriousness")
    if seriousness and not serious:
        raise Refused(f"'{known[seriousness[0]]}' makes it serious; say so", "serious")
    if (grade == 5) != ("death" in seriousness):
        raise Refused(f"grade {grade} and the criterion death must agree", "seriousness")


def check_grade(grade: int, term: Term) -> None:
    """Refuse a grade that does not exist for the term."""
    if grade not in term.grades:
        exist = ", ".join(map(str, term.grades))
        raise Refused(f"'{term.name}' has no grade {grade}; it has {exist}", "grade")


def check_days(started_on: date, ended_on: date | None, outcome: str, today: date) -> None:
    """Refuse days to come, an end before the start, and an end that is none."""
    if started_on > today:
        raise Refused(f"{started_on} is still to come; check the date", "started_on")
    if ended_on and ended_on < started_on:
        raise Refused(f"{ended_on} lies before the start {started_on}", "ended_on")
    if ended_on and ended_on > today:
        raise Refused(f"{ended_on} is still to come; check the date", "ended_on")
    if ended_on and outcome in ("recovering", "not-recovered"):
        raise Refused(f"it ended on {ended_on}, yet the outcome is '{outcome}'", "outcome")


def in_order(seriousness: tuple[str, ...]) -> tuple[str, ...]:
    """The criteria each once, in the order they are always shown."""
    return tuple(key for key, _ in SERIOUSNESS if key in seriousness)

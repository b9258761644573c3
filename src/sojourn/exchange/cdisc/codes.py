"""The tests of findings: codes and names of items, totals and questions."""

from typing import Literal

from sojourn.exchange.cdisc.standard import LONGEST_LABEL, Place, Test, mappings
from sojourn.instruments import Instrument
from sojourn.protocols.model import Protocol

CONTACT = (
    Test("CONT01", "Mood, 0 Worst to 10 Best"),
    Test("CONT02", "Hours of Sleep"),
    Test("CONT03", "Level of Concern"),
)
MOOD = (Test("MOOD01", "Mood, 0 Worst to 10 Best"), Test("MOOD02", "Suicidal Thoughts"))


def place(instrument: Instrument) -> Place:
    """Where an instrument goes; one the mapping does not name goes by who rates it."""
    known = mappings().instruments.get(instrument.key)
    if known is not None:
        return known
    prefix = "".join(filter(str.isalnum, instrument.key.upper())).lstrip("0123456789")[:5]
    domain: Literal["QS", "RS"] = "RS" if instrument.rated_by == "clinician" else "QS"
    return Place(domain, instrument.name.upper(), prefix=prefix or "QUEST")


def items(instrument: Instrument) -> tuple[Test, ...]:
    """The tests of an instrument's items, in their order."""
    where = place(instrument)
    if where.tests:
        return where.tests
    return tuple(
        Test(f"{where.prefix}{item.number:02d}", _short(f"{where.prefix}-{item.label}"))
        for item in instrument.items
    )


def total(instrument: Instrument) -> Test | None:
    """The test of an instrument's total; None where it has none."""
    where = place(instrument)
    if not instrument.scored or where.total:
        return where.total
    return Test(f"{where.prefix}TOT", f"{where.prefix}-Total Score")


def diary(protocol: Protocol) -> dict[str, Test]:
    """The tests of the diary's questions by key; free text is none."""
    questions = protocol.diary.questions if protocol.diary else ()
    return {
        each.key: Test(f"DIARY{number:02d}", _short(each.label))
        for number, each in enumerate(questions, start=1)
        if each.kind != "line"
    }


def interview(protocol: Protocol) -> dict[str, Test]:
    """The tests of what is asked at screening and has no other place, by key."""
    elsewhere = mappings().characteristics
    return {
        each.key: Test(f"SCRN{number:03d}", _short(each.label))
        for number, each in enumerate(protocol.characteristics, start=1)
        if each.key not in elsewhere
    }


def _short(label: str) -> str:
    """``label`` cut at a word to fit a test name."""
    if len(label) <= LONGEST_LABEL:
        return label
    return label[: LONGEST_LABEL + 1].rsplit(" ", 1)[0][:LONGEST_LABEL].rstrip(" ,(")

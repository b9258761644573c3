"""The tests of findings: codes and names of items, totals and questions."""

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Form:
    """An instrument as findings write it: where it goes, its items in order, its total if any."""

    instrument: Instrument
    place: Place
    items: tuple[tuple[Test, Mapping[int, str]], ...]  # with what its answers are in words
    total: Test | None


@dataclass(frozen=True, slots=True)
class Questions:
    """All that can be asked in one trial, by key."""

    forms: Mapping[str, Form]
    diary: Mapping[str, Test]  # free text is none
    interview: Mapping[str, Test]  # asked at screening, with no other place


def questions(instruments: Mapping[str, Instrument], protocol: Protocol) -> Questions:
    """The tests of those instruments and of that protocol."""
    forms = {key: _form(each) for key, each in instruments.items()}
    return Questions(forms, _diary(protocol), _interview(protocol))


def _form(instrument: Instrument) -> Form:
    where = _place(instrument)
    tests = where.tests or tuple(
        Test(f"{where.prefix}{item.number:02d}", _short(f"{where.prefix}-{item.label}"))
        for item in instrument.items
    )
    words = (dict(item.answers) for item in instrument.items)
    total = where.total
    if instrument.scored and total is None:
        total = Test(f"{where.prefix}TOT", f"{where.prefix}-Total Score")
    return Form(instrument, where, tuple(zip(tests, words, strict=True)), total)


def _place(instrument: Instrument) -> Place:
    """Where an instrument goes; one the mapping does not name goes by who rates it."""
    known = mappings().instruments.get(instrument.key)
    if known is not None:
        return known
    prefix = "".join(filter(str.isalnum, instrument.key.upper())).lstrip("0123456789")[:5]
    domain: Literal["QS", "RS"] = "RS" if instrument.rated_by == "clinician" else "QS"
    return Place(domain, instrument.name.upper(), prefix=prefix or "QUEST")


def _diary(protocol: Protocol) -> dict[str, Test]:
    questions = protocol.diary.questions if protocol.diary else ()
    return {
        each.key: Test(f"DIARY{number:02d}", _short(each.label))
        for number, each in enumerate(questions, start=1)
        if each.kind != "line"
    }


def _interview(protocol: Protocol) -> dict[str, Test]:
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

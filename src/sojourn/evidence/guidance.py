"""The guide: short texts for patients and for clinicians, every figure drawn from the register.

In a text ``{claim/computation}`` stands for a pooled figure, ``{claim/computation@study:label}``
for one that a study prints, ``{claim/joined}`` for the comparison a network answers, and
``|people``, ``|studies``, ``|verdict`` or ``|certainty`` before the brace for what is known about
it. ``[key]`` names a source of the topic. Any other number needs such a source in its sentence.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from sojourn import definitions
from sojourn.evidence.answers import Answered
from sojourn.evidence.forest import Forest
from sojourn.evidence.load import EvidenceError
from sojourn.evidence.model import Key, Text
from sojourn.evidence.register import Claim, Measure, shipped_claims
from sojourn.evidence.wording import figure, plainly

FOLDER = Path(__file__).parent / "guide"
Reader = Literal["patients", "clinicians"]
READERS: tuple[Reader, ...] = ("patients", "clinicians")
JOINED = "joined"
_DRAWN = re.compile(
    r"\{(?P<claim>[a-z0-9-]+)(/(?P<computation>[a-z0-9-]+))?"
    r"(@(?P<study>[a-z0-9-]+):(?P<label>[^}|]+))?"
    r"(\|(?P<about>people|studies|verdict|certainty))?\}"
)
_SOURCE = re.compile(r"\[(?P<source>[a-z0-9-]+)\]")
# Names that hold a digit and say no number.
_NAMES = re.compile(r"\b[A-Z][A-Za-z]*-?\d+\b|\b[Pp]hase \d\b")
_SENTENCE = re.compile(r"[^.!?]+[.!?:]*(?:\s*\[[a-z0-9-]+\])*")
_NUMBER = re.compile(
    r"\d|%|\bper ?cent\b|\bpercentage|\bhal(f|ves)\b|\b(third|quarter|fifth|tenth)s? of\b"
    r"|\b(one|two|three|four|five|six|seven|eight|nine) (in|out of|of every) "
    r"(two|three|four|five|ten)"
    r"|\b(twice|threefold|twofold)\b|\b(two|three|four|five|ten) times\b",
    re.IGNORECASE,
)
_DOSE = re.compile(r"\d\s*(mg|mcg|µg|g|ml)\b|\bmilligram", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    key: Key
    text: Text
    verified: bool
    doi: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    heading: Text
    text: Text


@dataclass(frozen=True, slots=True)
class Telling:
    """A topic as it is told to one kind of reader."""

    lead: Text
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Topic:
    key: Key
    title: Text
    order: int
    patients: Telling
    clinicians: Telling
    sources: tuple[Source, ...] = ()

    def telling(self, reader: Reader) -> Telling:
        return self.patients if reader == "patients" else self.clinicians

    def mentions_suicide(self, reader: Reader) -> bool:
        """Whether crisis lines belong on the page."""
        telling = self.telling(reader)
        texts = (telling.lead, *(f"{s.heading} {s.text}" for s in telling.sections))
        return any("suicid" in text.lower() for text in texts)

    def claims(self, reader: Reader) -> tuple[str, ...]:
        """Keys of the claims whose figures the text draws."""
        found = (
            match["claim"]
            for section in self.telling(reader).sections
            for match in _DRAWN.finditer(section.text)
        )
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of text; ``claim`` is where its figure comes from, ``source`` what it cites."""

    text: str
    claim: str = ""
    verified: bool = True
    source: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or the items of a list."""

    items: tuple[tuple[Part, ...], ...]
    is_list: bool


_ADAPTER = definitions.strict(Topic, __name__)


@cache
def topics() -> Mapping[str, Topic]:
    """Every topic by key, in the order of reading."""
    found = [load_topic(path) for path in FOLDER.glob("*.yaml")]
    return MappingProxyType({each.key: each for each in sorted(found, key=lambda t: t.order)})


def load_topic(path: Path) -> Topic:
    """The topic in ``path``.

    Raises
    ------
    EvidenceError
        Naming each field at fault; also a number that is neither drawn nor sourced, and any dose.
    """
    topic: Topic = definitions.checked(_ADAPTER, definitions.read(path), path, __name__)
    problems = list(_problems(topic, shipped_claims()))
    if topic.key != path.stem:
        problems.insert(0, f"key is '{topic.key}'; name it {topic.key}.yaml")
    if problems:
        raise EvidenceError("\n".join(f"{path.name}: {problem}" for problem in problems))
    return topic


def fill(text: str, reader: Reader, answers: Mapping[str, Answered]) -> tuple[Block, ...]:
    """The text with its figures as the register has them now.

    Raises
    ------
    EvidenceError
        When a figure that a study prints is not, or not once, among those of its computation.
    """
    blocks = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        is_list = paragraph.startswith("- ")
        items = re.split(r"\n?^- ", paragraph, flags=re.M)[1:] if is_list else [paragraph]
        filled = (tuple(_parts(" ".join(item.split()), reader, answers)) for item in items)
        blocks.append(Block(tuple(filled), is_list))
    return tuple(blocks)


def _parts(text: str, reader: Reader, answers: Mapping[str, Answered]) -> Iterator[Part]:
    at = 0
    for match in re.finditer(f"{_DRAWN.pattern}|{_SOURCE.pattern}", text):
        before = text[at : match.start()]
        if before:
            yield Part(before)
        if match["source"]:
            yield Part("", source=match["source"])
        else:
            yield _drawn(match, reader, answers[match["claim"]])
        at = match.end()
    if text[at:]:
        yield Part(text[at:])


def _drawn(match: re.Match[str], reader: Reader, answered: Answered) -> Part:
    claim = match["claim"]
    if match["about"] in ("verdict", "certainty"):
        return Part(answered.verdict if match["about"] == "verdict" else answered.certainty, claim)
    if match["computation"] == JOINED:
        asked = answered.league.asked if answered.league else None
        figures = (asked.estimate, asked.low, asked.high) if asked else (None, None, None)
        return Part(_said("standardised-difference", figures, reader), claim)
    forest = answered.forest(match["computation"])
    if match["about"]:
        number = getattr(forest.summary, match["about"]) if forest.summary else 0
        return Part(f"{number}", claim)
    if match["study"]:
        return _printed(match, forest, reader)
    summary = forest.summary
    figures = (summary.estimate, summary.low, summary.high) if summary else (None, None, None)
    return Part(_said(forest.measure, figures, reader), claim, not forest.unverified)


def _printed(match: re.Match[str], forest: Forest, reader: Reader) -> Part:
    found = [
        line
        for line in forest.lines
        if (line.study, line.label) == (match["study"], match["label"])
    ]
    if len(found) != 1:
        raise EvidenceError(
            f"{match[0]} names {len(found)} figures; there are "
            + ", ".join(f"{line.study}:{line.label}" for line in forest.lines)
        )
    [line] = found
    figures = (line.estimate, line.low, line.high)
    return Part(_said(line.measure, figures, reader), match["claim"], line.verified)


def _said(
    measure: Measure, figures: tuple[float | None, float | None, float | None], reader: Reader
) -> str:
    if reader == "patients":
        return plainly(measure, *figures)
    return figure(measure, *figures).replace("(", "(95% CI ", 1)


def _problems(topic: Topic, claims: Mapping[str, Claim]) -> Iterator[str]:
    sources = {each.key for each in topic.sources}
    cited = set()
    for reader in READERS:
        telling = topic.telling(reader)
        for where, text in [
            ("title", f"{topic.title}."),
            ("lead", telling.lead),
            *((each.heading, f"{each.heading}.\n\n{each.text}") for each in telling.sections),
        ]:
            place = f"{reader}, {where}"
            yield from (f"{place}: {each}" for each in _unfounded(text))
            for match in _DRAWN.finditer(text):
                yield from (f"{place}: {each}" for each in _undrawn(match, claims))
            named = {match["source"] for match in _SOURCE.finditer(_DRAWN.sub("", text))}
            cited |= named
            for key in sorted(named - sources):
                yield f"{place}: [{key}] is no source of this topic; add it to sources"
    for key in sorted(sources - cited):
        yield f"source '{key}' is cited nowhere; remove it"


def _unfounded(text: str) -> Iterator[str]:
    """Sentences with a dose, or with a number that nothing stands behind."""
    bare = _DRAWN.sub("", text)
    if "{" in bare or "}" in bare:
        yield "a brace is open or names no claim; write {claim/computation}"
    for sentence in _SENTENCE.findall(_NAMES.sub("", bare)):
        if _DOSE.search(sentence):
            yield f"'{sentence.strip()}' names a dose; doses stand in protocol packs only"
        elif _NUMBER.search(sentence) and not _SOURCE.search(sentence):
            yield (
                f"'{sentence.strip()}' has a number of its own; draw it as {{claim/computation}} "
                "or cite a source"
            )


def _undrawn(match: re.Match[str], claims: Mapping[str, Claim]) -> Iterator[str]:
    claim, computation = claims.get(match["claim"]), match["computation"]
    if claim is None:
        yield f"{match[0]} names no claim; there are {', '.join(claims)}"
    elif computation is None:
        if match["about"] not in ("verdict", "certainty"):
            yield f"{match[0]} names no computation of {claim.key}"
    elif computation == JOINED:
        if claim.joined is None:
            yield f"{match[0]}: {claim.key} joins no trials"
    elif computation not in {each.key for each in claim.computations}:
        keys = ", ".join(each.key for each in claim.computations)
        yield f"{match[0]} names no computation; {claim.key} computes {keys}"

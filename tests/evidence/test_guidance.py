"""The guide says what the register says, at the reading level of its readers, and no dose."""

import dataclasses

import pytest
import yaml

from sojourn.evidence.answers import answer_all, answer_claim
from sojourn.evidence.guidance import FOLDER, READERS, fill, load_topic, topics
from sojourn.evidence.load import EvidenceError, shipped_studies
from sojourn.evidence.register import shipped_claims
from tests.evidence.reading import grade, syllables

ASKED = {
    "therapy", "pros-and-cons", "ptsd", "other-treatments", "session", "law", "critique",
}  # fmt: skip
HIGHEST = {"patients": 8, "clinicians": 14}


def told(topic, reader, answers=None):
    """The text as it is read: each paragraph and item on a line, citations left out."""
    answers = answers or answer_all()
    return [
        "".join(part.text for part in item).strip()
        for section in topic.telling(reader).sections
        for block in fill(section.text, reader, answers)
        for item in block.items
    ]


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("one", 1), ("people", 2), ("therapy", 3), ("placebo", 3), ("diagnosis", 4),
        ("studied", 2), ("wanted", 2), ("named", 1), ("times", 1), ("doses", 2), ("MDMA", 4),
        ("talking", 2), ("medicine", 3), ("being", 2), ("trials", 2), ("social", 2), ("100", 3),
        ("study’s", 2), ("blood-pressure", 3), ("anxious", 2), ("radio", 3),
    ],
)  # fmt: skip
def test_syllables_are_counted_as_they_are_said(word, count):
    assert syllables(word) == count


def test_the_grade_is_the_published_formula():
    # 6 words, 1 sentence, 6 syllables; 10 words in 2 sentences, 15 syllables
    assert grade("The cat sat on the mat.") == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    text = "Doctors study many people. They look at each one again."
    assert grade(text) == pytest.approx(0.39 * 5 + 11.8 * 1.5 - 15.59)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("topic", topics().values(), ids=lambda topic: topic.key)
def test_each_topic_reads_as_easily_as_its_readers_need(topic, reader):
    found = grade(". ".join(line.rstrip(".") for line in told(topic, reader)))
    assert found <= HIGHEST[reader], round(found, 1)


def test_every_topic_asked_for_is_there():
    assert set(topics()) == ASKED
    assert [each.order for each in topics().values()] == sorted(t.order for t in topics().values())


def test_a_figure_is_the_registers_and_says_where_it_comes_from():
    [part] = [
        part
        for block in fill("{lasting-remission/remission-mdma} had it.", "patients", answer_all())
        for part in block.items[0]
        if part.claim
    ]
    assert part.text == "40 of 100 people (between 31 and 51)"
    assert (part.claim, part.verified) == ("lasting-remission", True)
    said = told(topics()["critique"], "clinicians")
    assert any("0.17 SD (95% CI -0.49 to 0.83)" in line for line in said)


def test_a_changed_study_changes_the_page():
    studies = dict(shipped_studies())
    study = studies["mitchell-2023"]
    outcomes = tuple(
        dataclasses.replace(each, results=tuple(_fewer(result) for result in each.results))
        if each.outcome == "remission"
        else each
        for each in study.outcomes
    )
    studies["mitchell-2023"] = dataclasses.replace(study, outcomes=outcomes)
    claim = answer_claim(shipped_claims()["lasting-remission"], studies)
    before = told(topics()["therapy"], "patients")
    after = told(topics()["therapy"], "patients", {**answer_all(), "lasting-remission": claim})
    assert before != after
    assert len([1 for one, other in zip(before, after, strict=True) if one != other]) == 1


def _fewer(result):
    return dataclasses.replace(result, events=1) if result.arm == "mdma" else result


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("About 66% recovered.", "'About 66% recovered.' has a number of its own"),
        ("Sixty per cent recovered.", "number of its own"),
        ("Two in three recovered.", "number of its own"),
        ("It helped 40 of 100 people. Sources differ. [real]", "It helped 40 of 100"),
        ("The effect was d = 0.9.", "number of its own"),
        ("People took 80 mg. [real]", "names a dose"),
        ("So say {lasting-remision/remission-mdma}. [real]", "names no claim; there are"),
        ("So say {lasting-remission/remision}. [real]", "names no computation; lasting-remission"),
        ("So say {lasting-remission}. [real]", "names no computation of lasting-remission"),
        ("So say {lasting-remission/joined}. [real]", "joins no trials"),
        ("So say {lasting-remission/remission-mdma. [real]", "a brace is open"),
        ("Many recovered. [elsewhere]", r"\[elsewhere\] is no source of this topic"),
        ("Many recovered.", "source 'real' is cited nowhere"),
    ],
)
def test_a_number_that_nothing_stands_behind_is_refused(tmp_path, text, message):
    with pytest.raises(EvidenceError, match=message):
        load_topic(written(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        "In phase 3 by CAPS-5 and DSM-5, many did. [real]",
        "In 2024 it was refused. [real]",
        "It was {lasting-remission/remission-mdma}, certainty {effect-size|certainty}. [real]",
    ],
)
def test_what_is_drawn_cited_or_a_name_is_taken(tmp_path, text):
    assert load_topic(written(tmp_path, text)).patients.sections[0].text == text


def test_a_figure_that_no_study_prints_is_refused_when_it_is_drawn():
    with pytest.raises(EvidenceError, match=r"names 0 figures; there are .*williams-2022:SSRI"):
        fill("{alternatives/ssri-response@williams-2022:Aspirin}", "patients", answer_all())


def test_crisis_lines_belong_wherever_suicide_is_spoken_of():
    for topic in topics().values():
        for reader in READERS:
            headings = [each.heading for each in topic.telling(reader).sections]
            speaks = "suicid" in " ".join([*headings, *told(topic, reader)]).lower()
            assert topic.mentions_suicide(reader) == speaks
    assert topics()["ptsd"].mentions_suicide("patients")
    assert not topics()["law"].mentions_suicide("patients")


def written(tmp_path, text):
    data = yaml.safe_load((FOLDER / "law.yaml").read_text(encoding="utf-8"))
    section = [{"heading": "One", "text": text}]
    data |= {"key": "tried", "patients": {"lead": "Lead.", "sections": section}}
    data["clinicians"] = {"lead": "Lead.", "sections": [{"heading": "One", "text": "Words."}]}
    data["sources"] = [{"key": "real", "text": "A paper", "verified": True}]
    path = tmp_path / "tried.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path

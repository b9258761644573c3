"""Alarm rules as data: what a pack may say, and how a mistake is named."""

import pytest

from sojourn import protocols
from sojourn.course.readings import monitoring_of

TEXT = protocols.shipped_text("mdma-ptsd")
MDMA = protocols.load_shipped("mdma-ptsd")


def refused(old: str, new: str) -> str:
    assert old in TEXT
    with pytest.raises(protocols.ProtocolError) as error:
        protocols.load_text(TEXT.replace(old, new, 1), "ours.yaml")
    return str(error.value)


def test_no_rule_carries_a_limit_of_its_own():
    settings = {each.key for each in MDMA.site_settings}
    for rule in MDMA.monitoring.alarms:
        assert rule.limit_setting in settings
        assert rule.source
        assert rule.verified is False


def test_every_emergency_goes_to_someone_in_time():
    for rule in MDMA.monitoring.alarms:
        if rule.level == "emergency":
            assert rule.escalates_to == "prescriber"
            assert 0 < rule.escalates_after_s <= 120


def test_a_limit_the_site_has_not_set_is_named_and_not_made_up():
    set_ = monitoring_of(MDMA.monitoring, {"systolic-mmhg-max": 160})
    assert [rule.limit for rule in set_.rules] == [160]
    assert "spo2-low" in set_.unset


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("key: systolic-high, ", "key: pulse-high, ", "twice"),
        ("limit_setting: spo2-percent-min", "limit_setting: spo2-min", "no such site setting"),
        ("signal: spo2_percent, kind: below", "signal: spo2, kind: below", "line"),
        ("kind: rise, ", "kind: above, ", "rise and fall need it"),
        ("within_min: 60, ", "", "rise and fall need it"),
        ("escalates_to: prescriber, escalates_after_s: 60, ", "", "an emergency goes to someone"),
        ("escalates_after_s: 600, ", "", "the other way round"),
        ("level: caution, readings: 3", "level: loud, readings: 3", "caution"),
        ("agrees_within_s: 10", "agrees_within_s: 900", "must not be above"),
        ("{signal: pulse_bpm, lowest: 20", "{signal: pulse_bpm, lowest: 300", "widen it"),
        ("every_setting: vitals-every-min", "every_setting: hourly", "no such site setting"),
        ("back: 5, again", "hysteresis: 5, again", "not a field"),
    ],
)
def test_a_mistake_in_a_rule_is_named_with_its_line_and_mend(old, new, words):
    message = refused(old, new)
    assert words in message
    assert "ours.yaml line" in message

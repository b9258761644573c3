"""A course is changed by making another, which says the same as ``dataclasses.replace``."""

from dataclasses import FrozenInstanceError, replace

import pytest

from sojourn.course.state import Course, changed


def test_a_changed_course_is_another_with_those_fields_and_the_old_one_stays():
    before = Course(participant="P-1", site="Leipzig")
    after = changed(before, site="Basel", version=3)
    assert after == replace(before, site="Basel", version=3)
    assert before == Course(participant="P-1", site="Leipzig")
    with pytest.raises(FrozenInstanceError):
        after.site = "Bern"


def test_a_field_a_course_has_not_is_refused():
    with pytest.raises(TypeError, match="no field 'sight'"):
        changed(Course(), sight="Basel")

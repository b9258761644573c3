"""The protocol as the team reads it, and beside another version."""

from sojourn.clinic.views.protocol import page
from sojourn.protocols import load_shipped


def test_the_page_shows_schedule_and_doses_and_compares_with_a_pack(desk):
    therapist = desk("therapist")
    own = therapist.get("protocol/").content.decode()
    assert "day 21 to 35 after Dosing session 1" in own
    assert "80 mg or 120 mg" in own
    assert "10.1038/s41591-023-02565-4" in own
    assert "unverified" in own
    assert "Nothing differs from mdma-ptsd" in own

    beside = therapist.get("protocol/", against="mdma-social-anxiety-autism").content.decode()
    assert "differences from mdma-social-anxiety-autism" in beside
    assert "75, 100, 125" in beside
    assert therapist.get("protocol/", against="../../etc").status_code == 404


def test_a_pack_without_a_programme_is_a_page_of_its_own():
    html = page(load_shipped("lsd-anxiety"))
    assert "200 µg" in html
    assert "No programme follows it here" in html
    assert "<script" not in html
    assert "src=" not in html

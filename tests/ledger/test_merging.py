"""A site works offline on a record of its own; what it wrote comes home, all of it or nothing."""

from dataclasses import replace
from datetime import date, timedelta
from unittest.mock import patch

import pytest
from django.contrib.auth import get_user_model
from typer.testing import CliRunner

from sojourn.cli import app
from sojourn.conduct.offline import EntriesCarried, SiteMerged
from sojourn.conduct.pharmacy import SetUpPlace
from sojourn.course.dosing import DoseGiven
from sojourn.ledger import (
    allocating,
    beginning,
    carrying,
    checkpoint,
    clock,
    conflicts,
    devices,
    leases,
    raising,
    stock,
    vault,
    watching,
)
from sojourn.ledger.append import append
from sojourn.ledger.backup import NotEmpty
from sojourn.ledger.desk import Person, load_course, stream_of
from sojourn.ledger.merging import Settled
from sojourn.ledger.models import Head
from sojourn.ledger.read import read_stream, version
from sojourn.ledger.readings_rows import MinuteRow, ReadingRow
from sojourn.ledger.site_copy import read_copy
from sojourn.ledger.taking_out import take_back
from sojourn.record.command import Refused
from tests.ledger.two_records import (
    KEY,
    LEAD,
    NURSE,
    consent,
    medicate,
    register,
    said,
    whole,
)
from tests.monitoring import sessions

WHY = "agreed by telephone with the north"


def lease_of(programme=KEY):
    return leases.standing(programme).all[-1]


def test_a_site_goes_offline_works_and_comes_home(records):
    site = records.new_site()
    site.begin(records.take_out(KEY, "north", numbers="N9-"))
    with pytest.raises(Refused, match=r"N-1 was taken offline by site north .* enter it at the"):
        medicate(KEY, "N-1", "sertraline")
    with pytest.raises(Refused, match="begin with N9- are site north's"):
        register(KEY, "N9-4", "centre")
    medicate(KEY, "C-1", "aspirin")
    with site.here():
        medicate(KEY, "N-1", "sertraline")
        register(KEY, "N9-1", "north")
        consent(KEY, "N9-1")
        with pytest.raises(Refused, match="C-2 was not taken out"):
            register(KEY, "C-2", "north")
        there = said(KEY, "N-1"), said(KEY, "N9-1")
        whole()
        lodged = checkpoint.make_checkpoint("nurse")
    back = site.give_back(KEY, records.file())
    with site.here(), pytest.raises(Refused, match="was given back"):
        medicate(KEY, "N-1", "aspirin")

    before = Head.objects.get().position
    tried = records.merge(back, write=False)
    assert (tried.added, tried.written, Head.objects.get().position) == (3, False, before)
    done = records.merge(back, lodged=lodged)

    assert (done.added, done.streams, done.ended, done.notices) == (3, 2, True, ())
    assert (said(KEY, "N-1"), said(KEY, "N9-1")) == there
    whole()
    merged = read_stream(leases.PREFIX + KEY)[-1]
    assert isinstance(merged.fact, SiteMerged)
    assert (merged.fact.root, merged.fact.entries, merged.author) == (done.copy.root, 3, "lead")
    assert carrying.check(KEY, lease_of().key, lodged) == (3, ())
    with site.here():  # and the site's copy of what it was given holds against the centre's hashes
        assert carrying.check(KEY, lease_of().key)[1] == ()
    position = Head.objects.get().position
    again = records.merge(back)
    assert (again.written, Head.objects.get().position) == (False, position)
    medicate(KEY, "N-1", "aspirin")
    assert not leases.standing(KEY).out


def test_times_of_both_clocks_are_kept_and_a_wrong_clock_is_told(records):
    site = records.new_site()
    out = records.take_out(KEY, "north")
    right = clock.now()
    with patch.object(clock, "now", lambda: right - timedelta(days=3)):
        site.begin(out)
        with site.here():
            medicate(KEY, "N-1", "sertraline")
    with patch.object(clock, "now", lambda: right + timedelta(days=2)), site.here():
        medicate(KEY, "N-1", "aspirin")
    with patch.object(clock, "now", lambda: right + timedelta(days=2)):
        back = site.give_back(KEY, records.file())
    done = records.merge(back)
    assert "clock was behind by 2 days" in " ".join(done.notices)
    assert "clock is ahead by" in " ".join(done.notices)
    assert "1 entries are of a time still to come" in " ".join(done.notices)
    kept = read_stream(stream_of(KEY, "N-1"))[-2:]
    assert [each.occurred_at.date() - right.date() for each in kept] == [
        timedelta(days=-3),
        timedelta(days=2),
    ]
    assert all(abs(each.recorded_at - right) < timedelta(minutes=5) for each in kept)
    told = carrying.kept_of(KEY, lease_of().key)
    carried = [
        each
        for fact in told
        if isinstance(fact, EntriesCarried)
        for each in fact.entries
        if each.here
    ]
    # What came before it at the site was of today: nothing is recorded before what it follows.
    assert carried[0].recorded_at[:10] == right.strftime("%Y-%m-%d")
    assert carried[1].recorded_at[:10] == (right + timedelta(days=2)).strftime("%Y-%m-%d")
    whole()


def test_what_both_wrote_after_an_emergency_is_shown_and_left_to_people(records):
    site = records.new_site()
    site.begin(records.take_out(KEY, "north", numbers="N9-"))
    with site.here():
        medicate(KEY, "N-1", "sertraline")
        medicate(KEY, "N-2", "aspirin")
        register(KEY, "N9-1", "north")
    with pytest.raises(Refused, match="say in a few words"):
        take_back(KEY, lease_of().key, "", LEAD)
    take_back(KEY, lease_of().key, "N-1 was admitted to the centre", LEAD)
    medicate(KEY, "N-1", "sertraline")
    register(KEY, "N9-1", "centre")
    position = Head.objects.get().position

    back = site.copy(records.file())
    done = records.merge(back)
    first, second = done.open_conflicts
    assert (first.key, second.key) == (stream_of(KEY, "N-1"), stream_of(KEY, "N9-1"))
    assert "N-1 was written on both sides: 1 entries here since" in first.what
    assert "1 say the same on both sides, such as medication.recorded" in first.what
    assert "N9-1 was made on both sides" in second.what
    assert (done.written, Head.objects.get().position) == (False, position)
    out = (first.key, second.key)
    for settled, why in (
        (Settled(out), "say in a few words"),
        (Settled((stream_of(KEY, "N-2"),), reason=WHY), "no such conflict"),
        (Settled(accept=out, reason=WHY), "no such conflict"),
    ):
        with pytest.raises(Refused, match=why):
            records.merge(back, settled=settled)
    some = records.merge(back, settled=Settled(out[:1], reason=WHY))
    assert (some.written, some.open_conflicts) == (False, (second,))

    done = records.merge(back, settled=Settled(out, reason=WHY))
    assert (done.added, done.written) == (1, True)
    entry = read_stream(leases.PREFIX + KEY)[-1]
    assert entry.reason == WHY
    assert [(each.stream, each.entries, each.why) for each in entry.fact.left_out] == [
        (out[0], 1, WHY),
        (out[1], 1, WHY),
    ]
    assert [e.name for e in load_course(KEY, "N-2").medications.values()] == ["aspirin"]
    assert load_course(KEY, "N9-1").site == "centre"
    assert carrying.check(KEY, lease_of().key) == (1, ())
    whole()
    assert not records.merge(back).written


def test_accounts_tokens_and_protocols_that_differ_are_asked_about(records):
    devices.add(KEY, "cuff", author="lead")
    site = records.new_site()
    site.begin(records.take_out(KEY, "north"))
    member = get_user_model()
    with site.here():
        member.objects.create(username="doctor", role="prescriber", last_name="Berg")
        member.objects.create(username="nurse", role="coordinator")
        medicate(KEY, "N-1", "sertraline")
        append(
            "vitals:away:N-1:dosing-1",
            (watching.SilenceNoticed((), 1),),
            expected=0,
            occurred_at=clock.now(),
            author="cuff",
            role="device",
        )
        vault.keep(KEY, "N-2", vault.Identity("Ada", "Lund", date(1980, 1, 2)), NURSE)
    back = site.copy(records.file())
    member.objects.create(username="doctor", role="therapist", last_name="Dahl")
    devices.revoke(KEY, "cuff", "lost", author="lead")

    done = records.merge(back)
    assert [each.key for each in done.open_conflicts] == ["member:doctor", "token:cuff"]
    assert "Berg (prescriber) at the site and Dahl (therapist) here" in done.conflicts[0].what
    assert "nurse wrote at the site and has no account here" in done.notices
    assert "the programme's own record went on by 1 entries the site did not know" in done.notices
    done = records.merge(back, settled=Settled(accept=("member:doctor", "token:cuff"), reason=WHY))
    assert done.written
    assert read_stream(leases.PREFIX + KEY)[-1].fact.accepted == ("member:doctor", "token:cuff")
    whole()
    copy = read_copy(back, records.key)
    other = replace(copy, begun=replace(copy.begun, protocol_digest="0" * 64))
    (conflict,) = conflicts.found(other, lease_of(), {})
    assert (conflict.key, conflict.settle) == ("protocol", "accept")


def test_names_go_with_the_people_and_come_home_under_each_seal(records):
    ada = vault.Identity("Ada", "Lund", date(1980, 1, 2))
    bo = vault.Identity("Bo", "Ek", date(1981, 3, 4))
    vault.keep(KEY, "N-1", ada, NURSE)
    vault.keep(KEY, "N-2", bo, NURSE)
    vault.keep(KEY, "C-1", vault.Identity("Cy", "Falk", date(1982, 5, 6)), NURSE)
    site = records.new_site()
    site.begin(records.take_out(KEY, "north", numbers="N9-"))
    with site.here():
        assert vault.open_identity(KEY, "N-1", "to call", NURSE) == ada
        assert vault.open_identity(KEY, "C-1", "to call", NURSE) is None
        register(KEY, "N9-1", "north")
        consent(KEY, "N9-1")
        vault.keep(KEY, "N9-1", vault.Identity("Cy", "Falk", date(1982, 5, 6)), NURSE)
        vault.erase(KEY, "N-2", "asked by the person", LEAD)
    looks = version(f"identity:{KEY}")
    done = records.merge(site.copy(records.file()))
    assert "N9-1 may be the same person as C-1 of away" in done.notices
    assert vault.open_identity(KEY, "N9-1", "to call", NURSE).given_name == "Cy"
    assert vault.open_identity(KEY, "N-2", "to call", NURSE) is None
    assert vault.open_identity(KEY, "N-1", "to call", NURSE) == ada
    assert version(f"identity:{KEY}") == looks + 2 + 3  # two at the site, three here
    whole()


def test_a_session_watched_offline_comes_home_with_its_readings_and_its_dose(central):
    sessions.found_programme()
    at = clock.now().replace(microsecond=0) - timedelta(hours=1)
    sessions.open_session("P-1", at)
    place = SetUpPlace(clock.now(), "safe 1", 150, 250, "the label", 24)
    stock.execute(sessions.PROGRAMME, "site-1", place, Person("rx", "pharmacist"))
    pulses = [70, 71, 72] * 60
    sessions.deliver(sessions.each_second("pulse_bpm", pulses[:120], at), "before")
    site = central.new_site()
    site.begin(central.take_out(sessions.PROGRAMME, "site-1"))
    assert raising.tick(sessions.PROGRAMME) == 0  # the centre leaves the watching to the site
    later = at + timedelta(minutes=2)
    receipt = sessions.deliver(sessions.each_second("pulse_bpm", pulses[:9], later), "here")
    assert (receipt.status, "taken offline" in receipt.message) == ("refused", True)
    with site.here():
        receipt = sessions.deliver(sessions.each_second("pulse_bpm", [160] * 120, later), "there")
        assert receipt.raised
        dose = DoseGiven(sessions.VISIT, "initial", 80, "IND 1", 1, "ana", "K-1", "ben", "mg")
        stream = stream_of(sessions.PROGRAMME, "P-1")
        who = {"author": "ana", "role": "therapist"}
        append(stream, (dose,), expected=version(stream), occurred_at=later, **who)
        rows = list(MinuteRow.objects.order_by("minute").values_list("minute", "median"))
        readings = ReadingRow.objects.count()
    done = central.merge(site.give_back(sessions.PROGRAMME, central.file()))
    with site.here():
        assert raising.tick(sessions.PROGRAMME) == 0  # the monitor fell silent, and is ours no more
    assert done.written
    assert list(MinuteRow.objects.order_by("minute").values_list("minute", "median")) == rows
    assert ReadingRow.objects.count() == readings == 240
    assert "P-1" in stock.load(sessions.PROGRAMME, "K-1").open[0].label
    whole()


def test_nobody_is_randomised_offline(records):
    site = records.new_site()
    site.begin(records.take_out(KEY, "north"))
    with site.here():
        at = clock.now()
        made = allocating.Allocation(f"allocation:{KEY}:north", 1, "mdma")
        with pytest.raises(Refused, match="Nobody can be randomised offline"):
            allocating.keep(made, "N-1", at)
        with pytest.raises(Refused, match="Study drug is booked in the central record alone"):
            append(f"storage:{KEY}:north", (), expected=0, occurred_at=at, author="a", role="b")


def test_a_site_begins_in_a_record_of_its_own(records):
    out = records.take_out(KEY, "north")
    with pytest.raises(NotEmpty):
        beginning.begin(out, records.key, LEAD)
    with pytest.raises(Refused, match="N-1 is out at north"):
        records.take_out(KEY, "north")
    with pytest.raises(Refused, match="not a coordinator"):
        take_back(KEY, lease_of().key, "no reason at all", NURSE)


def test_the_command_line_tells_and_asks(records, tmp_path):
    runner = CliRunner()

    def sojourn(*words, code=0):
        done = runner.invoke(app, ["site", *map(str, words), "--as", "lead"])
        assert done.exit_code == code, done.output
        return done.output

    key = ["--key", tmp_path / "key"]
    until = (clock.now() + timedelta(days=1)).date()
    out, back = tmp_path / "north.out", tmp_path / "north.back"
    said = sojourn("take-out", KEY, "north", out, *key, "--until", until)
    assert "2 participants are out at north" in said
    site = records.new_site()
    with site.here():
        assert "2 participants are here" in sojourn("begin", out, *key)
        medicate(KEY, "N-1", "sertraline")
        sojourn("give-back", KEY, back, *key)
    lease = lease_of().key
    sojourn("take-back", KEY, lease, "--cause", "the site is not to be reached")
    medicate(KEY, "N-1", "aspirin")
    stream = stream_of(KEY, "N-1")
    told = sojourn("merge", back, *key, "--write", code=1)
    assert f"[--leave-out {stream}]" in told
    words = ["--leave-out", stream, "--reason", WHY]
    assert "0 entries in 0 streams would be added" in sojourn("merge", back, *key, *words)
    assert "were added" in sojourn("merge", back, *key, *words, "--write")
    assert "nothing new" in sojourn("merge", back, *key, "--write")
    listed = runner.invoke(app, ["site", "list", KEY]).output
    assert f"{lease} north: taken-back, 2 participants" in listed
    assert "0 entries held" in runner.invoke(app, ["site", "check", KEY]).output

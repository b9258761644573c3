"""Exports of a living programme: who gets which, the same bytes, tables, and the page."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars
import pytest
from django.db import transaction
from django.test import Client
from typer.testing import CliRunner

from sojourn import cli_export
from sojourn.clinic.demo import PROGRAMME, load_demo
from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.clinic.models import Member
from sojourn.exchange.cdisc import dataset_json, frames, shelf
from sojourn.exchange.cdisc.export import export
from sojourn.exchange.cdisc.source import Wish, open_source
from sojourn.ledger.desk import Person
from sojourn.ledger.read import read_stream, version
from sojourn.record.command import Refused
from tests.conftest import make_whole
from tests.exchange.cdisc.conftest import PURPOSE, STATISTICIAN

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def twelve(django_db_setup, django_db_blocker) -> Iterator[str]:
    """A programme of 12, loaded once; what a test writes beside it is taken back after the test."""
    with django_db_blocker.unblock(), transaction.atomic():
        make_whole()
        load_demo(today=datetime.now(UTC), participants=12)
        Member.objects.bulk_create(Member(username=name, role=role) for name, role in ACCOUNTS)
        yield PROGRAMME
        transaction.set_rollback(True)


@pytest.fixture
def demo(twelve, db) -> str:
    return str(twelve)


@pytest.mark.parametrize("role", ["therapist", "independent-rater", "pharmacist"])
def test_others_get_no_export(db, role):
    with pytest.raises(Refused, match="may not export"):
        open_source(Wish(PROGRAMME), Person("tom", role))


@pytest.mark.parametrize("role", ["monitor", "sponsor"])
def test_the_monitor_and_the_lead_get_the_blinded_cut_alone(db, role):
    with pytest.raises(Refused, match="may not see data by arm"):
        open_source(Wish(PROGRAMME, opened=True, purpose=PURPOSE), Person("mo", role))


def test_without_a_purpose_nothing_is_opened(db):
    with pytest.raises(Refused, match="few words"):
        open_source(Wish(PROGRAMME, opened=True), STATISTICIAN)


def test_the_same_cut_gives_the_same_bytes_whatever_was_written_since(demo, tmp_path):
    source = open_source(Wish(demo), Person("mo", "monitor"))
    (tmp_path / "before" / "sdtm").mkdir(parents=True)
    (tmp_path / "before" / "sdtm" / "xx.json").write_text("left by an earlier export")
    export(source, tmp_path / "before")
    assert not (tmp_path / "before" / "sdtm" / "xx.json").exists()
    open_source(Wish(demo, opened=True, purpose=PURPOSE), STATISTICIAN)
    export(open_source(Wish(demo), STATISTICIAN), tmp_path / "after")
    for path in (tmp_path / "before").rglob("*.json"):
        again = tmp_path / "after" / path.relative_to(tmp_path / "before")
        assert again.read_bytes() == path.read_bytes()


def test_tables_hold_what_the_datasets_hold_and_a_dictionary(demo, tmp_path):
    source = open_source(Wish(demo), STATISTICIAN)
    counts = frames.write_frames(source, tmp_path / "tables", "parquet")
    adqs = polars.read_parquet(tmp_path / "tables" / "adqs.parquet")
    assert adqs.height == counts["adqs"] > 0
    assert adqs.schema["ADT"] == polars.Date
    told = polars.read_parquet(tmp_path / "tables" / "dictionary.parquet")
    assert set(told.filter(polars.col("table") == "adqs")["variable"]) == set(adqs.columns)
    frames.write_frames(source, tmp_path / "one.sqlite3", "sqlite")
    with sqlite3.connect(tmp_path / "one.sqlite3") as database:
        found = database.execute("SELECT PARAMCD, AVAL FROM adqs").fetchall()
    database.close()
    assert found == adqs.select("PARAMCD", "AVAL").rows()
    with pytest.raises(Refused, match="exists already"):
        frames.write_frames(source, tmp_path / "tables", "csv")
    assert (tmp_path / "tables" / "adqs.parquet").is_file()
    frames.write_frames(source, tmp_path / "plain", "csv")
    assert len((tmp_path / "plain" / "adqs.csv").read_text().splitlines()) == adqs.height + 1
    loaded = frames.load(source)
    assert loaded["adqs"].equals(adqs)


@pytest.fixture(scope="module")
def on_the_shelf(twelve, tmp_path_factory) -> Path:
    """Both exports on the site's shelf, made from the command line."""
    where = tmp_path_factory.mktemp("shelf")
    with pytest.MonkeyPatch.context() as patch:
        stand_at(where, patch)
        for opened, told in ((False, []), (True, ["--opened", "--purpose", PURPOSE])):
            run(["cdisc", twelve, "--workers", "1", *told])
            assert (where / str(not opened) / shelf.PACKED).is_file()
    return where


@pytest.fixture
def shelved(on_the_shelf, demo, monkeypatch) -> Path:
    stand_at(on_the_shelf, monkeypatch)
    return Path(on_the_shelf)


def stand_at(where: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cli_export, "start", lambda: None)
    patch.setattr(shelf, "folder", lambda programme, *, blinded: where / str(blinded))


def run(arguments: list[str]) -> str:
    done = CliRunner().invoke(cli_export.export_app, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_line_checks_what_it_wrote_and_finds_a_fault_put_there(shelved, tmp_path):
    folder = tmp_path / "elsewhere"
    assert "no fault found" in run(["cdisc", PROGRAMME, "--workers", "1", "--out", str(folder)])
    path = folder / "sdtm" / "dm.json"
    path.write_text(path.read_text().replace('"YEARS"', '"DECADES"', 1))
    done = CliRunner().invoke(cli_export.export_app, ["check", str(folder)])
    assert done.exit_code == 1
    assert "DECADES" in done.output
    odm = tmp_path / "demo.xml"
    run(["odm", PROGRAMME, "--out", str(odm)])
    assert "no fault found" in run(["check", str(odm)])


def test_what_can_not_be_written_opens_nothing(demo, tmp_path, monkeypatch):
    monkeypatch.setattr(cli_export, "start", lambda: None)
    (tmp_path / "file").write_text("in the way")
    before = version(f"openings:{PROGRAMME}")
    inside, told = str(tmp_path / "file" / "tables"), ["--opened", "--purpose", PURPOSE]
    for form in ("parquet", "csv", "sqlite", "cdisc", "odm"):
        done = CliRunner().invoke(cli_export.export_app, [form, demo, "--out", inside, *told])
        assert done.exit_code == 1
        assert "nothing can be written in" in done.output
    asked = [["parquet", "nothing-here", "--out", str(tmp_path / "a")],
             ["csv", demo, "--out", str(tmp_path)],
             ["sqlite", demo, "--out", str(tmp_path / "file")]]  # fmt: skip
    for arguments, why in zip(asked, ("no programme", "exists", "exists"), strict=True):
        done = CliRunner().invoke(cli_export.export_app, arguments)
        assert (done.exit_code, why in done.output) == (1, True)
    assert version(f"openings:{PROGRAMME}") == before


def test_the_page_hands_exports_out_by_role(shelved):
    before = version(f"openings:{PROGRAMME}")
    for name in ("lead", "monitor"):
        client = signed_in(name)
        page = client.get("/demo/exports/").content.decode()
        assert "Download blinded" in page
        assert "By arm" not in page
        assert b"".join(client.post("/demo/exports/blinded.zip").streaming_content)[:2] == b"PK"
        assert client.post("/demo/exports/opened.zip", {"purpose": PURPOSE}).status_code == 403
    for name in ("therapist", "rater", "pharmacist"):
        assert signed_in(name).get("/demo/exports/").status_code == 403
        assert signed_in(name).post("/demo/exports/blinded.zip").status_code == 403
    assert version(f"openings:{PROGRAMME}") == before
    client = signed_in("statistician")
    assert client.post("/demo/exports/opened.zip", {"purpose": "x"}).status_code == 302
    assert version(f"openings:{PROGRAMME}") == before
    answer = client.post("/demo/exports/opened.zip", {"purpose": PURPOSE})
    assert b"".join(answer.streaming_content)[:2] == b"PK"
    assert read_stream(f"openings:{PROGRAMME}")[-1].author == "statistician"
    assert client.post("/demo/exports/other.zip").status_code == 404


def signed_in(username: str) -> Client:
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(Member.objects.get(username=username))
    return client


def test_before_one_is_made_the_page_says_how(demo, settings, tmp_path):
    settings.HOME = tmp_path
    assert "sojourn export cdisc demo" in signed_in("lead").get("/demo/exports/").content.decode()


def test_rows_of_a_file_come_back_by_name(shelved):
    head, rows = dataset_json.read(shelved / "True" / "sdtm" / "dm.json")
    assert head["records"] == len(list(rows))

"""Exports of a living programme: who gets which, the same bytes, tables, and the page."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import polars
import pytest
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
from tests.exchange.cdisc.conftest import PURPOSE, STATISTICIAN

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(db) -> str:
    load_demo(today=datetime.now(UTC), participants=12)
    return PROGRAMME


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


@pytest.fixture
def shelved(demo, settings, tmp_path, monkeypatch) -> Path:
    """Both exports on the site's shelf, made from the command line."""
    Member.objects.bulk_create(Member(username=name, role=role) for name, role in ACCOUNTS)
    monkeypatch.setattr(cli_export, "start", lambda: None)
    run(["cdisc", demo, "--workers", "1", "--out", str(tmp_path / "elsewhere")])
    for opened, told in ((False, []), (True, ["--opened", "--purpose", PURPOSE])):
        monkeypatch.setattr(shelf, "folder", lambda programme, *, blinded: tmp_path / str(blinded))
        run(["cdisc", demo, "--workers", "1", *told])
        assert (tmp_path / str(not opened) / shelf.PACKED).is_file()
    return tmp_path


def run(arguments: list[str]) -> str:
    done = CliRunner().invoke(cli_export.export_app, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_line_checks_what_it_wrote_and_finds_a_fault_put_there(shelved):
    folder = shelved / "elsewhere"
    assert "no fault found" in run(["check", str(folder)])
    path = folder / "sdtm" / "dm.json"
    path.write_text(path.read_text().replace('"YEARS"', '"DECADES"', 1))
    done = CliRunner().invoke(cli_export.export_app, ["check", str(folder)])
    assert done.exit_code == 1
    assert "DECADES" in done.output
    odm = shelved / "demo.xml"
    run(["odm", PROGRAMME, "--out", str(odm)])
    assert "no fault found" in run(["check", str(odm)])


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


def test_before_one_is_made_the_page_says_how(db, settings, tmp_path):
    load_demo(today=datetime.now(UTC), participants=4)
    Member.objects.create(username="lead", role="sponsor")
    settings.HOME = tmp_path
    assert "sojourn export cdisc demo" in signed_in("lead").get("/demo/exports/").content.decode()


def test_rows_of_a_file_come_back_by_name(demo, tmp_path):
    export(open_source(Wish(demo), STATISTICIAN), tmp_path)
    head, rows = dataset_json.read(tmp_path / "sdtm" / "dm.json")
    assert head["records"] == len(list(rows))

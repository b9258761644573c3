"""A file that is not what it says, is too large, or that a scanner refuses, is not read."""

import io
import socket
import zipfile
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from sojourn.cli import app
from sojourn.exchange import scanning
from sojourn.exchange.reading import ImportRefused, Translation, read_sheet
from sojourn.record.command import Refused
from tests.exchange.clamd import SIGN, scanner

TABLE = b"participant,registered_on\nP-1,2026-01-05\n"


def office_file(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name in names:
            file.writestr(name, b"0" * 1_000_000)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "kind", "content", "words"),
    [
        ("people.xlsx", "table", TABLE, "must end in .csv"),
        ("people.csv", "table", office_file("xl/workbook.xml"), "Office file"),
        ("macros.csv", "table", office_file("xl/vbaProject.bin"), "Office file"),
        ("bomb.csv", "table", office_file(*map(str, range(40))), "Office file"),
        ("old.csv", "table", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "macros"),
        ("program.csv", "table", b"MZ\x90\x00", "a program"),
        ("script.csv", "table", b"#!/bin/sh\n", "a script"),
        ("wide.csv", "table", TABLE.decode().encode("utf-16-le"), "NUL"),
        ("late.csv", "table", TABLE + b"\0", "byte 41 is NUL"),
        ("paper.json", "json", b"%PDF-1.7", "a PDF"),
        ("list.json", "json", TABLE, "does not begin as JSON"),
        ("page.xml", "xml", b"{}", "does not begin as XML"),
        ("study.yaml", "yaml", b"\x1f\x8b\x08", "gzip"),
    ],
)
def test_what_a_file_is_not_it_is_not_taken_for(tmp_path, name, kind, content, words):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(Refused, match=words):
        scanning.taken(tmp_path / name, kind)


def test_what_a_file_is_it_is_taken_for(tmp_path):
    for name, kind, content in (
        ("people.CSV", "table", TABLE),
        ("bundle.json", "json", b'\xef\xbb\xbf \n{"resourceType": "Bundle"}'),
        ("odm.xml", "xml", b"\n<ODM/>"),
        ("study.yaml", "yaml", b"key: x\n"),
    ):
        (tmp_path / name).write_bytes(content)
        assert scanning.taken(tmp_path / name, kind) == content


def test_a_file_over_its_size_is_not_held_in_memory_beyond_it(tmp_path, monkeypatch):
    small = replace(scanning.KINDS["table"], most_bytes=scanning.MIB)
    monkeypatch.setattr(scanning, "KINDS", {"table": small})
    (tmp_path / "long.csv").write_bytes(b"a" * (scanning.MIB + 1))

    with pytest.raises(Refused, match="over 1 MiB"):
        scanning.taken(tmp_path / "long.csv", "table")


def test_a_scanner_sees_the_whole_file_and_what_it_finds_is_not_taken(tmp_path, monkeypatch):
    clean, infected = tmp_path / "clean.csv", tmp_path / "infected.csv"
    clean.write_bytes(TABLE * 4000)  # several chunks
    infected.write_bytes(TABLE + SIGN)
    with scanner() as server:
        monkeypatch.setenv("SOJOURN_CLAMD", server.address)

        assert scanning.taken(clean, "table") == TABLE * 4000
        with pytest.raises(ImportRefused, match="found Eicar-Test-Signature"):
            read_sheet(infected, "participants", Translation(), ("participant",))
        assert server.seen == [TABLE * 4000, TABLE + SIGN]


@pytest.mark.parametrize(
    ("says", "finishes"),
    [(b"stream: OK", False), (b"INSTREAM size limit exceeded. ERROR", True), (b"", True)],
)
def test_an_answer_that_is_not_a_clear_yes_is_a_no(tmp_path, monkeypatch, says, finishes):
    (tmp_path / "people.csv").write_bytes(TABLE)
    with scanner() as server:
        server.says, server.finishes = says or b" ", finishes
        monkeypatch.setenv("SOJOURN_CLAMD", server.address)

        with pytest.raises(Refused, match="was not taken"):
            scanning.taken(tmp_path / "people.csv", "table")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{port}", "unix:/nowhere/clamd", "clamd"])
def test_while_a_scanner_that_was_named_does_not_answer_nothing_is_taken(
    tmp_path, monkeypatch, address
):
    (tmp_path / "people.csv").write_bytes(TABLE)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound and not listening: nobody else answers there
        monkeypatch.setenv("SOJOURN_CLAMD", address.format(port=free.getsockname()[1]))

        with pytest.raises(Refused, match="does not answer"):
            scanning.taken(tmp_path / "people.csv", "table")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["import", "participants", "{file}", "--programme", "x"], "p.csv"),
        (["import", "vitals", "{file}", "--programme", "x", "--participant", "P-1"], "v.csv"),
        (["import", "odm", "{file}", "--programme", "x"], "o.xml"),
        (["fhir", "draft", "{file}", "--programme", "x", "--participant", "P-1",
          "--member", "ana"], "b.json"),
        (["protocol", "from-usdm", "{file}", "-o", "own.yaml"], "u.json"),
        (["evidence", "draft", "{file}"], "NCT.json"),
        (["evidence", "check", "{file}"], "study.yaml"),
    ],
)  # fmt: skip
def test_every_door_for_files_has_the_same_guard(tmp_path, command, name):
    (tmp_path / name).write_bytes(b"MZ\x90\x00")

    done = CliRunner().invoke(app, [each.format(file=tmp_path / name) for each in command])

    assert done.exit_code != 0
    assert "is a program" in done.output, done.output

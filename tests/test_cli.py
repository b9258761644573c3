"""The command line as an administrator uses it: each verb for real, in a home of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sojourn.protocols import shipped_text
from tests.exchange.studies import study

FOUND = (
    "programme found depression --pack observed-depression-trial --title Depression "
    "--kind data-licence --reference Apache-2.0 --valid-from 2000-01-01 --as lead"
)


@pytest.fixture
def sojourn(tmp_path: Path):
    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "SOJOURN_HOME": str(tmp_path / "home")}
        environment.pop("SOJOURN_DATABASE", None)
        return subprocess.run(
            [sys.executable, "-m", "sojourn.cli", *arguments],
            capture_output=True,
            text=True,
            env=environment,
            input=stdin,
            check=False,
            timeout=120,
        )

    return run


def test_help_names_every_verb(sojourn):
    text = sojourn("--help").stdout
    for verb in (
        "demo",
        "serve",
        "verify",
        "checkpoint",
        "rebuild",
        "remind",
        "protocol",
        "import",
    ):
        assert verb in text


def test_a_good_protocol_is_summed_up_and_a_bad_one_fails_with_its_lines(sojourn, tmp_path):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(shipped_text("mdma-ptsd"))
    bad.write_text(shipped_text("mdma-ptsd").replace("latest: 70}", "latest: 20}"))

    answer = sojourn("protocol", "check", str(good))
    assert answer.returncode == 0
    assert "session 2: 80 mg or 120 mg (source: mitchell-2023 mitchell-2021)" in answer.stdout

    answer = sojourn("protocol", "check", str(bad))
    assert answer.returncode == 1
    assert "visits[1].window.latest is 20; it must not be before target 28" in answer.stderr


def test_a_programme_is_founded_filled_verified_and_lodged(sojourn, tmp_path):
    assert sojourn(*FOUND.split()).returncode == 0
    sheet = tmp_path / "people.csv"
    sheet.write_text("participant,sex,registered on,arm\nA-1,F,2024-01-08,drug\n")
    answer = sojourn(
        "import", "participants", str(sheet), "--programme", "depression", "--value", "sex:F=female"
    )
    assert "1 rows read: 1 written" in answer.stdout

    lodged = tmp_path / "checkpoint.json"
    assert sojourn("checkpoint", "--out", str(lodged)).returncode == 0
    answer = sojourn("verify", "--lodged", str(lodged))
    assert "10 entries hold" in answer.stdout
    assert sojourn("rebuild").stdout == "1 courses rebuilt\n"
    assert sojourn("remind").stdout.startswith("0 reminders sent")


def test_lawful_ways_are_told_with_their_law_and_the_trials_of_a_file(sojourn, tmp_path):
    answer = sojourn("pathways", "Australia")
    assert answer.returncode == 0
    assert "Authorised Prescriber approval (Open)" in answer.stdout
    assert "in force since 2023-07-01" in answer.stdout
    assert "No file of a trial registry was taken in" in answer.stdout
    assert "No lawful route is known here" in sojourn("pathways", "BR").stdout

    file = tmp_path / "studies.json"
    page = {"studies": [study(1), study(2, status="COMPLETED")], "nextPageToken": "x"}
    file.write_text(json.dumps(page), encoding="utf-8")
    taken = sojourn("import", "registry", str(file))
    assert "2 studies read: 2 new, 0 updated, 0 known in this version, 0 older" in taken.stdout
    assert "one page of several" in taken.stdout
    assert "2 studies read: 0 new" in sojourn("import", "registry", str(file)).stdout
    told = sojourn("pathways", "CH").stdout
    assert "Trials that fit: 1 (file taken in 0 days ago; the registry's data were of" in told
    assert "Basel Hospital, Basel, Switzerland (recruiting)" in told


def test_a_tampered_record_fails_verification_and_is_named(sojourn, tmp_path):
    import sqlite3

    sojourn(*FOUND.split())
    database = sqlite3.connect(tmp_path / "home" / "record.sqlite3")
    for (name,) in database.execute(
        "SELECT name FROM sqlite_master WHERE type='trigger'"
    ).fetchall():
        database.execute(f"DROP TRIGGER {name}")
    database.execute("UPDATE ledger_entry SET author = 'eve' WHERE position = 2")
    database.commit()
    database.close()

    answer = sojourn("verify")

    assert answer.returncode == 1
    assert "entry 2" in answer.stderr
    assert "programme:depression" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("import participants none.csv --programme depression", "can't be read"),
        ("import participants none.csv --programme depression --map x", "write it as name=value"),
        ("import participants none.csv --programme depression --value a=b", "field:their word"),
        ("verify --lodged none.json", "none.json"),
        ("account add ana --role boss --password x", "role 'boss' is not one of"),
        ("protocol check none.yaml", "can't be read"),
        ("protocol show none.yaml", "can't be read"),
        ("protocol new Our-Pack", "use small letters, digits and dashes"),
        ("import registry none.json", "can't be read"),
        ("pathways Atlantis", "there is no country 'Atlantis'; give its two-letter code"),
        ("pathways AU --status lately", "use one of recruiting, soon, invited, any"),
        (FOUND.replace("data-licence", "hearsay"), "is not a legal ground of this protocol"),
        (FOUND.replace("2000-01-01", "2999-01-01"), "no legal authorisation is in force"),
        (FOUND.replace("2000-01-01", "soon"), "write the day as 2026-01-31"),
        (FOUND.replace("observed-depression-trial", "nothing"), "no such pack"),
    ],
)
def test_bad_input_is_one_sentence_and_no_traceback(sojourn, arguments, message):
    answer = sojourn(*arguments.split())
    assert answer.returncode == 1
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_pack_is_begun_checked_shown_and_compared(sojourn, tmp_path):
    begun = tmp_path / "ours.yaml"
    assert sojourn("protocol", "new", "ours", "--out", str(begun)).returncode == 0
    lacking = sojourn("protocol", "check", str(begun))
    assert lacking.returncode == 1
    assert "dosing.substance is still to be filled in" in lacking.stderr
    again = sojourn("protocol", "new", "ours", "--out", str(begun))
    assert "exists; give another place with --out" in again.stderr

    page = tmp_path / "page.html"
    assert sojourn("protocol", "show", "lsd-anxiety", "--html", str(page)).returncode == 0
    assert "200 µg" in page.read_text(encoding="utf-8")
    compared = sojourn("protocol", "diff", "mdma-ptsd", "mdma-ptsd").stdout
    assert compared == "0 differences\n"


def test_a_taken_port_is_told_with_the_mend(sojourn):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = sojourn("serve", "--port", str(port))
    assert answer.returncode == 1
    assert f"port {port} is taken; give another with --port {port + 1}" in answer.stderr

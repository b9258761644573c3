"""Known weaknesses are asked for, never assumed away; a changed release does not verify."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "validation"))

import audit  # noqa: E402
import release  # noqa: E402

TODAY = date(2026, 11, 25)
HASH = " \\\n    --hash=sha256:00\n"
LOCK = f"django==5.2.1{HASH}    # via axes\nPyYAML==6.0.2{HASH}"


@contextmanager
def osv(pages: list[dict]) -> Iterator[tuple[str, list[dict]]]:
    """A database that answers as OSV does, with one of ``pages`` after the other."""
    asked: list[dict] = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = json.dumps(pages[len(asked) - 1]).encode()
            self.send_response(200 if self.path == "/v1/querybatch" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.fixture
def lock(tmp_path):
    (tmp_path / "run.txt").write_text(LOCK)
    return tmp_path / "run.txt"


def allow(folder: Path, until: date | None = None, why: str = "no page takes such input") -> Path:
    file = folder / "allowed.yaml"
    entry = f"{{id: PYSEC-1, package: Django, reason: {why}, until: {until}}}" if until else ""
    file.write_text(f"allowed: [{entry}]\n")
    return file


FOUND = {"results": [{"vulns": [{"id": "PYSEC-1", "modified": "2026-01-01T00:00:00Z"}]}, {}]}


def test_what_is_locked_is_asked_about_and_nothing_known_is_clean(lock, tmp_path, capsys):
    with osv([{"results": [{}, {}]}]) as (address, asked):
        assert audit.audit((lock,), allow(tmp_path), address, TODAY) == audit.CLEAN

    queries = asked[0]["queries"]
    assert [(q["package"]["name"], q["version"]) for q in queries] == [
        ("django", "5.2.1"),
        ("pyyaml", "6.0.2"),
    ]
    assert "2 packages asked about, 0 open" in capsys.readouterr().out


def test_a_known_weakness_is_open_until_someone_says_why_it_is_not(lock, tmp_path, capsys):
    with osv([FOUND, FOUND, FOUND]) as (address, _):
        assert audit.audit((lock,), allow(tmp_path), address, TODAY) == audit.OPEN
        assert audit.audit((lock,), allow(tmp_path, TODAY), address, TODAY) == audit.CLEAN
        yesterday = allow(tmp_path, TODAY - timedelta(days=1))
        assert audit.audit((lock,), yesterday, address, TODAY) == audit.OPEN

    assert "look again" in capsys.readouterr().out


def test_weaknesses_on_a_second_page_are_found_too(lock, tmp_path):
    first = {"results": [{}, {"vulns": [{"id": "A"}], "next_page_token": "more"}]}
    with osv([first, {"results": [{"vulns": [{"id": "B"}]}]}]) as (address, asked):
        found = audit.weaknesses(audit.locked((lock,)), address)

    assert found["pyyaml", "6.0.2"] == ["A", "B"]
    assert asked[1]["queries"][0]["page_token"] == "more"


@pytest.mark.parametrize("answer", [{"results": [{}]}, {"no": "results"}])
def test_a_check_that_was_not_answered_has_found_nothing_out(lock, tmp_path, capsys, answer):
    with osv([answer]) as (address, _):
        assert audit.audit((lock,), allow(tmp_path), address, TODAY) == audit.NOT_RUN
    assert audit.audit((lock,), allow(tmp_path), "http://127.0.0.1:9", TODAY) == audit.NOT_RUN
    lock.write_text("# nothing\n")
    assert audit.audit((lock,), allow(tmp_path), "http://127.0.0.1:9", TODAY) == audit.NOT_RUN
    assert capsys.readouterr().out.count("NOT RUN") == 3


def test_an_allowance_without_a_reason_is_none(lock, tmp_path):
    with pytest.raises(ValueError, match="say why at length"):
        audit.allowed(allow(tmp_path, TODAY, "fine"))


def test_the_shipped_allowances_and_locks_can_be_read():
    assert isinstance(audit.allowed(audit.ALLOWED), dict)
    assert len(audit.locked(audit.LOCKS)) > 30


def commands() -> list[str]:
    """How SECURITY.md tells a reader to verify a release."""
    text = (ROOT / "SECURITY.md").read_text()
    return text.split("```sh\n", 1)[1].split("```", 1)[0].splitlines()


def verified(folder: Path) -> bool:
    return all(
        subprocess.run(["sh", "-c", each], cwd=folder, check=False, capture_output=True).returncode
        == 0
        for each in commands()
    )


def key_in(folder: Path) -> Path:
    key = folder / "key"
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "throwaway", "-f", str(key)]
    subprocess.run(make, check=True)
    return key


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen is not on this machine")
def test_a_signed_release_verifies_and_a_changed_one_does_not(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    folder = tmp_path / "release"
    for each in (ours, theirs, folder):
        each.mkdir()
    key = key_in(ours)
    wheel = folder / "sojourn-0.1.0-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    (folder / "sbom.json").write_text("{}")
    public = (ours / "key.pub").read_text()
    (folder / "allowed_signers").write_text(f"sojourn {public}")

    def signed(by: Path) -> None:
        (folder / "allowed_signers").unlink(missing_ok=True)
        release.sign(release.sums(folder), by)
        (folder / "allowed_signers").write_text(f"sojourn {public}")

    signed(key)
    assert len(commands()) >= 2
    assert verified(folder)

    wheel.write_bytes(b"a whee1")
    assert not verified(folder), "a changed file"
    release.sums(folder)
    assert not verified(folder), "digests made anew, without the key"
    wheel.write_bytes(b"a wheel")
    signed(key_in(theirs))
    assert not verified(folder), "signed by another key"
    signed(key)
    assert verified(folder)

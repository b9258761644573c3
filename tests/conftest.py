"""What every test shares: a home of its own, the shared data, a browser, and honest skips."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is; no test is timed.
settings.register_profile("sojourn", deadline=None)
settings.load_profile("sojourn")
# For what the tests start; the settings of this process were read before this file.
os.environ["SOJOURN_HOME"] = tempfile.mkdtemp(prefix="sojourn-tests-")
# Tests that are about the second factor ask for it themselves.
os.environ["SOJOURN_SECOND_FACTOR"] = "optional"
# Playwright runs an event loop in the test's thread; the pages run in another.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
Result = TypeVar("Result")
ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = os.environ.get("SOJOURN_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


def pytest_configure() -> None:
    """Tests leave the keys of a record in this folder alone."""
    from django.conf import settings

    settings.HOME = Path(os.environ["SOJOURN_HOME"])
    settings.SECOND_FACTOR = os.environ["SOJOURN_SECOND_FACTOR"]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Data that lies beside the project and is read in place."""
    folder = Path(os.environ.get("SOJOURN_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"the shared data is not beside the project ({folder}); this was not tested")
    return folder


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """A real Chromium, closed at the end."""
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not on this machine; the pages were not tried in a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def whole_record(request: pytest.FixtureRequest) -> None:
    """A test in the browser leaves tables empty and without triggers; the next finds them whole."""
    marker = request.node.get_closest_marker("django_db")
    if "transactional_db" in request.fixturenames or (marker and marker.kwargs.get("transaction")):
        return
    if "db" not in request.fixturenames and marker is None:
        return
    request.getfixturevalue("db")
    make_whole()


def make_whole() -> None:
    """Give the record back its head and its triggers, where a test in the browser took them."""
    from django.db import connection

    from sojourn.ledger import triggers
    from sojourn.ledger.models import Head

    if not Head.objects.exists():
        Head.objects.create(id=1, position=0, hash="")
        triggers.remove(connection)
        triggers.install(connection)


def run_apart(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """What ``coroutine`` gives, run in a thread where no browser has left an event loop running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where SOJOURN_REQUIRE names chromium or postgresql, their absence is a failure."""
    required = os.environ.get("SOJOURN_REQUIRE", "").split(",")
    absent = [each for each in required if each == "chromium" and not Path(CHROMIUM).exists()]
    if absent and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

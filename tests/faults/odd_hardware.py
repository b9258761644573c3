"""A clock and a disk that a test can spoil under a real server, without a hook in the product.

Python runs ``sitecustomize`` before anything else; this one wraps the one place that reads the
clock and the one that waits for the disk, once they are imported. Both read what is asked of them
from a file, so that the test changes it while the server runs.
"""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

SITECUSTOMIZE = """
import importlib.abc, importlib.util, json, os, sys, time
from importlib.machinery import PathFinder

def asked():
    with open(os.environ["ODD_HARDWARE"]) as file:
        return json.load(file)

def spoil_clock(module):
    right = module.datetime
    from datetime import timedelta
    class Odd(right):
        @classmethod
        def now(cls, tz=None):
            return right.now(tz) + timedelta(seconds=asked()["ahead_s"])
    module.datetime = Odd

def spoil_disk(module):
    commit = module.DatabaseWrapper._commit
    def slow(self):
        time.sleep(asked()["commit_s"])
        return commit(self)
    module.DatabaseWrapper._commit = slow

SPOIL = {"sojourn.ledger.clock": spoil_clock, "django.db.backends.sqlite3.base": spoil_disk}

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name not in SPOIL:
            return None
        spec = PathFinder.find_spec(name, path)
        run = spec.loader.exec_module
        def exec_module(module):
            run(module)
            SPOIL[name](module)
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder())
"""


@dataclass
class Hardware:
    """What the server's clock and disk are asked to do."""

    folder: Path
    ahead_s: float = 0
    commit_s: float = 0

    def __post_init__(self) -> None:
        (self.folder / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")
        self._tell()

    @property
    def settings(self) -> dict[str, str]:
        """The environment a server on this hardware is started with."""
        path = os.pathsep.join([str(self.folder), os.environ.get("PYTHONPATH", "")])
        return {"PYTHONPATH": path, "ODD_HARDWARE": str(self.folder / "asked.json")}

    def set_clock(self, moment: datetime) -> None:
        """Let the server's clock show ``moment`` now, and go on from there."""
        self.ahead_s = (moment - datetime.now(UTC)).total_seconds()
        self._tell()

    def slow_disk(self, commit_s: float) -> None:
        """Let each commit wait for the disk that long."""
        self.commit_s = commit_s
        self._tell()

    def _tell(self) -> None:
        told = json.dumps({"ahead_s": self.ahead_s, "commit_s": self.commit_s})
        part = self.folder / "asked.part"
        part.write_text(told, encoding="utf-8")
        part.replace(self.folder / "asked.json")

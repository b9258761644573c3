"""Run a command against a PostgreSQL of its own, and leave nothing behind.

    python tests/with_postgresql.py python -m pytest tests/ledger

Starts a private cluster in a temporary folder (fsync on, unix socket only),
sets SOJOURN_DATABASE for the command, then stops and removes the cluster.
Without the PostgreSQL programs it says what is skipped and succeeds, unless
SOJOURN_REQUIRE names postgresql.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


def programs() -> Path | None:
    """The folder that holds ``initdb`` and ``pg_ctl``; the newest if there are several."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )
    if installed:
        return installed[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL of one's own: the address to reach it by, and how it is stopped and started."""

    folder: Path
    binaries: Path
    as_owner: tuple[str, ...]

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def address(self) -> str:
        return f"postgresql://sojourn@/sojourn?host={self.folder}"

    def start(self) -> None:
        # A socket's path may hold 107 characters, which a deep temporary folder can exceed.
        options = f"-k {self.folder} -c listen_addresses= -c fsync=on -c max_connections=60"
        self._control("-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, how: str = "immediate") -> None:
        self._control("-m", how, "stop")

    def call(self, program: str, *words: str) -> None:
        command = [*self.as_owner, str(self.binaries / program), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def _control(self, *words: str) -> None:
        self.call("pg_ctl", "-D", str(self.data), "-w", *words)


@contextmanager
def cluster(binaries: Path) -> Iterator[Cluster]:
    """A running PostgreSQL, removed in the end."""
    with _place(binaries) as own:
        own.call("initdb", "-D", str(own.data), "-U", "sojourn", "-A", "trust", "-E", "UTF8")
        with _running(own):
            own.call("createdb", "-h", str(own.folder), "-U", "sojourn", "sojourn")
            yield own


@contextmanager
def following(binaries: Path, host: str) -> Iterator[Cluster]:
    """A running copy of the PostgreSQL at ``host`` that follows it, removed in the end."""
    with _place(binaries) as copy:
        copy.call(
            *("pg_basebackup", "--checkpoint=fast", "--write-recovery-conf"),
            *("-h", host, "-U", "sojourn", "-D", str(copy.data)),
        )
        with _running(copy):
            yield copy


@contextmanager
def _place(binaries: Path) -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="sojourn-postgresql-"))
    owner = pwd.getpwuid(os.getuid()).pw_name
    as_owner: tuple[str, ...] = ()
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        owner = "postgres"
        as_owner = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")
        shutil.chown(folder, owner, owner)
    try:
        yield Cluster(folder, binaries, as_owner)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(own: Cluster) -> Iterator[None]:
    own.start()
    try:
        yield
    finally:
        own.stop()


def main(command: list[str]) -> int:
    if not command:
        print(__doc__)
        return 2
    binaries = programs()
    if binaries is None:
        print(f"PostgreSQL is not installed: skipped on PostgreSQL: {' '.join(command)}")
        return int("postgresql" in os.environ.get("SOJOURN_REQUIRE", "").split(","))
    with cluster(binaries) as own:
        return subprocess.run(
            command, env={**os.environ, "SOJOURN_DATABASE": own.address}
        ).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""Tasks an investigator may delegate, and the training each asks for: data, with its source."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from sojourn.definitions import DefinitionError, checked, read, strict
from sojourn.protocols.model import Protocol

_PATH = Path(__file__).parent / "definitions" / "tasks.yaml"


@dataclass(frozen=True, slots=True)
class Training:
    """A kind of training; ``about`` says what a record of it names, empty when nothing."""

    key: str
    label: str
    about: Literal["", "protocol-version", "instrument", "name"] = ""


@dataclass(frozen=True, slots=True)
class Task:
    """``commands`` are asked for by ``roles`` only when the task is delegated to them.

    ``reads`` are kinds of documents that must be read first. Whoever is in a session needs a task
    that is ``in_sessions``.
    """

    key: str
    label: str
    commands: tuple[str, ...]
    roles: tuple[str, ...]
    training: tuple[str, ...]
    reads: tuple[str, ...] = ()
    in_sessions: bool = False


@dataclass(frozen=True, slots=True)
class Tasks:
    source: str
    verified: bool
    trainings: tuple[Training, ...]
    tasks: tuple[Task, ...]

    def task(self, key: str) -> Task | None:
        return next((each for each in self.tasks if each.key == key), None)

    def training(self, key: str) -> Training | None:
        return next((each for each in self.trainings if each.key == key), None)

    @property
    def by_command(self) -> Mapping[str, Task]:
        """The task each command stands for."""
        return {command: each for each in self.tasks for command in each.commands}


_ADAPTER = strict(Tasks, __name__)


@cache
def shipped() -> Tasks:
    """The tasks that come with Sojourn."""
    return load(_PATH)


def load(path: Path) -> Tasks:
    """The tasks in a file.

    Raises
    ------
    DefinitionError
        With every fault: file, field, value and mend.
    """
    found: Tasks = checked(_ADAPTER, read(path), path, __name__)
    known = {each.key for each in found.trainings}
    seen: dict[str, str] = {}
    for task in found.tasks:
        for training in task.training:
            if training not in known:
                names = ", ".join(sorted(known))
                raise DefinitionError(
                    f"{path.name}: task '{task.key}' asks for training '{training}'; known: {names}"
                )
        for command in task.commands:
            if command in seen:
                raise DefinitionError(
                    f"{path.name}: command '{command}' stands in '{seen[command]}' and in "
                    f"'{task.key}'; leave it in one"
                )
            seen[command] = task.key
    return found


def needed(task: Task, protocol: Protocol) -> Iterator[tuple[str, str]]:
    """(training, what it is about) that the task asks for under that protocol."""
    known = shipped()
    for key in task.training:
        about = (known.training(key) or Training(key, key)).about
        if about == "protocol-version":
            yield key, protocol.version
        elif about == "instrument":
            rated = (e.assessments for e in protocol.visits if e.rated_by == "independent-rater")
            yield from ((key, each) for each in dict.fromkeys(i for keys in rated for i in keys))
        else:
            yield key, ""

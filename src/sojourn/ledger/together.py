"""What waits for the same turn is written in one: a wait for the disk is shared, not queued."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Given = TypeVar("Given")


@dataclass(slots=True)
class _Waiting(Generic[Asked, Given]):
    asked: Asked
    given: list[Given] = field(default_factory=list)  # one answer, once it is there
    error: BaseException | None = None


class Together(Generic[Asked, Given]):
    """Hands everything that came while one transaction was written to the next, as one.

    ``write`` answers each of what it is given, in order, or fails for all of
    them; then nothing of any was written and each asker gets the error.
    """

    def __init__(self, write: Callable[[Sequence[Asked]], Sequence[Given]]) -> None:
        self._write = write
        self._waiting: list[_Waiting[Asked, Given]] = []
        self._entering = threading.Lock()
        self._writing = threading.Lock()

    def ask(self, asked: Asked) -> Given:
        """The answer to ``asked``, once it is kept."""
        mine: _Waiting[Asked, Given] = _Waiting(asked)
        with self._entering:
            self._waiting.append(mine)
        with self._writing:
            # Whoever comes first writes for all that wait; the others find it done.
            if not mine.given and mine.error is None:
                self._serve()
        if mine.error is not None:
            raise mine.error
        return mine.given[0]

    def _serve(self) -> None:
        with self._entering:
            turn, self._waiting = self._waiting, []
        try:
            given = self._write([each.asked for each in turn])
        except BaseException as error:
            for each in turn:
                each.error = error
            return
        for each, answer in zip(turn, given, strict=True):
            each.given.append(answer)

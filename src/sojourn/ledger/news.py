"""News of the record: open pages are told of new entries within a moment of their commit.

One poller per process reads how far the record has come and wakes whoever
follows a stream that grew. Positions are in the order of commits, so that
nobody can miss one. It works alike on SQLite and PostgreSQL, and when another
process wrote.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import DatabaseError, connection

EVERY_S = 0.2
QUIET_S = 15.0  # after so long without news a follower is told that all is well
AGAIN_S = 1.0  # between attempts while the database can't be reached


@dataclass(frozen=True, slots=True)
class Told:
    """What is new: the streams that grew, and the last position among them."""

    streams: frozenset[str]
    position: int


def newest(streams: Iterable[str]) -> dict[str, int]:
    """Position of the last entry of each of ``streams``, without those that are empty."""
    found = {}
    with connection.cursor() as cursor:
        for stream in streams:
            cursor.execute(
                "SELECT position FROM ledger_entry WHERE stream = %s "
                "ORDER BY sequence DESC LIMIT 1",
                [stream],
            )
            row = cursor.fetchone()
            if row:
                found[stream] = int(row[0])
    return found


class News:
    """Who follows which streams, and the one poller that wakes them."""

    def __init__(self, every_s: float = EVERY_S, quiet_s: float = QUIET_S) -> None:
        self._every_s, self._quiet_s = every_s, quiet_s
        self._followers: set[_Follower] = set()
        self._poller: asyncio.Task[None] | None = None
        self._closed = False

    async def follow(self, streams: frozenset[str], after: int) -> AsyncIterator[Told | None]:
        """News of ``streams`` after position ``after``; None after a while without any.

        Ends when ``close`` is called. Several entries at once are one piece of news.
        """
        follower = _Follower(streams, after)
        self._followers.add(follower)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            while not self._closed:
                try:
                    await asyncio.wait_for(follower.woken.wait(), self._quiet_s)
                except TimeoutError:
                    yield None
                    continue
                follower.woken.clear()
                told = follower.take()
                if told:
                    yield told
        finally:
            self._followers.discard(follower)

    def close(self) -> None:
        """Let every follower end; call it in the event loop's own thread."""
        self._closed = True
        for follower in self._followers:
            follower.woken.set()

    async def _poll(self) -> None:
        # A thread of its own keeps one connection open while anybody follows.
        with ThreadPoolExecutor(1) as reader:
            try:
                await self._tell_on(reader)
            finally:
                reader.submit(_hang_up)

    async def _tell_on(self, reader: ThreadPoolExecutor) -> None:
        run = asyncio.get_running_loop().run_in_executor
        head = -1
        while self._followers and not self._closed:
            try:
                at = await run(reader, _head)
                # Whoever came since may have missed something before.
                for each in [each for each in self._followers if each.fresh or at != head]:
                    each.tell(await run(reader, newest, each.streams))
                head = at
            except DatabaseError:
                await run(reader, _hang_up)
                await asyncio.sleep(AGAIN_S)
            await asyncio.sleep(self._every_s)


class _Follower:
    def __init__(self, streams: frozenset[str], after: int) -> None:
        self.streams = streams
        self.fresh = True  # not yet told what it missed before it came
        self.woken = asyncio.Event()
        self._known = dict.fromkeys(streams, after)
        self._grown: set[str] = set()

    def tell(self, positions: Mapping[str, int]) -> None:
        self.fresh = False
        for stream, position in positions.items():
            if position > self._known[stream]:
                self._known[stream] = position
                self._grown.add(stream)
        if self._grown:
            self.woken.set()

    def take(self) -> Told | None:
        grown = frozenset(self._grown)
        self._grown.clear()
        return Told(grown, max(self._known[each] for each in grown)) if grown else None


def _head() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT position FROM ledger_head WHERE id = 1")
        return int(cursor.fetchone()[0])


def _hang_up() -> None:
    # Named here, the connection would be the calling thread's.
    connection.close()


news = News()

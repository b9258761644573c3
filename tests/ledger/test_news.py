"""Open pages are told of new entries, whoever wrote them, and of what they missed."""

import asyncio
import threading
import time

import pytest
from django.db import connections

from sojourn.ledger.news import News, Told, newest
from tests.conftest import run_apart
from tests.ledger.facts import write


async def first_of(news: News, streams: set[str], after: int) -> Told | None:
    async for told in news.follow(frozenset(streams), after):
        return told
    raise AssertionError("ended without news")


def write_elsewhere(stream: str, expected: int, after_s: float = 0.3) -> threading.Thread:
    def work() -> None:
        time.sleep(after_s)
        write(stream, expected=expected)
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_whoever_listens_hears_within_a_second_of_the_writing(own_record):
    write("course:a", expected=0)

    async def listen() -> tuple[Told | None, float]:
        news = News()
        writer = write_elsewhere("course:a", expected=1)
        told = await asyncio.wait_for(first_of(news, {"course:a"}, after=1), 5)
        at = time.monotonic()
        writer.join()
        return told, at

    begun = time.monotonic()
    told, at = run_apart(listen())

    assert told == Told(frozenset({"course:a"}), 2)
    assert at - begun - 0.3 < 1.0


def test_what_was_missed_is_told_at_once(own_record):
    write("course:a", expected=0)
    write("course:a", expected=1)
    write("vitals:a", expected=0)

    told = run_apart(asyncio.wait_for(first_of(News(), {"course:a", "vitals:a"}, after=1), 5))

    assert told == Told(frozenset({"course:a", "vitals:a"}), 3)


def test_news_of_others_wakes_nobody_and_silence_is_told_too(own_record):
    write("course:a", expected=0)
    write("course:b", expected=0)

    async def listen() -> Told | None:
        news = News(every_s=0.05, quiet_s=0.8)
        writer = write_elsewhere("course:b", expected=1, after_s=0.1)
        told = await first_of(news, {"course:a"}, after=1)
        writer.join()
        return told

    assert run_apart(listen()) is None


def test_many_listeners_share_one_poller_and_end_with_the_server(own_record):
    write("course:a", expected=0)

    async def listen() -> list[list[Told | None]]:
        news = News(every_s=0.05)

        async def all_of_it() -> list[Told | None]:
            return [each async for each in news.follow(frozenset({"course:a"}), 0)]

        listeners = [asyncio.create_task(all_of_it()) for _ in range(20)]
        await asyncio.sleep(0.5)
        pollers = [each for each in asyncio.all_tasks() if each.get_coro().__name__ == "_poll"]
        assert len(pollers) == 1
        news.close()
        return await asyncio.wait_for(asyncio.gather(*listeners), 2)

    told = run_apart(listen())
    assert told == [[Told(frozenset({"course:a"}), 1)]] * 20


def test_the_newest_of_a_stream_nobody_wrote_is_nothing(own_record):
    write("course:a", expected=0)
    assert newest(["course:a", "course:b"]) == {"course:a": 1}


@pytest.mark.parametrize("close_first", [True, False])
def test_a_closed_server_keeps_nobody(own_record, close_first):
    async def listen() -> list[Told | None]:
        news = News(every_s=0.05)
        if close_first:
            news.close()
        else:
            asyncio.get_running_loop().call_later(0.2, news.close)
        return [each async for each in news.follow(frozenset({"course:a"}), 0)]

    assert run_apart(asyncio.wait_for(listen(), 3)) == []

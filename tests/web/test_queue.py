"""Hints to the workers: given when the queue is there, forgone when it is not."""

import asyncio
import time

from web import queue as web_queue


class App:
    def __init__(self, redis: object) -> None:
        self.state = type("State", (), {"redis": redis})()


async def test_a_kick_puts_the_job_into_the_queue(queue: str) -> None:
    redis = web_queue.client()
    try:
        assert await web_queue.kick(App(redis), "dispatch", job_id="one")
        [job] = await redis.queued_jobs()
        assert (job.function, job.job_id) == ("dispatch", "one")
    finally:
        await redis.aclose()


async def test_without_a_queue_a_kick_is_forgone_at_once(configure) -> None:
    configure(LOTWIRE_REDIS_URL="redis://127.0.0.1:9/0")
    redis = web_queue.client()
    begun = time.perf_counter()
    assert not await web_queue.kick(App(redis), "dispatch")
    assert time.perf_counter() - begun < 1
    await redis.aclose()


async def test_a_queue_that_hangs_costs_a_tenth_of_a_second() -> None:

    class Hanging:
        async def enqueue_job(self, *_: object, **__: object) -> None:
            await asyncio.sleep(60)

    begun = time.perf_counter()
    assert not await web_queue.kick(App(Hanging()), "dispatch")
    assert time.perf_counter() - begun < 1

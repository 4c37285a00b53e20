"""What machines ask."""

import pytest

from tests import make
from tests.client import Client


async def test_ready_means_that_database_and_queue_answer(client: Client) -> None:
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"database": "ok", "queue": "ok"}


async def test_without_the_queue_it_is_alive_but_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone() -> None:
        raise ConnectionError

    monkeypatch.setattr(client.app.state.redis, "ping", gone)
    assert (await client.get("/healthz")).status_code == 200
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": "ok", "queue": "unreachable"}


async def test_metrics_count_requests_by_route_and_what_waits(client: Client, clock) -> None:
    from datetime import timedelta

    now = clock.freeze()
    await make.message(state="queued", not_before=now - timedelta(seconds=90))
    await make.message(state="unknown")
    await client.get("/sign-in")
    text = (await client.get("/metrics")).text
    assert 'lotwire_http_requests_total{method="GET",route="sessions.new",status="200"}' in text
    assert 'lotwire_http_request_seconds_bucket{le="0.15",route="sessions.new"}' in text
    assert 'lotwire_messages{state="queued"} 1.0' in text
    assert 'lotwire_messages{state="unknown"} 1.0' in text
    assert "lotwire_oldest_due_seconds 90.0" in text
    assert "lotwire_unhandled_provider_events 0.0" in text


async def test_a_scrape_asks_six_cheap_questions(client: Client, count_queries) -> None:
    with count_queries() as queries:
        await client.get("/metrics")
    assert queries.count <= 6

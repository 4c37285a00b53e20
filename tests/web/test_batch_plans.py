"""What is held back of a planned batch, on the pages of the plans and in the history."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import clock, plans
from domain.batches.tables import Batch
from domain.messages import Message, State
from tests import make
from tests.client import Client
from tests.web.test_batches import text

AT = datetime(2026, 11, 30, 15, tzinfo=UTC)
WHEN = "Mon 30 Nov, 10:00 AM"


@pytest.fixture(autouse=True)
async def offered(house: None) -> None:
    await plans.seed()


async def held(client: Client, number: int = 1, state: str = "running", **values: Any) -> list[Message]:
    """Those whom the first of a batch of theirs go ahead of."""
    values = {"kind": "batch", "schedule_zone": "America/Chicago", "not_before": AT, "at": AT, **values}
    batch = Batch(account=client.user.account, user=client.user, state=state, size=number)
    await Batch.insert(batch)
    said = {"state": State.PENDING, "body": "", "wording": "Hi {{seller.first_name}}!", "batch": batch.id, **values}
    return [await make.message(await make.listing(), user=client.user, **said) for _ in range(number)]


@pytest.mark.parametrize(
    ("state", "said"), [("running", "once the first of its batch have left"), ("paused", "resumed")]
)
async def test_the_list_says_when_it_leaves_and_what_for_it_waits(
    agent_client: Client, count_queries: Any, state: str, said: str
) -> None:
    [message] = await held(agent_client, state=state)
    await agent_client.get("/schedules")
    with count_queries() as queries:
        page = await agent_client.get("/schedules")
    assert queries.count <= 8, queries.statements
    assert WHEN in text(page)
    assert said in text(page)
    assert "Hi Dana!" in page.text
    assert f"/messages/{message.id}/schedule/deletion" in page.text


async def test_the_calendar_counts_them_on_their_day(agent_client: Client, count_queries: Any) -> None:
    await held(agent_client, 5)
    await agent_client.get("/schedules?view=calendar&month=2026-11")
    with count_queries() as queries:
        page = await agent_client.get("/schedules?view=calendar&month=2026-11")
    assert queries.count <= 8, queries.statements
    assert "November 2026: 5 scheduled" in text(page)
    assert "2 more" in text(page)


async def test_the_history_says_until_when_it_waits_at_least(agent_client: Client) -> None:
    [message] = await held(agent_client)
    page = await agent_client.get(f"/listings/{message.listing}")
    assert f"Waits for its batch, until {WHEN} at least" in text(page)
    [over] = await held(agent_client, not_before=clock.now() - timedelta(hours=1))
    page = text(await agent_client.get(f"/listings/{over.listing}"))
    assert "Waits for its batch" in page
    assert "at least" not in page

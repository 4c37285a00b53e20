"""What is held back of a planned batch, on the pages of the plans and in the history."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import clock, plans
from domain.batches.tables import Batch
from domain.messages import Message, State
from tests import make
from tests.client import Client
from tests.sending import again, put
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
    sellers = [{"mobile": f"+1520555{n:04}", "postal_code": "85701"} for n in range(number)]
    return [await make.message(await make.listing(seller=each), user=client.user, **said) for each in sellers]


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


# One of them


@pytest.mark.parametrize(
    ("state", "said"), [("running", "once the first of its batch have left."), ("paused", "once its batch is resumed.")]
)
async def test_the_page_of_one_that_is_held_says_when_and_cancels_it(
    agent_client: Client, count_queries: Any, state: str, said: str
) -> None:
    [message] = await held(agent_client, state=state)
    url = f"/messages/{message.id}/schedule"
    await agent_client.get(f"{url}/edit")
    with count_queries() as queries:
        page = await agent_client.get(f"{url}/edit")
    assert queries.count <= 8, queries.statements
    assert f"{WHEN} by your clock" in text(page)
    assert f"It leaves {said}" in text(page)
    assert "not scheduled any more" not in text(page)
    assert "Hi Dana!" in text(page)
    assert f'action="{url}/deletion"' in page.text
    await agent_client.submit(f"{url}/deletion", {"revision": "0"})
    assert (await again(message)).state == State.CANCELLED


async def test_one_whose_time_was_over_is_sent_now_or_let_go_and_all_of_them_from_the_batch(
    agent_client: Client, manager_client: Client
) -> None:
    [message] = await held(agent_client, state="done", scheduled_at=clock.now() - timedelta(hours=2))
    await put(message, state=State.EXPIRED, code="expired", reason="Its time is over.")
    url = f"/messages/{message.id}/schedule"
    page = await agent_client.get(f"{url}/edit")
    assert "Its time is over. Send it now, or let it go." in text(page)
    assert f'action="/messages/{message.id}/departures"' in page.text
    assert f'formaction="{url}/deletion"' in page.text
    assert "/batches/" not in page.text, "agents see no batches"
    seen = await manager_client.get(f"{url}/edit")
    assert "To try all of them again, open the batch." in text(seen)
    assert f'href="/batches/{message.batch}"' in seen.text
    await agent_client.submit(f"{url}/deletion", {"revision": "0"})
    assert (await again(message)).state == State.CANCELLED


async def test_the_words_of_one_that_was_cancelled_are_opened_as_a_new_message(agent_client: Client) -> None:
    [message] = await held(agent_client, state="stopped", body="")
    await put(message, state=State.CANCELLED, code="stopped", reason="The batch was stopped.")
    page = await agent_client.get(f"/messages/{message.id}/schedule/edit")
    assert "The batch was stopped. What belonged to a batch is not scheduled again" in text(page)
    new = f"/listings/{message.listing}/sends/new"
    assert f'action="{new}"' in page.text
    assert 'name="body" value="Hi {{seller.first_name}}!"' in page.text
    opened = await agent_client.submit(new, {"body": "Hi {{seller.first_name}}!", "channel": "text"})
    assert opened.status_code == 200
    assert "Hi {{seller.first_name}}!</textarea>" in opened.text


async def test_sent_now_at_night_the_page_says_when_it_leaves_before_and_after(
    agent_client: Client, clock: Any
) -> None:
    connection = await make.connection(agent_client.user.account)
    await make.sender_link(connection, agent_client.user)
    [message] = await held(agent_client, scheduled_at=AT, connection=connection.id)
    clock.set(datetime(2026, 11, 28, 7, tzinfo=UTC))  # midnight in Arizona
    url = f"/messages/{message.id}/departures"
    asked = await agent_client.submit(url, {"revision": "0"})
    page = text(await agent_client.get(asked.headers["location"]))
    when = "Sat 28 Nov, 11:00 AM"
    assert f"messages of a batch keep to them. Let it leave {when}?" in page
    assert "Send it all the same" not in page
    said = await agent_client.submit(url, {"revision": "0", "knowing": "1"}, htmx=True)
    assert f"It leaves {when}." in text(said)
    assert (await again(message)).state == State.PENDING

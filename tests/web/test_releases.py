"""Frozen as people see it: the banner on every page, the page that says why, and the owner's two buttons."""

from datetime import timedelta

import pytest

from domain import clock, installations
from domain.batches.tables import Batch
from domain.installations import freezing, overdue
from domain.messages import State
from tests import make
from tests.client import Client
from tests.sending import again

WHY = "The database is older than what this machine remembers of it: a backup was put back."


@pytest.fixture
async def frozen(house) -> None:
    await freezing.freeze(WHY)


async def late(**values):
    return await make.message(not_before=clock.now() - timedelta(hours=2), state=State.QUEUED, **values)


@pytest.mark.parametrize("path", ["/listings", "/templates", "/profile"])
async def test_every_page_says_that_nothing_leaves_and_only_then(admin_client: Client, path: str) -> None:
    assert "Nothing is sent at present" not in (await admin_client.get(path)).text
    await freezing.freeze(WHY)
    page = (await admin_client.get(path)).text
    assert "Nothing is sent at present" in page
    assert 'href="/release"' in page


async def test_who_cannot_release_is_told_without_a_link_and_visitors_are_not_told(
    frozen, client: Client, agent_client: Client
) -> None:
    page = (await agent_client.get("/listings")).text
    assert "What you write waits." in page
    assert "/release" not in page
    assert (await agent_client.get("/release")).status_code == 403
    assert "at present" not in (await client.get("/sign-in")).text


async def test_the_page_tells_why_and_what_would_go(frozen, admin_client: Client) -> None:
    message = await late(to_address="+15205550100")
    page = (await admin_client.get("/release")).text
    assert "a backup was put back" in page
    assert "1</span> message is overdue" in page
    assert f"overdue-{message.id}" in page
    assert "+1 520 555 0100" in page
    assert "Leaves at once" in page
    assert "Release: send what is due" in page


async def test_each_overdue_one_names_its_seller_vehicle_and_batch_and_a_batch_that_began_is_there(
    frozen, admin_client: Client
) -> None:
    listing = await make.listing(year=2019, make="Subaru", model="Outback", seller={"last_name": "Reyes"})
    batch = Batch(
        account=listing.account,
        user=admin_client.user,
        wording="Is it still there?",
        state="running",
        size=1,
        expanded=1,
        started_at=clock.now(),
    )
    await Batch.insert(batch)
    await late(listing=listing, kind="batch", batch=batch.id)
    held = await make.message(state=State.PENDING, kind="batch", batch=batch.id)
    page = (await admin_client.get("/release")).text
    assert "Dana Reyes" in page
    assert "2019 Subaru Outback" in page
    assert page.count(f'href="/batches/{batch.id}"') == 2
    assert "1</b> batch has begun and would go on, 2 messages in all" in page
    assert "Is it still there?" in page
    assert "Goes on by itself" in page
    await admin_client.submit("/release", {"overdue": "cancel"})
    assert (await again(held)).state == State.CANCELLED
    assert "2 messages are cancelled" in (await admin_client.get("/release")).text


async def test_the_owner_releases_and_what_is_due_stays_due(frozen, admin_client: Client) -> None:
    message = await late()
    answer = await admin_client.submit("/release")
    assert answer.status_code == 303
    assert (await installations.here()).released_by == admin_client.user.id
    assert (await again(message)).state == State.QUEUED
    page = (await admin_client.get("/release")).text
    assert "Everything leaves as it should" in page
    assert "Nothing is sent at present" not in page


async def test_the_owner_cancels_what_is_overdue_first(frozen, admin_client: Client) -> None:
    message = await late()
    await admin_client.submit("/release", {"overdue": "cancel"})
    assert (await again(message)).state == State.CANCELLED
    assert not await freezing.is_frozen()
    assert "1 message is cancelled" in (await admin_client.get("/release")).text


async def test_another_admin_sees_their_dealership_alone_and_releases_nothing(
    frozen, client: Client, admin_client: Client
) -> None:
    mine = await late()
    other = await make.account(name="Other Motors")
    foreign = await late(listing=await make.listing(other), to_address="+15205550101")
    owner_sees = (await admin_client.get("/release")).text
    assert f"overdue-{foreign.id}" in owner_sees
    assert "Other Motors" in owner_sees
    assert "555-0101" not in owner_sees, "whom other dealerships write to stays theirs"
    async with await client.signed_in(await make.user(role="admin")) as admin:
        page = (await admin.get("/release")).text
        assert f"overdue-{mine.id}" in page
        assert f"overdue-{foreign.id}" not in page
        assert "Other Motors" not in page
        assert f"Ask {admin_client.user.name}." in page
        assert (await admin.submit("/release")).status_code == 403
    assert await freezing.is_frozen()


async def test_where_nobody_owns_the_installation_the_page_points_to_the_server(frozen, client: Client) -> None:
    async with await client.signed_in(await make.user(role="admin")) as admin:
        page = (await admin.get("/release")).text
    assert "Nothing is overdue" in page
    assert "Ask whoever runs the server to release it there." in page
    assert '<button class="btn primary' not in page.partition("<main")[2]


async def test_the_page_costs_few_queries_and_the_list_goes_on(
    frozen, admin_client: Client, count_queries, monkeypatch
) -> None:
    monkeypatch.setattr(overdue, "PAGE", 2)
    for _ in range(3):
        await late()
    with count_queries() as queries:
        page = (await admin_client.get("/release")).text
    assert queries.count <= 8
    assert page.count('id="overdue-') == 2
    more = page.partition('rel="next" href="')[2].partition('"')[0]
    assert (await admin_client.get(more)).text.count('id="overdue-') == 1


async def test_machines_are_told_too(frozen, client: Client) -> None:
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["sending"]) == (200, "frozen")
    assert "lotwire_frozen 1.0" in (await client.get("/metrics")).text
    await freezing.release(None)
    assert "sending" not in (await client.get("/readyz")).json()
    assert "lotwire_frozen 0.0" in (await client.get("/metrics")).text

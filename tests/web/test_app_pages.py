"""An app's page to the last detail: plan, health, test, secrets, people, and what disconnecting means."""

import html
from collections.abc import Callable
from typing import Any

import pytest

from domain import clock, connections, plans
from domain.channels.base import Accepted, ChannelError, Kind, Outgoing, PermitLike, Sender
from domain.channels.dialpad import Dialpad
from domain.channels.registry import CHANNELS
from domain.connections import Connection, SenderLink
from domain.messages import Message
from domain.users import Role, User
from domain.vault import unseal
from tests import make
from tests.client import Client
from tests.sending import without

MINE = "+15205550190"


@pytest.fixture(autouse=True)
async def dialpad(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dialpad without a network: it knows everybody at harbor.example and takes every text."""
    await plans.seed()

    async def check(self: Dialpad) -> None:
        return None

    async def find_sender(self: Dialpad, email: str) -> Sender | None:
        if email.startswith("away"):
            raise ChannelError("Dialpad could not be reached.", Kind.NEVER_CONNECTED)
        return Sender("4693435745845248", "Dana R.", ("+16195550142",)) if "harbor" in email else None

    async def send(self: Dialpad, outgoing: Outgoing, permit: PermitLike) -> Accepted:
        permit.spend(outgoing)
        return Accepted("p-1", from_address="+16195550142")

    for name, made in (("check", check), ("find_sender", find_sender), ("send", send)):
        monkeypatch.setattr(Dialpad, name, made)


async def show(client: Client, kind: str = "dialpad") -> str:
    return html.unescape((await client.get(f"/apps/{kind}")).text)


async def test_install_opens_the_upgrade_notice_where_the_plan_has_no_such_app(admin_client: Client) -> None:
    await without("dialpad")
    page = await show(admin_client)
    assert 'popovertarget="upgrade"' in page
    assert "Dialpad is not part of your plan" in page
    assert "Compare plans" in page
    assert 'action="/apps/dialpad/connections"' not in page
    answer = await admin_client.submit("/apps/dialpad/connections", {"api_key": "k"})
    assert answer.status_code == 422
    assert not await Connection.exists()


async def test_the_health_says_what_came_in_what_waits_and_how_fast_it_goes(admin_client: Client) -> None:
    connection = await make.connection(refused_hooks=3, last_error="It was slow.")
    for state in ("queued", "queued", "delivered", "sent"):
        await make.message(state=state, connection=connection.id)
    await make.message(state="pending", kind="scheduled", scheduled_at=connection.created_at)
    page = await show(admin_client)
    for label, value in (
        ("Waiting to leave", "2"),
        ("Planned for later", "1"),
        ("Sent within the hour", "2 of 5,400 at most"),
        ("Refused calls", "3"),
        ("Last event in", "None yet"),
        ("Heard", "By a line that we keep open"),
    ):
        assert f"<dt>{label}</dt><dd>{value}</dd>" in page
    assert "3 messages wait." in page
    assert "go on when Dialpad is connected again" in page


async def test_the_health_says_when_nothing_could_be_heard_and_where_to_look(admin_client: Client, clock: Any) -> None:
    connection = await make.connection(hook_problem="The webhook could not be set up again. Not today.")
    await connections.hears(connection.id, anew=True)
    assert "nothing could be heard" not in await show(admin_client)
    clock.advance(minutes=3)
    assert "Nothing is heard since " in await show(admin_client)
    await connections.hears(connection.id, anew=True)
    page = await show(admin_client)
    assert "Nothing is heard since " not in page
    assert "nothing could be heard. Look in Dialpad for what came then." in page
    assert "The webhook could not be set up again. Not today. It is tried again every hour." in page
    await connections.hears(connection.id, anew=True)
    assert "nothing could be heard for some seconds. Look in Dialpad for what came then." in await show(admin_client)
    clock.advance(days=8)
    await connections.hears(connection.id, anew=False)
    assert "could be heard" not in await show(admin_client)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("dialpad", "It calls this Lotwire’s new address since "),
        ("facebook", "Enter it in Facebook Messenger: it stands under Incoming messages."),
    ],
)
async def test_the_health_says_that_the_hook_follows_to_a_new_address(
    admin_client: Client, clock: Any, kind: str, said: str
) -> None:
    connection = await make.connection(kind=kind, hook_moved_at=clock.now(), options="{}")
    assert said in await show(admin_client, kind)
    clock.advance(days=8)
    await Connection.update({Connection.last_event_at: clock.now()}).where(Connection.id == connection.id)
    assert said not in await show(admin_client, kind)


async def test_every_page_of_an_app_takes_eight_queries_at_most(
    admin_client: Client, agent_client: Client, count_queries: Callable[..., Any]
) -> None:
    for kind in CHANNELS:
        await make.connection(kind=kind, options='{"segments_a_day": 100}', opt_outs_read_at=clock.now())
    for client in (admin_client, agent_client):
        for kind, provider in CHANNELS.items():
            with count_queries() as queries:
                answer = await client.get(f"/apps/{kind}")
            assert answer.status_code == (200 if provider.listed else 404)
            assert queries.count <= 8, (kind, queries.count)
        with count_queries() as queries:
            await client.get("/apps")
        assert queries.count <= 3


async def test_a_test_goes_to_oneself_and_says_so(admin_client: Client) -> None:
    await make.connection()
    assert "put your mobile number into" in await show(admin_client)
    await User.update({User.phone: MINE}).where(User.id == admin_client.user.id)
    assert "goes to +1 520 555 0190, and to nobody else" in await show(admin_client)
    answer = await admin_client.submit("/apps/dialpad/trials")
    assert answer.status_code == 200
    assert "Dialpad took the test to +1 520 555 0190" in html.unescape(answer.text)
    assert (await Message.select().first())["kind"] == "test"
    await make.listing(seller={"mobile": MINE})
    answer = await admin_client.submit("/apps/dialpad/trials")
    assert answer.status_code == 422
    assert "never goes to a seller" in answer.text
    assert await Message.count() == 1


async def test_another_signing_secret_is_shown_once_and_the_old_one_counts_for_a_day(admin_client: Client) -> None:
    connection = await make.connection(hook_secret="the-first-secret")
    answer = await admin_client.submit("/apps/dialpad/hook-secrets")
    row = await Connection.select().where(Connection.id == connection.id).first()
    kept = unseal(row["hook_secret"])
    assert "the-first-secret" in kept
    assert "the-first-secret" not in answer.text
    shown = html.unescape(answer.text).split('<code class="secret">')[2].split("</code>")[0]
    assert shown in kept
    assert answer.headers["cache-control"] == "no-store"
    assert shown not in await show(admin_client)


async def test_everybody_sees_as_whom_they_are_linked_and_looks_again(agent_client: Client) -> None:
    await make.connection()
    page = await show(agent_client)
    assert "Not looked up yet" in page
    answer = await agent_client.submit(f"/apps/dialpad/senders/{agent_client.user.id}")
    assert "is linked as Dana R. and texts from +1 619 555 0142." in html.unescape(answer.text)
    page = await show(agent_client)
    assert "Linked as Dana R., from +1 619 555 0142" in page
    assert "Check again" in page


async def test_an_administrator_sees_everybody_and_an_agent_nobody_else(
    admin_client: Client, agent_client: Client
) -> None:
    await make.connection()
    other = await make.user(name="Zoe Zimmer", email="zoe@elsewhere.example")
    away = await make.user(email="away@harbor.example")
    assert "Zoe Zimmer" in await show(admin_client)
    assert "Zoe Zimmer" not in await show(agent_client)
    answer = await admin_client.submit(f"/apps/dialpad/senders/{other.id}")
    assert answer.status_code == 422
    assert "No Dialpad account found for zoe@elsewhere.example" in answer.text
    answer = await admin_client.submit(f"/apps/dialpad/senders/{away.id}")
    assert "Dialpad could not be reached." in answer.text
    assert (await agent_client.submit(f"/apps/dialpad/senders/{other.id}")).status_code == 404
    assert await SenderLink.count() == 1


@pytest.mark.parametrize("path", ["trials", "hook-secrets", "senders/01930000-0000-7000-8000-000000000001"])
async def test_what_is_not_theirs_is_refused(client: Client, path: str) -> None:
    await make.connection()
    async with await client.signed_in(await make.user(role=Role.SUPPORT)) as support:
        assert (await support.submit(f"/apps/dialpad/{path}")).status_code == 403

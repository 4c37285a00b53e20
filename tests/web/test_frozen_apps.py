"""A copy that waits for release asks nothing of providers: whatever it did there would be done to the original."""

from typing import Any

import pytest

from domain import connections, plans
from domain.channels.base import Channel
from domain.channels.dialpad import Dialpad
from domain.connections import Connection, ConnectionState
from domain.installations import freezing
from domain.messages import Message
from domain.vault import unseal
from tests import make
from tests.client import Client

HELD = "Sending is stopped here until somebody looked, so Dialpad is not asked."


@pytest.fixture(autouse=True)
async def asked(house: None, monkeypatch: pytest.MonkeyPatch, configure: Any) -> list[str]:
    """What Dialpad is asked while this Lotwire is frozen."""
    await plans.seed()
    configure(LOTWIRE_PUBLIC_URL="http://lotwire.test")
    calls: list[str] = []

    def noted(name: str) -> Any:
        async def ask(self: Channel, *values: object) -> str:
            calls.append(name)
            return "1/2"

        return ask

    for name in ("check", "send", "find_sender", "register_hook", "remove_hook"):
        monkeypatch.setattr(Dialpad, name, noted(name))
    await freezing.freeze("A backup was put back.")
    return calls


async def ours(client: Client, **values: str) -> Connection:
    return await make.connection(
        client.user.account, "dialpad", base_url="https://dialpad.com", secret="old-key", hook_id="1/2", **values
    )


async def now(connection: Connection) -> Connection:
    found = await connections.by_id(connection.id)
    assert found is not None
    return found


async def test_nothing_is_connected_until_it_is_released(admin_client: Client, asked: list[str]) -> None:
    page = await admin_client.submit("/apps/dialpad/connections", {"api_key": "a-key"})
    assert HELD in page.text
    assert 'href="/release"' in page.text
    assert (page.status_code, asked, await Connection.count()) == (422, [], 0)


@pytest.mark.parametrize("path", ["tests", "hook-secrets", "trials"])
async def test_no_look_no_other_secret_and_no_test_is_asked_for(
    admin_client: Client, asked: list[str], path: str
) -> None:
    connection = await ours(admin_client)
    await admin_client.user.update_self({type(admin_client.user).phone: "+15205550190"})
    page = await admin_client.submit(f"/apps/dialpad/{path}", {})
    assert HELD in page.text
    assert asked == []
    after = await now(connection)
    assert (after.hook_secret, after.last_error, after.state) == (
        connection.hook_secret,
        "",
        ConnectionState.CONNECTED,
    )
    assert await Message.count() == 0


async def test_disconnecting_forgets_the_key_here_and_leaves_the_originals_hook(
    admin_client: Client, asked: list[str]
) -> None:
    connection = await ours(admin_client)
    await admin_client.submit("/apps/dialpad/connections/deletion", {})
    after = await now(connection)
    assert (after.state, unseal(after.secret), after.hook_id) == (ConnectionState.DISCONNECTED, "", "")
    assert asked == []


async def test_released_it_asks_again(admin_client: Client, asked: list[str]) -> None:
    await ours(admin_client)
    await freezing.release(None)
    await admin_client.submit("/apps/dialpad/tests", {})
    await admin_client.submit("/apps/dialpad/connections/deletion", {})
    assert asked == ["check", "remove_hook"]

"""Another secret for a provider's calls, with the one before good for a day."""

from datetime import timedelta

import pytest

from domain import clock, connections, hook_secrets
from domain.channels.base import BadSignature, ChannelError, HookCall, HookEvent, Kind
from domain.channels.registry import CHANNELS
from domain.connections import Connection
from domain.errors import Refused
from domain.hook_secrets import HookSecrets
from tests import make
from tests.sending import Provider


class Signed(Provider):
    """Takes a call whose body is its secret."""

    kind = "simulator"
    registered: list[str] = []  # noqa: RUF012 - of this test
    removed: list[str] = []  # noqa: RUF012
    refuses = False

    def __init__(self, *args, webhook_secret: str = "", **options) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*args[:2])
        self.secret = webhook_secret or (args[2] if len(args) > 2 else "")

    def verify(self, call: HookCall) -> list[HookEvent]:
        if call.body.decode() != self.secret:
            raise BadSignature("No.")
        return [HookEvent("k", clock.now(), {})]

    async def register_hook(self, hook_url: str, secret: str) -> str:
        if Signed.refuses:
            raise ChannelError("Not today.", Kind.PERMANENT)
        Signed.registered.append(secret)
        return f"hook-{len(Signed.registered)}"

    async def remove_hook(self, hook: str) -> None:
        Signed.removed.append(hook)


@pytest.fixture(autouse=True)
def signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHANNELS, "simulator", Signed)
    Signed.registered, Signed.removed, Signed.refuses = [], [], False


async def connected(**values: str) -> Connection:
    return await make.connection(kind="simulator", hook_secret="the-first-secret", **values)


async def fresh(connection: Connection) -> Connection:
    found = await connections.by_id(connection.id)
    assert found is not None
    return found


def takes(connection: Connection, secret: str) -> bool:
    try:
        return bool(connections.verified(connection, HookCall("https://x.example/", secret.encode())))
    except BadSignature:
        return False


async def test_both_secrets_count_for_a_day_and_then_the_new_one_alone(
    house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, user = await connected(), await make.user()
    new = await connections.rotate_hook_secret(connection, user.id)
    changed = await fresh(connection)
    assert new != "the-first-secret"
    assert (takes(changed, new), takes(changed, "the-first-secret"), takes(changed, "another")) == (True, True, False)
    tomorrow = clock.now() + timedelta(hours=25)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    assert (takes(changed, new), takes(changed, "the-first-secret")) == (True, False)


async def test_neither_secret_lies_in_the_database_or_the_audit_trail_in_clear(house: None) -> None:
    connection, user = await connected(), await make.user()
    new = await connections.rotate_hook_secret(connection, user.id)
    rows = str([await Connection.raw(f"SELECT * FROM {table}") for table in ("connection", "audit_entry")])
    assert new not in rows
    assert "the-first-secret" not in rows


async def test_the_provider_is_asked_to_sign_with_it_and_an_hour_later_to_forget_the_old_hook(
    house: None,
    configure,  # type: ignore[no-untyped-def]
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure(LOTWIRE_PUBLIC_URL="https://cars.example")
    connection, user = await connected(hook_id="hook-0"), await make.user()
    new = await connections.rotate_hook_secret(connection, user.id)
    assert Signed.registered == [new]
    assert Signed.removed == []  # it still brings what was under way
    assert (await fresh(connection)).hook_id == "hook-1"
    assert await connections.end_old_hooks() == 0
    in_an_hour = clock.now() + timedelta(minutes=61)
    monkeypatch.setattr(clock, "now", lambda: in_an_hour)
    assert await connections.end_old_hooks() == 1
    assert Signed.removed == ["hook-0"]
    assert await connections.end_old_hooks() == 0


async def test_a_provider_that_will_not_keeps_the_old_secret(house: None, configure) -> None:  # type: ignore[no-untyped-def]
    configure(LOTWIRE_PUBLIC_URL="https://cars.example")
    connection, user = await connected(hook_id="hook-0"), await make.user()
    Signed.refuses = True
    with pytest.raises(Refused, match="Not today"):
        await connections.rotate_hook_secret(connection, user.id)
    kept = await fresh(connection)
    assert (kept.hook_id, hook_secrets.read(kept.hook_secret)) == ("hook-0", HookSecrets("the-first-secret"))


async def test_connecting_with_another_secret_keeps_the_one_before_for_a_day(house: None) -> None:
    connection = await connected()
    await connections.connect(
        connection.account, None, "simulator", {"api_key": "k"}, options={"webhook_secret": "the-second-secret"}
    )
    changed = await fresh(connection)
    assert (takes(changed, "the-second-secret"), takes(changed, "the-first-secret")) == (True, True)


async def test_whoever_listens_begins_again_with_another_secret(house: None) -> None:
    connection, user = await connected(), await make.user()
    known = await connections.as_now(connection.id, None)
    assert await connections.as_now(connection.id, known) is known
    await connections.rotate_hook_secret(connection, user.id)
    assert await connections.as_now(connection.id, known) is not known


@pytest.mark.parametrize("odd", ["{not json", '{"now": 1}', "{}", '{"now":"a","before":"b","until":"never"}'])
def test_a_secret_that_looks_like_two_is_one(odd: str) -> None:
    assert hook_secrets.read(HookSecrets(odd).sealed()) == HookSecrets(odd)

"""Our hook at a provider: the new one before the old one ends, and never the one that counts."""

import asyncio
from datetime import timedelta

import pytest

from domain import clock, connections, hook_secrets
from domain.channels.base import BadSignature, ChannelError, HookCall, Kind
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState
from domain.errors import Refused
from tests import make
from tests.sending import Provider


class Hooked(Provider):
    """A provider whose hook has one name for ever (a Page, a number) unless `names` gives others."""

    events = ("hook",)
    said: list[str] = []  # noqa: RUF012 - what this provider was asked, in order
    names: list[str] = []  # noqa: RUF012
    urls: list[str] = []  # noqa: RUF012
    refuses: ChannelError | None = None
    meanwhile: object = None

    async def register_hook(self, hook_url: str, secret: str) -> str:
        name = Hooked.names.pop(0) if Hooked.names else "page"
        Hooked.said.append(f"+{name}")
        Hooked.urls.append(hook_url)
        if Hooked.meanwhile:
            await Hooked.meanwhile()
        if Hooked.refuses:
            raise Hooked.refuses
        return name

    async def remove_hook(self, hook: str) -> None:
        Hooked.said.append(f"-{hook}")


class Unhooked(Hooked):
    events = ("mailbox",)


@pytest.fixture(autouse=True)
def hooked(monkeypatch, configure):
    monkeypatch.setitem(CHANNELS, "simulator", Hooked)
    Hooked.said, Hooked.names, Hooked.urls, Hooked.refuses, Hooked.meanwhile = [], [], [], None, None
    configure(LOTWIRE_PUBLIC_URL="https://cars.example")


async def fresh(connection) -> Connection:
    return await connections.by_id(connection.id)


async def old(**values) -> Connection:
    """One that was connected long ago."""
    made = await make.connection(kind="simulator", hook_secret="the-first-secret", **values)
    await Connection.update({Connection.created_at: clock.now() - timedelta(days=9)}).where(Connection.id == made.id)
    return await fresh(made)


async def connect(account, key="key"):
    return await connections.connect(account, None, "simulator", {"api_key": key}, "http://127.0.0.1:9")


async def test_another_secret_does_not_end_a_hook_that_keeps_its_name(house):
    connection, user = await old(hook_id="page"), await make.user()
    await connections.rotate_hook_secret(connection, user.id)
    assert Hooked.said == ["+page"]
    assert (await fresh(connection)).hook_id == "page"


async def test_the_second_of_two_that_ask_for_one_hook_leaves_it_to_the_first(house):
    connection = await old()

    async def a_worker_was_first():
        await Connection.update({Connection.hook_id: "page"}).where(Connection.id == connection.id)

    Hooked.meanwhile = a_worker_was_first
    assert await connections.register_missing_hooks() == 1
    assert Hooked.said == ["+page"]


async def test_a_hook_made_while_somebody_disconnected_is_taken_back(house):
    connection = await old()

    async def disconnected():
        await connections.disconnect(connection, None)

    Hooked.meanwhile = disconnected
    assert await connections.register_missing_hooks() == 0
    assert Hooked.said == ["+page", "-page"]


async def test_mending_makes_the_new_hook_before_it_ends_the_old_one(house):
    connection = await old(hook_id="one")
    Hooked.names = ["two"]
    await connect(connection.account, "another key")
    assert Hooked.said == ["+two", "-one"]
    assert (await fresh(connection)).hook_id == "two"


async def test_mending_does_not_end_a_hook_that_keeps_its_name(house):
    connection = await old(hook_id="page")
    await connect(connection.account, "another key")
    assert Hooked.said == ["+page"]


async def test_mending_leaves_the_working_hook_where_the_provider_makes_no_other(house):
    connection = await old(hook_id="page")
    Hooked.refuses = ChannelError("Not today.", Kind.PERMANENT)
    mended, _ = await connect(connection.account, "another key")
    assert (Hooked.said, mended.hook_id) == (["+page"], "page")
    assert mended.hook_problem == "The webhook could not be set up again; the one before was left in place. Not today."


async def test_a_hook_that_was_not_made_again_is_asked_for_each_hour_until_it_is(house, clock):
    connection = await old(hook_id="one")
    Hooked.names = ["two", "three", "four"]
    Hooked.refuses = ChannelError("Not today.", Kind.PERMANENT)
    await connect(connection.account, "another key")
    assert await connections.register_missing_hooks() == 0
    clock.advance(minutes=61)
    assert await connections.register_missing_hooks() == 0
    assert (Hooked.said, (await fresh(connection)).hook_id) == (["+two", "+three"], "one")
    Hooked.refuses = None
    clock.advance(minutes=61)
    assert await connections.register_missing_hooks() == 1
    made = await fresh(connection)
    assert (Hooked.said, made.hook_id, made.hook_problem) == (["+two", "+three", "+four", "-one"], "four", "")
    clock.advance(minutes=61)
    assert await connections.register_missing_hooks() == 0


async def test_a_look_that_finds_all_well_does_not_hide_that_the_hook_was_not_made_again(house):
    connection = await old(hook_id="one")
    Hooked.names = ["two", "three", "four"]
    Hooked.refuses = ChannelError("Not today.", Kind.PERMANENT)
    await connect(connection.account, "another key")
    assert await connections.recheck(await fresh(connection)) == ""
    looked = await fresh(connection)
    assert (looked.last_error, "Not today." in looked.hook_problem) == ("", True)
    Hooked.refuses = None
    assert await connections.recheck(looked) == ""
    made = await fresh(connection)
    assert (made.hook_id, made.hook_problem) == ("four", "")


async def test_what_ends_between_mending_and_asking_for_the_hook_is_asked_for_later(house, clock):
    connection = await old(hook_id="one")
    Hooked.names = ["two", "three"]

    async def killed():
        raise asyncio.CancelledError

    Hooked.meanwhile = killed
    with pytest.raises(asyncio.CancelledError):
        await connect(connection.account, "another key")
    assert (await fresh(connection)).hook_problem == "The webhook is being set up."
    Hooked.meanwhile = None
    clock.advance(minutes=61)
    assert await connections.register_missing_hooks() == 1
    assert (await fresh(connection)).hook_problem == ""


async def test_a_hook_that_is_set_up_by_hand_has_no_problem(house):
    Hooked.names = [""]
    made, _ = await connect((await make.account()).id)
    assert (made.hook_id, made.hook_problem) == ("", "")


async def test_a_secret_changed_while_somebody_disconnects_leaves_no_hook_and_no_trace(house):
    connection, user = await old(hook_id="one"), await make.user()
    Hooked.names = ["two"]

    async def disconnected():
        await connections.disconnect(await fresh(connection), None)

    Hooked.meanwhile = disconnected
    with pytest.raises(Refused, match="disconnected"):
        await connections.rotate_hook_secret(connection, user.id)
    assert Hooked.said == ["+two", "-one", "-two"]
    gone = await fresh(connection)
    assert (gone.state, gone.hook_id) == (ConnectionState.DISCONNECTED, "")


async def test_what_was_disconnected_gets_no_other_secret(house):
    connection, user = await old(hook_id="one"), await make.user()
    await connections.disconnect(connection, None)
    with pytest.raises(Refused):
        await connections.rotate_hook_secret(connection, user.id)
    assert hook_secrets.read((await fresh(connection)).hook_secret).now == "the-first-secret"
    assert Hooked.said == ["-one"]


async def test_of_two_who_change_the_secret_at_once_one_does(house):
    connection, user = await old(hook_id="one"), await make.user()
    Hooked.names = ["two", "three"]
    both = (connections.rotate_hook_secret(connection, user.id) for _ in range(2))
    done = await asyncio.gather(*both, return_exceptions=True)
    [secret] = [each for each in done if isinstance(each, str)]
    assert hook_secrets.read((await fresh(connection)).hook_secret).now == secret
    assert Hooked.said == ["+two"]


async def test_an_old_hook_of_a_provider_that_is_away_is_ended_later(house, monkeypatch):
    connection, user = await old(hook_id="one"), await make.user()
    Hooked.names = ["two"]
    await connections.rotate_hook_secret(connection, user.id)
    answers = [ChannelError("Not now.", Kind.NEVER_CONNECTED), None]

    async def remove_hook(self, hook):
        if problem := answers.pop(0):
            raise problem
        Hooked.said.append(f"-{hook}")

    monkeypatch.setattr(Hooked, "remove_hook", remove_hook)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=61))
    assert await connections.end_old_hooks() == 0
    assert await connections.end_old_hooks() == 0  # asked a moment ago
    assert len(answers) == 1
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=123))
    assert await connections.end_old_hooks() == 1
    assert Hooked.said == ["+two", "-one"]


async def test_two_changes_within_an_hour_leave_two_hooks_and_disconnecting_none(house, monkeypatch):
    connection, user = await old(hook_id="one"), await make.user()
    Hooked.names = ["two", "three"]
    for _ in range(2):
        await connections.rotate_hook_secret(await fresh(connection), user.id)
    assert Hooked.said == ["+two", "+three", "-one"]
    await connections.disconnect(await fresh(connection), user.id)
    assert sorted(Hooked.said[3:]) == ["-three", "-two"]
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert await connections.end_old_hooks() == 0


async def test_one_connected_before_there_was_a_public_address_gets_its_hook(house):
    connection = await old()
    assert connection.hook_asked_at is None
    assert await connections.register_missing_hooks() == 1
    assert (await fresh(connection)).hook_id == "page"


async def test_a_public_address_that_came_a_while_after_connecting_is_told_at_once(house, configure, clock):
    configure(LOTWIRE_PUBLIC_URL="")
    made, _ = await connect((await make.account()).id)
    assert (made.hook_problem, await connections.register_missing_hooks()) == ("", 0)
    clock.advance(minutes=10)
    configure(LOTWIRE_PUBLIC_URL="https://cars.example")
    assert await connections.register_missing_hooks() == 1


async def test_a_provider_that_makes_no_hook_is_asked_once_an_hour(house, clock):
    connection = await old()
    Hooked.refuses = ChannelError("Not today.", Kind.PERMANENT)
    for _ in range(3):
        await connections.register_missing_hooks()
    assert Hooked.said == ["+page"]
    clock.advance(minutes=61)
    await connections.register_missing_hooks()
    assert Hooked.said == ["+page", "+page"]
    assert (await fresh(connection)).hook_problem == "Replies will not arrive until the webhook is set up. Not today."


async def test_one_bad_connection_keeps_no_other_from_its_hook(house):
    bad = await old()
    await Connection.update({Connection.secret: "sealed with another key"}).where(Connection.id == bad.id)
    good = await old(account=await make.account())
    assert await connections.register_missing_hooks() == 1
    assert (await fresh(good)).hook_id == "page"


async def test_who_calls_nobody_is_not_looked_at_for_a_hook(house, monkeypatch):
    monkeypatch.setitem(CHANNELS, "simulator", Unhooked)
    long_ago = clock.now() - timedelta(hours=2)
    connection = await old(hook_asked_at=long_ago)
    assert await connections.register_missing_hooks() == 0
    assert (await fresh(connection)).hook_asked_at == long_ago
    assert Hooked.said == []


NEW = "https://new.example"


async def at(configure, url):
    """Connected while this Lotwire had that address, which a worker noted."""
    configure(LOTWIRE_PUBLIC_URL=url)
    return await fresh((await connect((await make.account()).id))[0])


async def test_a_hook_follows_to_a_new_public_address_and_the_one_before_ends_an_hour_later(house, configure, clock):
    Hooked.names = ["one", "two"]
    connection = await at(configure, "https://cars.example")
    clock.advance(minutes=10)
    configure(LOTWIRE_PUBLIC_URL=NEW)
    assert await connections.register_missing_hooks() == 1
    assert await connections.register_missing_hooks() == 0
    moved = await fresh(connection)
    assert (Hooked.said, Hooked.urls[-1]) == (["+one", "+two"], f"{NEW}/hooks/simulator/{connection.id}")
    assert (moved.hook_id, moved.hook_base, moved.hook_problem) == ("two", NEW, "")
    assert (moved.old_hook_id, moved.old_hook_base) == ("one", "https://cars.example")
    assert moved.hook_moved_at is not None
    clock.advance(minutes=61)
    assert await connections.end_old_hooks() == 1
    assert Hooked.said[2:] == ["-one"]


async def test_a_provider_that_takes_no_new_address_keeps_the_old_one_says_so_and_is_asked_again(
    house, configure, clock
):
    connection = await at(configure, "https://cars.example")
    clock.advance(minutes=10)
    configure(LOTWIRE_PUBLIC_URL=NEW)
    Hooked.refuses = ChannelError("Not today.", Kind.PERMANENT)
    for _ in range(3):
        assert await connections.register_missing_hooks() == 0
    kept = await fresh(connection)
    assert Hooked.said == ["+page", "+page"]
    assert kept.hook_base == "https://cars.example"
    assert kept.hook_problem == ("Lotwire has a new address, and the webhook still calls the one before. Not today.")
    Hooked.refuses = None
    clock.advance(minutes=61)
    assert await connections.register_missing_hooks() == 1
    assert (await fresh(connection)).hook_base == NEW


async def test_a_hook_of_before_its_address_was_noted_stays_and_follows_the_next_change(house, configure):
    connection = await old(hook_id="page")
    await connections.register_missing_hooks()
    assert (Hooked.said, (await fresh(connection)).hook_base) == ([], "https://cars.example")
    configure(LOTWIRE_PUBLIC_URL=NEW)
    assert await connections.register_missing_hooks() == 1


async def test_a_public_address_that_is_taken_away_moves_nothing(house, configure):
    connection = await at(configure, "https://cars.example")
    configure(LOTWIRE_PUBLIC_URL="")
    assert await connections.register_missing_hooks() == 0
    assert (await fresh(connection)).hook_base == "https://cars.example"


async def test_for_an_hour_calls_are_taken_that_were_signed_for_the_address_before(
    house, configure, clock, monkeypatch
):
    asked = []

    def verify(self, call):
        asked.append(call.url)
        if not call.url.startswith("https://cars.example/"):
            raise BadSignature("Another address.")
        return []

    monkeypatch.setattr(Hooked, "verify", verify)
    connection = await at(configure, "https://cars.example")
    clock.advance(minutes=10)
    configure(LOTWIRE_PUBLIC_URL=NEW)
    await connections.register_missing_hooks()
    moved = await fresh(connection)
    call = HookCall(f"{NEW}/hooks/simulator/{connection.id}?a=1")
    assert connections.verified(moved, call) == []
    assert asked[-1] == f"https://cars.example/hooks/simulator/{connection.id}?a=1"
    clock.advance(minutes=61)
    with pytest.raises(BadSignature):
        connections.verified(moved, call)

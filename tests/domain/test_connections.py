"""Installed providers: connected after a live check, mended in place, paused when the key is refused."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from domain import connections, credentials, house_mail, plans
from domain.channels.base import ChannelError, Field, Kind, Sender
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState, SenderLink
from domain.errors import Refused, Unavailable
from domain.vault import unseal
from tests import make
from tests.sending import Provider, shop

URL = "http://127.0.0.1:9"


class Door(Provider):
    """A provider that lets in whoever has the right key."""

    problem: ChannelError | None = None
    people: dict[str, Sender] = {}  # noqa: RUF012
    asked: list[str] = []  # noqa: RUF012

    async def check(self) -> None:
        if Door.problem:
            raise Door.problem

    async def find_sender(self, email: str) -> Sender | None:
        Door.asked.append(email)
        await self.check()
        return Door.people.get(email)


@pytest.fixture(autouse=True)
def door(monkeypatch: pytest.MonkeyPatch) -> type[Door]:
    monkeypatch.setitem(CHANNELS, "simulator", Door)
    monkeypatch.setitem(CHANNELS, "dialpad", Door)
    Door.problem, Door.people, Door.asked = None, {}, []
    return Door


async def connect(account, key: str = "key", **values):
    return await connections.connect(account.id, None, "simulator", {"api_key": key}, URL, **values)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("two\nlines", "The API key is one line without tabs. Copy it once more."),
        ("a\0b", "The API key is one line without tabs. Copy it once more."),
        ("k" * 4001, "This is too long for the API key. Copy it once more."),
    ],
)
async def test_what_cannot_be_a_key_is_refused_without_asking_the_provider_or_saying_it(
    house: None, key: str, says: str
) -> None:
    Door.problem = ChannelError("Asked all the same.", Kind.PERMANENT)
    with pytest.raises(Refused) as refused:
        await connect(await make.account(), key)
    assert (refused.value.field, refused.value.message) == ("api_key", says)
    assert await Connection.count() == 0


async def test_what_is_connected_is_sealed_and_found_by_its_kind(house):
    account = await make.account()
    connection, hook_secret = await connect(account, "  the key ")
    assert json.loads(unseal(connection.secret)) == {"api_key": "the key"}
    assert "the key" not in connection.secret
    assert unseal(connection.hook_secret) == hook_secret
    assert len(hook_secret) >= 32
    assert connection.last_ok_at is not None
    assert (await connections.current(account.id, "simulator")).id == connection.id
    assert (await connections.carrying(account.id, "text")).id == connection.id
    assert await connections.carrying(account.id, "email") is None
    assert await connections.current((await make.account()).id, "simulator") is None


@pytest.mark.parametrize(
    ("kind", "key", "url", "field"),
    [("fax", "key", URL, "kind"), ("simulator", " ", URL, "api_key"), ("simulator", "key", "ftp://x", "base_url")],
)
async def test_what_cannot_be_connected_is_refused_at_its_field(house, kind, key, url, field):
    account = await make.account()
    with pytest.raises(Refused) as refused:
        await connections.connect(account.id, None, kind, {"api_key": key}, url)
    assert refused.value.field == field
    assert await Connection.count() == 0


async def test_a_key_the_provider_refuses_is_never_connected(house, door):
    account = await make.account()
    door.problem = ChannelError("The key is not accepted.", Kind.CONNECTION_BROKEN)
    for fine in (False, True):
        with pytest.raises(Refused, match="refused this API key"):
            await connect(account, unchecked_is_fine=fine)
    assert await Connection.count() == 0


async def test_a_provider_that_is_away_is_connected_only_where_that_is_fine(house, door):
    account = await make.account()
    door.problem = ChannelError("dialpad.com was not found.", Kind.NEVER_CONNECTED)
    with pytest.raises(Refused):
        await connect(account)
    connection, _ = await connect(account, unchecked_is_fine=True)
    assert (connection.state, connection.last_ok_at) == (ConnectionState.CONNECTED, None)
    assert connection.last_error == "dialpad.com was not found."


async def test_mending_keeps_the_connection_its_hook_and_what_waits_for_it(house):
    account = await make.account()
    first, secret = await connect(account, "old")
    await make.sender_link(first, await make.user(account))
    await connections.broken(first.id, "The key is not accepted.")
    mended, same_secret = await connect(account, "new")
    assert (mended.id, same_secret, mended.state) == (first.id, secret, ConnectionState.CONNECTED)
    assert json.loads(unseal(mended.secret)) == {"api_key": "new"}
    assert await SenderLink.count() == 0
    await connections.disconnect(mended, None)
    assert await connections.current(account.id, "simulator") is None
    again, _ = await connect(account)
    assert again.id == first.id


async def test_a_hook_secret_that_is_given_is_taken(house):
    _, secret = await connect(await make.account(), options={"webhook_secret": "theirs, long enough to be one"})
    assert secret == "theirs, long enough to be one"


async def test_after_the_key_of_the_house_changed_connecting_again_works(house, configure):
    account = await make.account()
    old, secret = await connect(account)
    configure(LOTWIRE_SECRET_KEY="another key that is long enough, too")
    with pytest.raises(Unavailable):
        connections.adapter(old)
    mended, new_secret = await connect(account)
    assert mended.id == old.id
    assert new_secret != secret
    connections.adapter(mended)


async def test_a_refused_key_is_told_once_however_many_notice(house):
    account = await make.account()
    admins = [await make.user(account, role="admin") for _ in range(2)]
    await make.user(account, role="admin", active=False)
    await make.user(account, role="manager")
    connection, _ = await connect(account)
    first = await asyncio.gather(*(connections.broken(connection.id, "Refused.") for _ in range(8)))
    assert sorted(first) == [False] * 7 + [True]
    mails = await house_mail.Mail.select(house_mail.Mail.recipient)
    assert sorted(mail["recipient"] for mail in mails) == sorted(admin.email for admin in admins)


async def test_a_look_at_the_key_breaks_or_mends_the_connection(house, door):
    connection, _ = await connect(await make.account())
    door.problem = ChannelError("The key is not accepted.", Kind.CONNECTION_BROKEN)
    assert await connections.recheck(connection) == "The key is not accepted."
    assert (await connections.by_id(connection.id)).state == ConnectionState.BROKEN
    door.problem = ChannelError("dialpad.com was not found.", Kind.NEVER_CONNECTED)
    assert await connections.recheck(connection) == "dialpad.com was not found."
    door.problem = None
    assert await connections.recheck(connection) == ""
    mended = await connections.by_id(connection.id)
    assert (mended.state, mended.last_error) == (ConnectionState.CONNECTED, "")


async def test_a_look_never_revives_what_was_disconnected(house):
    connection, _ = await connect(await make.account())
    await connections.disconnect(connection, None)
    await connections.recheck(await connections.by_id(connection.id))
    gone = await connections.by_id(connection.id)
    assert (gone.state, gone.secret) == (ConnectionState.DISCONNECTED, "")


async def test_a_working_connection_carries_before_a_broken_one(house):
    account = await make.account()
    broken = await make.connection(account, "dialpad", state=ConnectionState.BROKEN)
    assert (await connections.carrying(account.id, "text")).id == broken.id
    working = await make.connection(account, "simulator")
    assert (await connections.carrying(account.id, "text")).id == working.id


async def test_a_sender_is_looked_up_once_in_five_minutes(house, door, clock):
    dealer = await shop()
    door.people = {dealer.user.email: Sender("77", "Robin", ("+16195550199", "+16195550198"))}
    await SenderLink.delete().where(SenderLink.id == dealer.link.id)
    for _ in range(3):
        link = await connections.sender(dealer.connection, dealer.user)
    assert (link.provider_id, link.numbers) == ("77", "+16195550199 +16195550198")
    assert door.asked == [dealer.user.email]
    clock.advance(minutes=5, seconds=1)
    door.people = {}
    assert await connections.sender(dealer.connection, dealer.user) is None
    assert await connections.sender(dealer.connection, dealer.user) is None
    assert len(door.asked) == 2


async def test_looking_up_one_sender_at_the_same_moment_keeps_one_answer(house, door):
    dealer = await shop()
    door.people = {dealer.user.email: Sender("77", "Robin", ())}
    await SenderLink.delete().where(SenderLink.id == dealer.link.id)
    links = await asyncio.gather(*(connections.sender(dealer.connection, dealer.user) for _ in range(5)))
    assert {link.provider_id for link in links} == {"77"}
    assert await SenderLink.count() == 1


async def test_a_look_that_failed_leaves_the_last_answer(house, door, clock):
    dealer = await shop()
    clock.advance(minutes=6)
    door.problem = ChannelError("dialpad.com was not found.", Kind.NEVER_CONNECTED)
    with pytest.raises(ChannelError):
        await connections.sender(dealer.connection, dealer.user)
    (link,) = await SenderLink.objects()
    assert link.provider_id == dealer.link.provider_id


async def test_every_hook_call_that_is_refused_counts(house):
    dealer = await shop()
    await connections.hook_refused(dealer.connection.id)
    await connections.hook_refused(dealer.connection.id)
    assert (await connections.by_id(dealer.connection.id)).refused_hooks == 2


def test_the_simulator_is_part_of_every_plan_and_others_where_it_says_so(monkeypatch):
    monkeypatch.undo()
    assert connections.included("simulator", set())
    assert connections.included("dialpad", {"dialpad"})
    assert not connections.included("dialpad", {"messaging"})


async def test_of_two_that_ask_for_the_hook_at_once_the_second_takes_its_own_back(house, monkeypatch, configure):
    """The web process connects, and meanwhile a worker finds a connection without a hook."""
    configure(LOTWIRE_PUBLIC_URL="https://lotwire.example")
    both, hooks = asyncio.Barrier(2), set()

    class Slow(Door):
        events = ("hook",)

        async def register_hook(self, hook_url: str, secret: str) -> str:
            await both.wait()
            hooks.add(name := f"hook-{len(hooks)}")
            return name

        async def remove_hook(self, hook: str) -> None:
            hooks.remove(hook)

    monkeypatch.setitem(CHANNELS, "simulator", Slow)
    account = await make.account()
    async with asyncio.timeout(20):
        connecting = asyncio.create_task(connect(account))
        while await connections.current(account.id, "simulator") is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert await connections.register_missing_hooks() == 1
        await connecting
    assert hooks == {(await connections.current(account.id, "simulator")).hook_id}


async def test_a_key_that_is_refused_is_called_refused_and_what_is_not_said_anew_stays(house, door):
    account = await make.account()
    first, _ = await connect(account, options={"per_minute": "700"})
    door.problem = ChannelError("The key is no longer accepted.", Kind.CONNECTION_BROKEN)
    with pytest.raises(Refused, match="refused this API key"):
        await connect(account, "another key")
    door.problem = None
    again, _ = await connections.connect(account.id, None, "simulator", {"api_key": "another key"})
    assert (again.id, again.base_url) == (first.id, URL)
    assert json.loads(again.options) == {"per_minute": "700"}


async def test_of_two_who_change_other_options_at_once_neither_undoes_the_other(house):
    user = await make.user()
    connection = await make.connection()
    there = [await connections.current(connection.account, "dialpad") for _ in range(2)]
    await connections.change_options(there[0], user.id, mms=True)
    await connections.change_options(there[1], user.id, answered="STOP")
    kept = await connections.by_id(connection.id)
    assert json.loads(kept.options) == {"mms": True, "answered": "STOP"}


class Post(Provider):
    """A provider that asks for several things."""

    kind, channel, name = "email", "email", "Email"
    countries = frozenset({"CA"})
    fields = (
        Field("host", "Server"),
        Field("security", "Encryption", default="starttls", choices=(("starttls", "STARTTLS"), ("tls", "TLS"))),
        Field("password", "Password", secret=True),
        Field("imap_password", "Password of the mailbox", secret=True, required=False),
    )
    given: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, base_url: str, credentials: Mapping[str, str], webhook_secret: str = "", **options: Any) -> None:
        super().__init__()
        Post.given = dict(credentials)


async def test_several_secrets_are_sealed_together_and_what_is_none_may_be_shown(house, monkeypatch):
    monkeypatch.setitem(CHANNELS, "email", Post)
    account = await make.account(country="CA")
    made, _ = await connections.connect(account.id, None, "email", {"host": "mx.example", "password": " s3cret "})
    assert "s3cret" not in made.secret + made.options
    assert json.loads(made.options) == {"host": "mx.example", "security": "starttls"}
    Post.given = {}
    connections.adapter(made)
    assert Post.given == {"host": "mx.example", "security": "starttls", "password": "s3cret", "imap_password": ""}
    await connections.disconnect(made, None)
    connections.adapter(await connections.by_id(made.id))
    assert (Post.given["host"], Post.given["password"]) == ("mx.example", "disconnected")


async def test_one_key_kept_alone_of_old_is_still_read(house):
    connection = await make.connection(secret="the old key")
    assert credentials.unsealed(CHANNELS["dialpad"], connection.secret) == {"api_key": "the old key"}
    connections.adapter(connection)


@pytest.mark.parametrize(
    ("country", "given", "field"),
    [
        ("CA", {"password": "x"}, "host"),
        ("CA", {"host": "mx.example"}, "password"),
        ("CA", {"host": "mx.example", "password": "x", "security": "none"}, "security"),
        ("US", {"host": "mx.example", "password": "x"}, "kind"),
    ],
)
async def test_a_provider_is_refused_at_the_field_that_is_wrong(house, monkeypatch, country, given, field):
    monkeypatch.setitem(CHANNELS, "email", Post)
    account = await make.account(country=country)
    with pytest.raises(Refused) as refused:
        await connections.connect(account.id, None, "email", given)
    assert refused.value.field == field


def test_every_app_says_what_it_does_and_needs_and_of_which_plan_it_is(monkeypatch):
    monkeypatch.undo()
    kinds = {feature.slug for feature in plans.FEATURES}
    for each in CHANNELS.values():
        assert not each.listed or (each.summary and each.does and each.needs), each.kind
        assert not each.listed or each.fields or not each.events, each.kind  # who is heard has something to be known by
        assert not each.listed or each.feature in kinds
        assert len({field.name for field in each.fields}) == len(each.fields)


@pytest.mark.parametrize("address", ["http://[::1", "https://", "https://dialpad.com:99999", "dialpad.com", "ftp://x"])
async def test_an_address_that_is_none_is_told_in_our_words(house, address):
    with pytest.raises(Refused, match="is not a web address") as refused:
        await connections.connect((await make.account()).id, None, "dialpad", {"api_key": "k"}, address)
    assert refused.value.field == "base_url"

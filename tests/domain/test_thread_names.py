"""Who writes in a Messenger thread is asked for by name once, and every message of theirs bears it."""

import json
from typing import Any

import pytest

from domain import clock, connections, inbox, plans, thread_names, threads, unmatched
from domain.channels.base import ChannelError, Incoming, Kind
from domain.channels.facebook import Facebook
from domain.connections import Connection, ConnectionState
from domain.db import writing
from domain.inbox.incoming import take
from domain.messages import Message
from tests import make

DANA, BEN = "7020304050607081", "7020304050607082"


class Knows:
    """What the Graph API says of people, and who was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.names: dict[str, Any] = {DANA: "Dana Quill", BEN: "Ben Ash"}

    async def name_of(self, address: str) -> str:
        self.asked.append(address)
        said = self.names[address]
        if isinstance(said, ChannelError):
            raise said
        return str(said)


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Knows:
    knows = Knows()
    monkeypatch.setattr(Facebook, "name_of", lambda _, address: knows.name_of(address))
    return knows


@pytest.fixture
async def page(house: None) -> Connection:
    await plans.seed()
    secret = json.dumps({"page_token": "page-token", "app_secret": "app-secret-77"})
    return await make.connection(kind="facebook", secret=secret, options='{"page_id": "102030405060708"}')


async def writes(page: Connection, person: str = DANA, mid: str = "m_1", text: str = "Hi") -> None:
    event = inbox.ProviderEvent(connection=page.id, event_key=mid, payload="{}")
    await inbox.ProviderEvent.insert(event)
    async with writing():
        await take(page, event.id, Incoming(mid, person, "102030405060708", text, clock.now()))


async def shown(page: Connection) -> list[str]:
    rows, _ = await unmatched.page(page.account)
    return sorted(row["author_name"] for row in rows)


async def test_every_message_of_theirs_bears_the_name_and_it_is_asked_for_once(page: Connection, graph: Knows) -> None:
    await writes(page)
    await writes(page, mid="m_2")
    assert await shown(page) == ["", ""]
    assert await thread_names.due()
    await thread_names.ask()
    await thread_names.ask()
    assert not await thread_names.due()
    await writes(page, mid="m_3")
    assert await shown(page) == ["Dana Quill"] * 3
    assert graph.asked == [DANA]


async def test_the_listing_whose_history_names_them_now_is_told_of(page: Connection, graph: Knows) -> None:
    listing = await make.listing(page.account)
    await threads.heard(page.account, page.id, "facebook", DANA, clock.now(), listing=listing.id)
    await writes(page)
    assert await thread_names.ask() == {listing.id}


@pytest.mark.parametrize("said", ["", ChannelError("No permission.", Kind.PERMANENT, code="10"), "\n \t"])
async def test_whom_facebook_does_not_name_stays_without_and_is_not_asked_for_again(
    page: Connection, graph: Knows, said: Any
) -> None:
    graph.names[DANA] = said
    await writes(page)
    await thread_names.ask()
    await thread_names.ask()
    assert (graph.asked, await shown(page)) == ([DANA], [""])
    assert await connections.by_id(page.id)


async def test_a_provider_that_is_away_is_asked_later_and_not_for_the_others_now(
    page: Connection, graph: Knows
) -> None:
    graph.names[BEN] = ChannelError("No answer.", Kind.UNKNOWN)
    await writes(page)
    await writes(page, BEN, "m_2")
    await thread_names.ask()
    assert graph.asked == [BEN]
    graph.names[BEN] = "Ben Ash"
    await thread_names.ask()
    assert (graph.asked, await thread_names.due()) == ([BEN], False)  # not every five seconds
    thread_names._away.clear()
    await thread_names.ask()
    assert await shown(page) == ["Ben Ash", "Dana Quill"]


async def test_a_refused_key_breaks_the_connection_and_asks_for_nobody_more(page: Connection, graph: Knows) -> None:
    graph.names[DANA] = ChannelError("The token has expired.", Kind.CONNECTION_BROKEN)
    await writes(page)
    await thread_names.ask()
    broken = await connections.by_id(page.id)
    assert broken is not None
    assert broken.state == ConnectionState.BROKEN
    assert not await thread_names.due()


async def test_who_wrote_long_ago_is_not_asked_for(page: Connection, graph: Knows, clock: Any) -> None:
    await writes(page)
    clock.advance(hours=25)
    await thread_names.ask()
    assert graph.asked == []


async def test_a_long_name_and_what_no_database_holds_are_made_good(page: Connection, graph: Knows) -> None:
    graph.names[DANA] = "Da\x00na " + "x" * 300
    await writes(page)
    await thread_names.ask()
    [name] = await shown(page)
    assert len(name) == 100
    assert "\x00" not in name
    row = await Message.select(Message.author_name).first()
    assert row["author_name"] == name

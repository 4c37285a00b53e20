"""Where a person writes at the ad's own site: the words, the way there, and what is logged when they say it is done."""

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from domain import clock, drafts, plans, threads
from domain.connections import Connection
from domain.external_contacts import ExternalContact, Type
from domain.listings import Listing
from domain.messages import Message, State
from domain.sources import Source
from tests import make
from tests.client import Client

PAGE, PERSON = "102030405060708", "7020304050607081"
KIJIJI_AD = "https://www.kijiji.ca/v-cars-trucks/toronto/outback/1700000001"


@pytest.fixture
async def browser(house: None, client: Client) -> Client:
    """An agent of a Canadian dealership that uses Facebook and Kijiji."""
    await plans.seed()
    account = await make.account(country="CA", facebook=True, kijiji=True, timezone="America/Toronto")
    return await client.signed_in(await make.user(account))


async def listing_of(browser: Client, source: str, url: str = KIJIJI_AD, **values: Any) -> Listing:
    assert browser.user
    seller = {"first_name": "Dana", "mobile": "", "phone": "", "email": ""}
    return await make.listing(browser.user.account, url=url, source=source, seller=seller, **values)


async def facebook(browser: Client, listing: Listing, hours_ago: float, human_agent: bool = False) -> Connection:
    """A Page, and what its seller wrote to it so long ago."""
    options = json.dumps({"page_id": PAGE, "human_agent": str(human_agent).lower()})
    secret = json.dumps({"page_token": "t", "app_secret": "s"})
    connection = await make.connection(listing.account, kind="facebook", secret=secret, options=options)
    at = clock.now() - timedelta(hours=hours_ago)
    await threads.heard(listing.account, connection.id, "facebook", PERSON, at, listing=listing.id)
    return connection


def typed(channel: str, body: str = "Is the Outback still for sale?", **values: str) -> dict[str, str]:
    return {"nonce": "n-1", "channel": channel, "body": body, **values}


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


async def window(browser: Client, listing: Listing, channel: str, body: str = "Is it still for sale?") -> str:
    answer = await browser.submit(f"/listings/{listing.id}/sends/preview", typed(channel, body), htmx=True)
    return answer.text


async def say(browser: Client, listing: Listing, channel: str, **values: Any) -> Any:
    return await browser.submit(f"/listings/{listing.id}/sends/by-hand", typed(channel, **values))


async def test_a_first_message_on_kijiji_is_written_by_hand(browser: Client) -> None:
    listing = await listing_of(browser, "kijiji")
    html = await window(browser, listing, "kijiji", "Is the {{vehicle.make}} still for sale?")
    assert "Write it yourself on Kijiji" in html
    assert "Write it yourself on Kijiji, as shown with the preview." in text_of(html)  # beside Send, which is off
    assert f'href="{KIJIJI_AD}"' in html
    assert "\nIs the Subaru still for sale?</textarea>" in html  # final, with no blank left in it
    assert "without files" in text_of(html)
    answer = await say(browser, listing, "kijiji", body="Is the {{vehicle.make}} still for sale?")
    assert answer.status_code == 303
    [message] = await Message.objects()
    assert (message.channel, message.kind, message.state) == ("kijiji", "external", State.LOGGED)
    assert (message.body, message.direction) == ("Is the Subaru still for sale?", "out")
    [contact] = await ExternalContact.objects()
    assert (contact.message, contact.type, contact.assisted) == (message.id, Type.INITIAL, True)
    page = text_of((await browser.get(f"/listings/{listing.id}")).text)
    assert "Sent by hand at the site. Nobody reports whether it arrived." in page
    assert "Delivered" not in page


async def test_saying_it_twice_logs_it_once(browser: Client) -> None:
    listing = await listing_of(browser, "kijiji")
    for _ in range(2):
        assert (await say(browser, listing, "kijiji")).status_code == 303
    assert await Message.count() == 1
    assert (await say(browser, listing, "kijiji", nonce="n-2")).status_code == 303
    assert await Message.count() == 2
    assert [each.type for each in await ExternalContact.objects().order_by(ExternalContact.message)] == [
        Type.INITIAL,
        Type.FOLLOW_UP,
    ]


async def test_other_words_of_the_same_window_are_not_lost(browser: Client) -> None:
    listing = await listing_of(browser, "kijiji")
    await say(browser, listing, "kijiji")
    answer = await say(browser, listing, "kijiji", body="Would you take less?")
    assert answer.status_code == 422
    assert "This form logged something else already." in answer.text
    found = re.search(r'name="nonce" value="([^"]+)"', answer.text)
    assert found
    assert (await say(browser, listing, "kijiji", body="Would you take less?", nonce=found[1])).status_code == 303
    assert await Message.count() == 2


async def test_the_draft_is_gone_once_it_was_sent(browser: Client) -> None:
    listing = await listing_of(browser, "kijiji")
    body = "Is the Outback still for sale?"
    assert browser.user
    await drafts.save(browser.user, listing, drafts.Writing(channel="kijiji", body=body), 0)
    await say(browser, listing, "kijiji", body=body)
    assert await drafts.of(browser.user.id, listing.id) is None


async def test_a_first_message_to_an_ad_on_facebook_is_written_by_hand(browser: Client) -> None:
    ad = "https://www.facebook.com/marketplace/item/123"
    listing = await listing_of(browser, "facebook", ad)
    html = await window(browser, listing, "facebook")
    assert "Write it yourself on Facebook" in html
    assert f'href="{ad}"' in html
    assert "Answer there once they do." in html
    assert f"/listings/{listing.id}/edit" not in html  # no field of the seller holds a thread
    assert (await say(browser, listing, "facebook")).status_code == 303


async def test_outside_facebooks_window_the_conversation_is_opened_there(browser: Client) -> None:
    listing = await listing_of(browser, "craigslist")
    await facebook(browser, listing, hours_ago=25)
    html = await window(browser, listing, "facebook")
    assert "Outside Facebook's 24-hour window." in text_of(html)
    assert f'href="https://business.facebook.com/latest/inbox/messenger?asset_id={PAGE}"' in html
    assert (await say(browser, listing, "facebook")).status_code == 303
    assert await ExternalContact.count() == 1


@pytest.mark.parametrize(("hours", "human_agent"), [(23, False), (25, True)])
async def test_within_the_window_nobody_writes_by_hand(browser: Client, hours: float, human_agent: bool) -> None:
    listing = await listing_of(browser, "facebook")
    await facebook(browser, listing, hours, human_agent)
    assert "Write it yourself" not in await window(browser, listing, "facebook")
    answer = await say(browser, listing, "facebook")
    assert answer.status_code == 422
    assert "Lotwire can send this itself. Press Send." in text_of(answer.text)
    assert await Message.count() == 0


async def test_a_form_that_a_person_fills_in_is_opened(browser: Client) -> None:
    listing = await listing_of(browser, "autotrader", "https://www.autotrader.example/9")
    await Source.update({Source.form_transport: "assisted"}).where(Source.id == listing.source)
    html = await window(browser, listing, "form")
    assert "Write it yourself on AutoTrader" in html
    assert "Open the ad and its form" in text_of(html)
    assert (await say(browser, listing, "form")).status_code == 303


@pytest.mark.parametrize("stage", ["dnc", "pass"])
async def test_what_stands_against_any_message_stands_against_this_one(browser: Client, stage: str) -> None:
    listing = await listing_of(browser, "kijiji", stage=stage)
    assert "Write it yourself" not in await window(browser, listing, "kijiji")
    assert (await say(browser, listing, "kijiji")).status_code == 422
    assert await Message.count() == 0


async def test_words_with_a_hole_are_not_offered_to_be_copied(browser: Client) -> None:
    listing = await listing_of(browser, "kijiji")
    html = await window(browser, listing, "kijiji", "It has the colour {{vehicle.color}}?")
    assert re.search(r'id="by-hand-words"[^>]*>\n</textarea>', html)
    assert re.search(r'id="do-by-hand"[^>]* disabled', html)
    assert (await say(browser, listing, "kijiji", body="It has the colour {{vehicle.color}}?")).status_code == 422
    assert (await say(browser, listing, "kijiji", body=" ")).status_code == 422
    assert await Message.count() == 0


async def test_an_address_that_is_no_web_address_is_not_opened(browser: Client) -> None:
    listing = await listing_of(browser, "kijiji", "javascript:alert(1)")
    assert "Write it yourself" not in await window(browser, listing, "kijiji")


async def test_a_dealership_in_the_united_states_has_no_kijiji(house: None, client: Client) -> None:
    await plans.seed()
    browser = await client.signed_in(await make.user(await make.account(country="US", kijiji=True)))
    listing = await listing_of(browser, "kijiji")
    assert "Write it yourself" not in await window(browser, listing, "kijiji")
    assert (await say(browser, listing, "kijiji")).status_code == 422


async def test_somebody_who_only_reads_says_nothing(browser: Client) -> None:
    listing = await listing_of(browser, "kijiji")
    assert browser.user
    reader = await browser.signed_in(await make.user(browser.user.account, role="support"))
    assert (await say(reader, listing, "kijiji")).status_code == 403


async def test_the_window_asks_little_of_the_database(browser: Client, count_queries: Any) -> None:
    listing = await listing_of(browser, "kijiji")
    await window(browser, listing, "kijiji")
    with count_queries() as queries:
        await window(browser, listing, "kijiji")
    assert queries.count <= 8

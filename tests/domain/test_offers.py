"""Which channel a window starts with: the table of cases, then the same from rows of a database."""

from datetime import timedelta
from typing import Any

import pytest

from domain import clock, composing, judging, newest, offers, threads
from domain.channels.registry import CHANNELS
from domain.listings import Listing
from domain.offers import Offer
from domain.sources import Source
from tests import make
from tests.sending import Provider, shop

OFF = "It is not connected."


class Mail(Provider):
    kind, channel, name = "email", "email", "Email"


class Forms(Provider):
    kind, channel, name = "form", "form", "Form"


class Messenger(Provider):
    kind, channel, name = "facebook", "facebook", "Facebook"


class Relay(Provider):
    kind, channel, name = "kijiji", "kijiji", "Kijiji"


def offered(*rows: tuple[str, bool, bool]) -> dict[str, Offer]:
    """channel, is the integration on, is there a datum."""
    return {channel: Offer(channel, "there" if datum else "", "" if on else OFF) for channel, on, datum in rows}


TEXT, EMAIL, FORM = ("text", True, True), ("email", True, True), ("form", True, True)
NO_PHONE, NO_MAIL = ("text", True, False), ("email", True, False)
TEXT_OFF, EMAIL_OFF, FORM_OFF = ("text", False, True), ("email", False, True), ("form", False, True)
FACEBOOK, NO_THREAD, FACEBOOK_OFF = ("facebook", True, True), ("facebook", True, False), ("facebook", False, True)
KIJIJI = ("kijiji", True, True)


@pytest.mark.parametrize(
    ("newest", "rows", "channel"),
    [
        # (1) the channel of the newest platform message
        ("text", (TEXT, EMAIL), "text"),
        ("email", (TEXT, EMAIL), "email"),
        ("form", (TEXT, EMAIL, FORM), "form"),
        ("facebook", (TEXT, EMAIL, FACEBOOK), "facebook"),
        ("kijiji", (TEXT, EMAIL, KIJIJI), "kijiji"),
        # it lacks its datum: it stays the chosen one, and Send is off
        ("text", (NO_PHONE, EMAIL), "text"),
        ("email", (TEXT, NO_MAIL), "email"),
        ("facebook", (TEXT, NO_THREAD), "facebook"),
        # its integration is off: as if nothing had been written
        ("email", (TEXT, EMAIL_OFF), "text"),
        ("text", (TEXT_OFF, EMAIL), "email"),
        ("facebook", (TEXT, EMAIL, FACEBOOK_OFF), "text"),
        # not the dealership's at all any more
        ("kijiji", (TEXT, EMAIL), "text"),
        ("form", (NO_PHONE, EMAIL), "email"),
        # (2) nothing written: the first available of Text, Form, Email
        (None, (TEXT, EMAIL, FORM), "text"),
        (None, (NO_PHONE, EMAIL, FORM), "form"),
        (None, (TEXT_OFF, EMAIL, FORM), "form"),
        (None, (TEXT_OFF, EMAIL, FORM_OFF), "email"),
        (None, (NO_PHONE, EMAIL), "email"),
        # Facebook and Kijiji are never a first choice
        (None, (NO_PHONE, NO_MAIL, FACEBOOK, KIJIJI), ""),
        # (3) none
        (None, (NO_PHONE, NO_MAIL), ""),
        (None, (TEXT_OFF, EMAIL_OFF, FORM_OFF), ""),
        ("email", (TEXT_OFF, EMAIL_OFF), ""),
        (None, (), ""),
    ],
)
def test_the_channel_a_window_starts_with(newest: str | None, rows: Any, channel: str) -> None:
    choice = offers.choose(newest, offered(*rows))
    assert choice.channel == channel
    if not channel:
        assert choice.reason  # Send is grey, and the window says why in one line


def test_each_row_of_the_menu_says_why_it_is_not_available() -> None:
    assert Offer("text", "+15205550117").reason == ""
    assert Offer("text", "").reason == "This seller has no phone number."
    assert Offer("email", "").reason == "This seller has no email address."
    assert Offer("email", "dana@mail.example", OFF).reason == OFF
    assert {channel for channel in offers.LABELS if Offer(channel, "").reason} == set(offers.LABELS)


@pytest.fixture
def every_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in (Mail, Forms, Messenger, Relay):
        monkeypatch.setitem(CHANNELS, provider.kind, provider)


# Newest last. Each is a message of the platform unless it is one that never counts.
@pytest.mark.parametrize(
    ("written", "channel"),
    [
        ([{"channel": "email"}], "email"),
        ([{"channel": "email"}, {"channel": "text"}], "text"),
        ([{"channel": "text"}, {"channel": "email", "direction": "in"}], "email"),
        ([{"channel": "email", "direction": "in"}, {"channel": "text"}], "text"),
        ([{"channel": "email", "author_kind": "system"}], "email"),
        ([{"channel": "text"}, {"channel": "email", "state": "queued"}], "email"),
        ([{"channel": "text"}, {"channel": "email", "state": "unknown"}], "email"),
        ([{"channel": "text"}, {"channel": "email", "state": "failed"}], "email"),
        ([{"channel": "text"}, {"channel": "email", "state": "undelivered"}], "email"),
        ([{"channel": "text"}, {"channel": "email", "state": "pending"}], "text"),
        ([{"channel": "text"}, {"channel": "email", "state": "cancelled"}], "text"),
        ([{"channel": "text"}, {"channel": "email", "state": "cancelled", "code": "undone"}], "text"),
        ([{"channel": "text"}, {"channel": "email", "state": "expired"}], "text"),
        ([{"channel": "text"}, {"channel": "email", "state": "skipped"}], "text"),
        ([{"channel": "email", "state": "cancelled"}, {"channel": "email", "state": "pending"}], "text"),
        ([{"channel": "facebook", "direction": "in", "from_address": "psid-1"}], "facebook"),
        ([{"channel": "kijiji", "direction": "in", "from_address": "s.1@relay.example"}], "kijiji"),
        ([{"channel": "form"}], "form"),
        ([], "text"),
    ],
)
async def test_what_was_written_last_decides(
    house: None, every_channel: None, written: list[dict[str, Any]], channel: str
) -> None:
    dealer = await shop(account=await make.account(country="CA", facebook=True, kijiji=True))
    for kind in ("email", "form", "facebook", "kijiji"):
        await make.connection(dealer.account, kind=kind)
    listing = await make.listing(dealer.account, url="https://ads.example/1", seller={"email": "dana@mail.example"})
    await offer_form(listing)
    start = clock.now() - timedelta(hours=2)
    for n, values in enumerate(written):
        await make.message(listing, at=start + timedelta(minutes=n), **values)
        if values["channel"] in threads.CHANNELS:
            await threads.heard(
                *(dealer.account.id, dealer.connection.id, values["channel"], values["from_address"], start),
                listing=listing.id,
            )
    scene = await dealer.scene(listing)
    last = await newest.of(listing, dealer.user.id)
    assert offers.choose(last.channel, scene.offers()).channel == channel


async def test_a_broken_connection_is_not_started_with(house: None, every_channel: None) -> None:
    dealer = await shop()
    await make.connection(dealer.account, kind="email", state="broken")
    listing = await make.listing(dealer.account, seller={"email": "dana@mail.example"})
    await make.message(listing, channel="email")
    scene = await dealer.scene(listing)
    assert scene.offers()["email"].reason == "Email is not connected. Ask an administrator to connect it."
    assert offers.choose("email", scene.offers()).channel == "text"


async def test_a_refusal_of_the_gate_does_not_change_the_channel(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account, stage="dnc")
    scene = await dealer.scene(listing)
    assert offers.choose(None, scene.offers()).channel == "text"
    assert not (await composing.judge(scene, "text")).allowed


async def test_the_menu_holds_only_what_the_dealership_could_have(house: None) -> None:
    dealer = await shop(account=await make.account(country="US", facebook=False, kijiji=True))
    listing = await make.listing(dealer.account)
    assert list((await dealer.scene(listing)).offers()) == ["text", "email"]
    await offer_form(listing)
    assert list((await dealer.scene(listing)).offers()) == ["text", "email", "form"]


async def offer_form(listing: Listing) -> None:
    await Source.update({Source.form_transport: "http_form"}).where(Source.id == listing.source)


@pytest.mark.parametrize("email", ["connected", "broken", ""])
async def test_a_form_that_is_emailed_as_a_lead_needs_the_dealerships_email(house: None, email: str) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    await make.connection(dealer.account, kind="form")
    await Source.update({Source.form_transport: "adf_email"}).where(Source.id == listing.source)
    if email:
        await make.connection(dealer.account, kind="email", state=email)
    scene, well = await dealer.scene(listing), email == "connected"
    offer = scene.offers()["form"]
    assert (offer.available, not offer.off) == (well, well)
    assert well or offer.off.startswith("Email is not connected.")
    judge = await judging.judge(dealer.account, dealer.user, "batch")
    [row] = [row async for rows in judging.rows(dealer.account, [listing.id], ("form",)) for row in rows]
    codes = {each.code for each in judge.decide(row, "form", to=row["form"]).refusals}
    assert ("no_connection:form" in codes or "no_connection" in codes) == (not well)
    await Source.update({Source.form_transport: "http_form"}).where(Source.id == listing.source)
    assert (await dealer.scene(listing)).offers()["form"].available

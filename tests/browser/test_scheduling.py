"""Sending later in a browser: planned in the window, seen dashed in the history and on the page, gone at its moment."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain import clock
from domain.listings import Listing
from domain.messages import Message, State
from tests.browser import dealership as dealerships
from tests.browser.dealership import Dealership
from tests.browser.page import Page
from tests.browser.test_window import open_window
from tests.site import Site

WORDS = "Hi Dana, may I call tomorrow?"


@pytest.fixture
async def dealership(site: Site) -> AsyncIterator[Dealership]:
    async with dealerships.opened(site) as opened:
        yield opened


async def only(dealership: Dealership, listing: Listing) -> Message:
    (message,) = await dealership.messages(listing)
    return message


IN_TUCSON = {"mobile": "+15205550117", "postal_code": "85701"}  # whose clock is another than the dealership's


def choose(page: Page, name: str, value: str) -> None:
    """A date or a time, as the browser's own picker sets it."""
    page.run(
        """const field = document.querySelector(arguments[0]); field.value = arguments[1];
           field.dispatchEvent(new Event("input", {bubbles: true}))""",
        f"#f-{name}",
        value,
    )


def tomorrow() -> str:
    return f"{clock.now() + timedelta(days=1):%Y-%m-%d}"


async def test_a_text_is_planned_seen_and_leaves_at_its_moment(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership, seller=IN_TUCSON)
    page.fill("#body", WORDS)
    page.click("#when summary")
    async with dealership.site.opened():
        choose(page, "date", tomorrow())
    choose(page, "time", "13:15")
    page.wait_for("1:15 PM by your clock", "#when-said")
    page.wait_for("Schedule text to Dana", "#send-go")
    assert page.axe() == []
    page.screenshot("schedule-window")
    page.click("#send-go")
    page.wait_for("1:15 PM", "#notices")
    page.wait_for("Scheduled", "#log .msg.later")
    assert page.text("#log .msg.later .body") == WORDS

    for path in ("/schedules", "/schedules?view=calendar"):
        page.open(path)
        page.wait_for("Dana", "#results")
        assert page.axe() == []
    page.click("#results td a.link")
    page.wait_for("How it would read now")
    assert page.axe() == []
    page.fill("#f-body", "Hi {{seller.first_name}}, may I call today?")
    page.button("Save").click()
    page.wait_for("Saved. It leaves", "#notices")
    page.wait_for("Hi Dana, may I call today?", "#log .msg.later")

    message = await only(dealership, listing)
    async with dealership.site.opened():
        moment = clock.now() + timedelta(seconds=3)
        await Message.update({Message.scheduled_at: moment}).where(Message.id == message.id)
    page.wait_for("Delivered", "#log .msg.out")
    assert page.all("#log .msg.later") == []
    assert dealership.texts_to(message.to_address) == ["Hi Dana, may I call today?"]
    (text,) = dealership.site.simulator.messages(to=message.to_address)
    assert text["at"] >= moment.isoformat()


async def test_the_sellers_answer_takes_it_back_before_ones_eyes(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.fill("#body", WORDS)
    page.click("#when summary")
    async with dealership.site.opened():
        choose(page, "date", tomorrow())
    choose(page, "time", "13:15")
    page.wait_for("Schedule text to Dana", "#send-go")
    page.click("#send-go")
    page.wait_for("Scheduled", "#log .msg.later")
    message = await only(dealership, listing)
    dealership.site.simulator.reply(message.to_address, "Call me now", to=dealership.number)
    page.wait_for("The seller wrote meanwhile.", "#log .msg.out")
    page.wait_for("Schedule again", "#log .msg.out")


async def test_without_javascript_it_is_planned_changed_and_taken_back(no_script: Page, dealership: Dealership) -> None:
    page = no_script
    listing = await dealership.listing(seller=IN_TUCSON)
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}/sends/new")
    page.fill("#body", WORDS)
    page.click("#when summary")
    async with dealership.site.opened():
        page.find("#f-date").send_keys(tomorrow())
    page.find("#f-time").send_keys("13:15")
    page.button("Preview").click()
    page.wait_for("1:15 PM by your clock", "#when-said")
    page.click("#send-go")
    page.wait_for("1:15 PM", "#notices")
    page.open("/schedules")
    page.click("#results td.end a.btn")
    page.fill("#f-body", "Other words")
    page.button("Save").click()
    page.wait_for("Saved. It leaves", "#notices")
    message = await only(dealership, listing)
    assert (message.body, message.state) == ("Other words", State.PENDING)
    page.open("/schedules")
    page.button("Cancel").click()
    page.wait_for("It will not be sent.", "#notices")
    assert (await only(dealership, listing)).state == State.CANCELLED

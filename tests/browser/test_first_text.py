"""The first text to a number: its line is there, above it one writes, and a template does not say it twice."""

from collections.abc import AsyncIterator

import pytest
from selenium.webdriver.common.keys import Keys

from tests import make
from tests.browser import dealership as dealerships
from tests.browser.dealership import Dealership
from tests.browser.page import Page
from tests.browser.test_window import TEMPLATE, enabled, open_window, pick, press, sent_once, undo
from tests.site import Site

STOP = "Reply STOP to opt out."
UNSAID = "This is the first text to this number."


@pytest.fixture
async def dealership(site: Site) -> AsyncIterator[Dealership]:
    async with dealerships.opened(site, introduces_itself=True) as opened:
        yield opened


def line(dealership: Dealership) -> str:
    return f"This is Maya with {dealership.account.name}. {STOP}"


async def test_one_writes_above_the_line_and_both_leave(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    below = line(dealership)
    assert page.value("#body") == f"\n{below}"
    page.wait_for(f"{len(below)} characters · 1 segment", "#counter")
    assert page.text("#send-why") == "Write a message first."
    page.run("document.querySelector('#body').focus()")
    press(page, "Hi Dana, is it sold?")
    wanted = f"Hi Dana, is it sold?\n{below}"
    assert page.value("#body") == wanted
    page.wait_until(lambda: page.text("#preview .bub") == wanted, "the preview did not follow")
    page.wait_for(f"{len(wanted)} characters · ", "#counter")
    page.click("#send-go")
    page.wait_for("Delivered", "#log .msg.out")
    await sent_once(dealership, listing, wanted)
    page.click(".seller .primary[data-opens]")
    page.wait_until(lambda: page.find("#send-window #body").is_displayed(), "the window did not open again")
    assert page.value("#body") == ""


async def test_a_template_goes_above_it_unasked_and_names_nobody_twice(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    pick(page, TEMPLATE)
    page.wait_until(lambda: page.value("#body").startswith("Hi Dana, Maya from"), "the template was not filled in")
    assert page.all(".ask") == []
    words = page.value("#body")
    assert words.endswith(f"\n{STOP}")
    assert words.count(dealership.account.name) == words.count("STOP") == 1
    page.wait_until(lambda: page.text("#preview .bub") == words, "the preview did not follow")
    undo(page)
    page.wait_until(lambda: page.value("#body") == f"\n{line(dealership)}", "undo does not take it back")


async def test_whoever_takes_it_out_is_told_and_may_send(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.fill("#body", "Hi Dana, is it sold?")
    page.wait_for(UNSAID, "#preview")
    enabled(page)
    page.click("#send-go")
    page.wait_for("Delivered", "#log .msg.out")
    await sent_once(dealership, listing, "Hi Dana, is it sold?")


async def test_it_stays_out_of_an_email_and_comes_back_with_the_text(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership, seller={"email": "dana.reyes@mail.example"})
    below = line(dealership)
    for words in ("", "Hi Dana"):
        page.run("document.querySelector('#channel-email').click()")
        page.wait_until(lambda: page.find("#f-subject").is_displayed(), "an email has a subject")
        page.wait_until(lambda words=words: page.value("#body") == words, "the line went along")
        page.run("document.querySelector('#channel-text').click()")
        page.wait_until(lambda words=words: page.value("#body") == f"{words}\n{below}", "the line did not come back")
        if not words:
            page.run("document.querySelector('#body').focus()")
            press(page, "Hi Dana")
            page.wait_until(lambda: page.value("#body") == f"Hi Dana\n{below}", "one does not write above it")


async def test_it_goes_with_the_number(page: Page, dealership: Dealership) -> None:
    phone = make.phone()
    listing = await dealership.listing(seller={"phone": phone})
    async with dealership.site.opened():
        await make.message(listing, to_address=phone)
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}/sends/new?to=mobile")
    page.wait_until(lambda: page.value("#body") == f"\n{line(dealership)}", "the line is not there")
    page.find("#to option[value=phone]").click()
    page.wait_until(lambda: page.value("#body") == "", "the line stays")
    page.wait_for(phone[-4:], "#send-go")
    page.find("#to option[value=mobile]").click()
    page.wait_until(lambda: page.value("#body") == f"\n{line(dealership)}", "the line did not come back")


async def test_a_window_with_the_line_alone_counts_as_empty(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.run("document.querySelector('#body').focus()")
    press(page, "/")
    page.wait_until(lambda: page.focused() == "find-q", "the search did not open")
    press(page, Keys.ESCAPE)
    press(page, Keys.ESCAPE)
    page.wait_until(lambda: not page.find("#send").is_displayed(), "the window did not close")
    await dealership.drafted(listing, "From the phone")
    page.click(".seller .primary[data-opens]")
    page.wait_until(lambda: page.value("#body") == "From the phone", "the draft of another device did not come")

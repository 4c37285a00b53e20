"""Writing at the ad's own site with the window's help, answering on Messenger, and the forms of sites, as people see
them: axe finds no fault, and each does what it says."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain import clock, threads
from domain.external_contacts import ExternalContact
from domain.listings import Listing
from domain.messages import Message, State
from domain.sources import Source
from tests import make
from tests.browser import dealership as dealerships
from tests.browser.dealership import Dealership
from tests.browser.page import Page
from tests.browser.test_accessibility import examine
from tests.site import Site

AD = "https://www.facebook.com/marketplace/item/123"
WORDS = "Is the Outback still for sale?"


@pytest.fixture
async def dealership(site: Site) -> AsyncIterator[Dealership]:
    async with dealerships.opened(site, connected=False, facebook=True) as opened:
        yield opened


async def ad(dealership: Dealership) -> Listing:
    return await dealership.listing(source="facebook", url=AD, seller={"mobile": "", "email": ""})


async def logged(dealership: Dealership, listing: Listing) -> Message:
    [message] = await dealership.messages(listing)
    async with dealership.site.opened():
        [contact] = await ExternalContact.objects().where(ExternalContact.message == message.id)
    assert (message.state, message.channel, contact.assisted) == (State.LOGGED, "facebook", True)
    return message


async def test_the_words_are_copied_and_logged_from_the_window_over_the_page(
    page: Page, dealership: Dealership
) -> None:
    listing = await ad(dealership)
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}")
    page.click(".seller .primary[data-opens]")
    page.wait_until(lambda: page.find("#send-window #body").is_displayed(), "the window did not open")
    page.run("document.querySelector('#channel-facebook').click()")
    page.wait_for("Write it yourself on Facebook", "#preview")
    page.find("#body").send_keys(WORDS)
    page.wait_until(lambda: page.value("#by-hand-words") == WORDS, "the words did not follow")
    examine(page, "by-hand")
    page.click("[data-copies]")
    page.wait_until(lambda: page.run("return getSelection().toString()") == WORDS, "nothing was selected to copy")
    page.click("#do-by-hand")
    page.wait_for("It is logged as sent by hand.", "#notices")
    page.wait_for("Sent by hand at the site.", "#log .msg.ext")
    page.wait_until(lambda: not page.run("return document.querySelector('#send').open"), "the window stayed open")
    assert (await logged(dealership, listing)).body == WORDS
    examine(page, "by-hand-logged")


async def test_without_scripts_it_is_the_same(no_script: Page, dealership: Dealership) -> None:
    listing = await ad(dealership)
    await dealership.signed_in(no_script)
    no_script.open(f"/listings/{listing.id}/sends/new?channel=facebook")
    no_script.find("#body").send_keys(WORDS)
    no_script.find("[name=do][value=preview]").click()
    no_script.wait_for(WORDS, "#by-hand")
    no_script.find("#do-by-hand").click()
    no_script.wait_for("Sent by hand at the site.")
    assert (await logged(dealership, listing)).body == WORDS


async def test_an_answer_outside_the_window_of_messenger_is_written_there(page: Page, dealership: Dealership) -> None:
    listing = await ad(dealership)
    async with dealership.site.opened():
        options = json.dumps({"page_id": "102030405060708", "human_agent": "false"})
        secret = json.dumps({"page_token": "t", "app_secret": "s"})
        made = await make.connection(dealership.account, kind="facebook", secret=secret, options=options)
        at = clock.now() - timedelta(hours=30)
        where = (dealership.account.id, made.id, "facebook", "7020304050607081", at)
        await threads.heard(*where, listing=listing.id)
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}/sends/new?channel=facebook")
    page.wait_for("Outside Facebook's 24-hour window.")
    assert page.find("#by-hand a").get_attribute("href").startswith("https://business.facebook.com/latest/inbox/")
    assert page.find("#send-go").get_attribute("disabled")
    examine(page, "by-hand-late")


async def test_how_each_sites_form_is_reached(page: Page, dealership: Dealership) -> None:
    await ad(dealership)
    async with dealership.site.opened():
        admin = await make.user(dealership.account, "admin")
        source = await make.source(dealership.account, "autotrader")
        await make.connection(dealership.account, kind="form", base_url="", secret="{}")
    await dealership.signed_in(page, admin)
    page.open("/apps/form")
    page.run("[...document.querySelectorAll('a')].find(a => a.pathname === '/site-forms').click()")
    page.wait_for("Forms of your sites", "h1")
    examine(page, "site-forms")
    page.open(f"/site-forms/{source.id}")
    page.run("document.querySelector('#f-kind').value = 'http_form'")
    page.fill("#f-endpoint", "http://site.example/contact")
    page.find("main form .primary, main form [type=submit]:not([name])").click()
    page.wait_for("A form's address starts with https://.")
    examine(page, "site-form-refused")
    page.fill("#f-endpoint", "https://site.example/contact")
    page.fill("#f-permission", "Our own site")
    page.fill("#f-fields", "text = {{message}}\nname = {{agent.name}}")
    page.fill("#f-body", "Thank you")
    page.find("[value=preview]").click()
    page.wait_for("What would be sent")
    examine(page, "site-form-preview")
    page.find("main form [type=submit]:not([name])").click()
    page.wait_for("The form of AutoTrader is saved.")
    async with dealership.site.opened():
        kept = await Source.objects().get(Source.id == source.id)
    assert kept is not None
    assert kept.form_transport == "http_form"

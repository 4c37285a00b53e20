"""A whole email, the pages by which a seller ends ours, the forms of sites and their tests: axe finds no fault, nothing
runs off the screen."""

import json

from domain import clock, form_transports, imprints, mails, threads
from domain.channels.registry import CHANNELS
from domain.connections import Connection
from domain.messages import Message, State
from domain.sources import Source
from tests import make
from tests.browser.dealership import Dealership
from tests.browser.page import Page
from tests.browser.test_accessibility import LONG, examine

DANA = "dana.reyes@mail.example"
HTML = (
    "<h1>Our Outback</h1><p>It runs <b>well</b>.</p><table><tr><td>Miles</td><td>48,210</td></tr></table>"
    f'<p>{LONG}</p><ul><li>tires</li></ul><p><a href="https://ads.example/1">the ad</a></p><img src="https://a.example/p">'
)


async def test_the_whole_of_an_email(page: Page, dealership: Dealership) -> None:
    listing = await dealership.listing(seller={"email": DANA})
    async with dealership.site.opened():
        inbound = await make.message(
            listing, direction="in", channel="email", from_address=DANA, subject=f"Re: {LONG}", body="It runs well."
        )
        await mails.keep(inbound.id, listing.account, "<1@mail.example>", html=HTML)
        plain = await make.message(
            listing, direction="in", channel="email", from_address=DANA, body=f"Hi Maya,\n\n{LONG}"
        )
    await dealership.signed_in(page)
    for message, words in ((inbound, "It runs"), (plain, "Hi Maya")):
        page.open(f"/messages/{message.id}/letter")
        page.wait_for(words, "main")
        examine(page, f"letter-{words[:2].lower()}")


async def test_a_seller_ends_our_emails(page: Page, dealership: Dealership) -> None:
    listing = await dealership.listing(seller={"email": DANA})
    async with dealership.site.opened():
        await make.message(listing, channel="email", kind="batch", to_address=DANA, state=State.SENT)
    page.open(f"/unsubscribe/{listing.id}/{imprints.signature(listing.id, DANA)}")
    page.wait_for(DANA)
    examine(page, "unsubscribe")
    page.click("main form [type=submit]")
    page.wait_for("You will get no more emails from us")
    examine(page, "unsubscribed")
    page.open(f"/unsubscribe/{listing.id}/wrong")
    page.wait_for("This link does not work")
    examine(page, "unsubscribe-useless")


async def test_the_forms_of_sites_and_their_tests(page: Page, dealership: Dealership) -> None:
    listing = await dealership.listing()
    async with dealership.site.opened():
        admin = await make.user(dealership.account, "admin")
        await make.connection(dealership.account, kind="form")
        source = await Source.objects().get(Source.id == listing.source)
        assert source is not None
        await Source.update({Source.form_transport: "http_form"}).where(Source.id == source.id)
        await form_transports.FormTransport.insert(
            form_transports.FormTransport(
                account=dealership.account.id,
                source=source.id,
                kind="http_form",
                endpoint=f"https://site.example/{LONG}",
                fields=json.dumps({"text": "{{message}}"}),
                success=json.dumps({"body": "Thank you"}),
                permission="Our own site",
            )
        )
    await dealership.signed_in(page, admin)
    page.open("/site-forms")
    page.wait_for("Forms of your sites", "h1")
    examine(page, "site-forms")
    page.open(f"/site-forms/{source.id}")
    page.wait_for("Send a test")
    examine(page, "site-form")
    page.run("document.querySelector('form[action$=trials]').noValidate = true")
    page.click("form[action$=trials] [type=submit]")
    page.wait_for("Tick the box to post it")
    examine(page, "site-form-test-refused")


async def test_a_conversation_that_takes_a_test(page: Page, dealership: Dealership) -> None:
    async with dealership.site.opened():
        admin = await make.user(dealership.account, "admin")
        connection: Connection = await make.connection(
            dealership.account,
            kind="facebook",
            secret=json.dumps({field.name: "secret" for field in CHANNELS["facebook"].fields if field.secret}),
            options=json.dumps({"page_id": "102030405060708"}),
        )
        account, person = dealership.account.id, "7020304050607081"
        await threads.heard(account, connection.id, "facebook", person, clock.now(), name=LONG[:60])
        await make.unmatched(dealership.account, channel="facebook", from_address=person, body="Test")
    await dealership.signed_in(page, admin)
    page.open("/apps/facebook")
    page.wait_for("who wrote TEST")
    examine(page, "app-facebook-test")
    async with dealership.site.opened():
        await Message.delete().where(Message.account == account)
    page.open("/apps/facebook")
    page.wait_for("write the one word TEST to your Page")
    examine(page, "app-facebook-no-test")


async def test_what_a_dealership_says_of_itself(page: Page, dealership: Dealership) -> None:
    async with dealership.site.opened():
        admin = await make.user(dealership.account, "admin")
    await dealership.signed_in(page, admin)
    page.open("/dealership")
    page.wait_for("An email to many ends with your name and postal address")
    examine(page, "dealership")

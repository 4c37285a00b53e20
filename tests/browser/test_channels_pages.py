"""Every app's page, the inbox of what belongs to no listing, and the form for a contact made elsewhere: axe finds no
fault, nothing runs off the screen, and each does what it says."""

import json
from datetime import timedelta

from domain import clock, external
from domain.channels.registry import CHANNELS
from domain.connections import Connection
from domain.external import Contact
from domain.inbox import MatchSuggestion
from domain.messages import Message
from domain.users import User
from tests import make
from tests.browser.dealership import Dealership
from tests.browser.page import Page
from tests.browser.test_accessibility import LONG, examine
from tests.domain.test_reviews import waits

MAIL = {"from_email": "sales@harborauto.example", "imap_username": "sales@harborauto.example"}
GIVEN = {"email": MAIL, "kijiji": MAIL, "twilio": {"account_sid": "AC" + "0" * 32, "from_number": "+15205550199"}}


async def test_every_app_before_and_after_it_is_connected(page: Page, dealership: Dealership) -> None:
    listed = [kind for kind, provider in CHANNELS.items() if provider.listed]
    async with dealership.site.opened():
        admin = await make.user(dealership.account, "admin", owner=True, phone="+15205550190")
        await make.user(dealership.account, name="Nobody Knows", email="nobody@elsewhere.example")
    await dealership.signed_in(page, admin)
    for kind in listed:
        page.open(f"/apps/{kind}")
        page.wait_for("What it needs")
        examine(page, f"app-{kind}-new")
    async with dealership.site.opened():
        for kind in listed:
            if not await Connection.exists().where(
                (Connection.account == dealership.account.id) & (Connection.kind == kind)
            ):
                await make.connection(dealership.account, kind, options=json.dumps(GIVEN.get(kind, {})))
        await Connection.update(
            {Connection.last_event_at: clock.now(), Connection.last_error: "It took too long to answer."}
        ).where(Connection.account == dealership.account.id)
    for kind in listed:
        page.open(f"/apps/{kind}")
        page.wait_for("Change the connection")
        page.run("document.querySelectorAll('details').forEach(each => each.open = true)")
        examine(page, f"app-{kind}-connected")


async def test_an_agent_sees_the_number_they_text_from(page: Page, dealership: Dealership) -> None:
    await dealership.signed_in(page)
    page.open("/apps/dialpad")
    page.wait_for("Your number")
    examine(page, "app-agent")


async def test_a_message_that_matched_nobody_is_settled(page: Page, dealership: Dealership) -> None:
    listing = await dealership.listing()
    async with dealership.site.opened():
        account = dealership.account
        mail = await make.unmatched(
            account,
            channel="email",
            from_address="dana@mail.example",
            author_name="Dana Reyes",
            subject="The Outback",
            body="Hello, you asked about my Outback. It is still for sale.\n\nDana",
        )
        why = "It comes from the email address of this seller."
        await MatchSuggestion.insert(MatchSuggestion(message=mail.id, listing=listing.id, why=why))
        number = "+15205550142"
        text = await make.unmatched(account, from_address=number, body="Is this about the truck?")
        await make.unmatched(account, from_address=number, body="Call me please")
        await make.unmatched(account, body=LONG)
        await make.unmatched(account, body="Buy my warranty", responded_at=clock.now())
    await dealership.signed_in(page)
    page.open("/unmatched")
    page.wait_for("Maybe")
    examine(page, "unmatched-guess")
    page.open(f"/unmatched/{mail.id}")
    page.wait_for("It may be about")
    examine(page, "unmatched-mail")
    page.open(f"/unmatched/{text.id}?q=outback")
    page.wait_for("1 more from the same sender")
    page.run("document.querySelectorAll('details').forEach(each => each.open = true)")
    examine(page, "unmatched-search")
    page.open("/unmatched/discarded")
    page.wait_for("Buy my warranty")
    examine(page, "unmatched-discarded")
    page.open(f"/unmatched/{text.id}?q=outback")
    page.click("form[action$=links] button")
    page.wait_for("2 messages are in the history.")
    assert "Is this about the truck?" in page.text("#log")


async def test_the_menu_counts_what_waits(page: Page, dealership: Dealership) -> None:
    async with dealership.site.opened():
        await make.unmatched(dealership.account)
        await waits(await make.listing(dealership.account))
    await dealership.signed_in(page)
    page.open("/guides")  # which itself knows of neither
    page.wait_until(lambda: page.text("#unmatched-count").startswith("1"))
    page.wait_until(lambda: page.text("#reviews-count").startswith("1"))
    assert page.text("#unmatched-count").startswith("1")


async def test_a_call_is_logged_over_the_vehicle_and_stands_in_its_history(page: Page, dealership: Dealership) -> None:
    listing = await dealership.listing()
    async with dealership.site.opened():
        agent = await User.objects().get(User.id == dealership.agent.id)
        assert agent is not None
        said = Contact("facebook", "in", clock.now() - timedelta(hours=2), "reply", "Still there, yes.")
        await external.log(dealership.account, listing, agent, said)
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}")
    page.click(".seller a[href$='external-contacts/new'].btn")
    page.wait_for("What was said")
    examine(page, "log-dialog")
    page.fill("#f-lasted", "4:30")
    page.fill("#f-note", "Wants twelve thousand. Calls back on Friday.")
    page.click("#contact-form [type=submit]")
    page.wait_for("It is logged.")
    examine(page, "log-history")
    assert "4 min 30 s" in page.text("#log")
    async with dealership.site.opened():
        assert await Message.count().where((Message.listing == listing.id) & (Message.kind == "external")) == 2
    page.open(f"/listings/{listing.id}/external-contacts/new?way=visit")
    examine(page, "log-page")
    page.fill("[name=date]", "")
    page.click("#contact-form [type=submit]")
    page.find("#errors")
    examine(page, "log-refused")

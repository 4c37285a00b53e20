"""Frozen in a browser: the banner leads to the page, and the owner's button lets things leave again."""

import asyncio
from datetime import timedelta

from domain import clock
from domain.installations import freezing, oddities, overdue
from domain.users import User
from tests import make
from tests.browser import dealership as dealerships
from tests.browser.page import Page
from tests.browser.test_accessibility import examine
from tests.site import Site


async def test_the_owner_follows_the_banner_and_cancels_what_is_overdue(page: Page, site: Site) -> None:
    async with dealerships.opened(site, role="admin") as dealership:
        async with site.opened():
            await User.update({User.owner: True}).where(User.id == dealership.agent.id)
            listing = await make.listing(dealership.account, seller={"mobile": "+14805550119"})
            await freezing.freeze(oddities.RESTORED)
        await asyncio.sleep(freezing.KEPT_SECONDS)  # what web and worker looked up just before is that old at most
        async with site.opened():
            for hours, kind in ((6, "one_to_one"), (5, "batch"), (3, "scheduled")):
                due = clock.now() - timedelta(hours=hours)
                await make.message(listing, user=dealership.agent, state="queued", kind=kind, not_before=due)
            number = sum(each.number for each in await overdue.counts())  # earlier dealerships may have left some
        try:
            await dealership.signed_in(page)
            page.open(f"/listings/{listing.id}")
            page.wait_for("Nothing is sent at present", ".banner")
            examine(page, "frozen-vehicle")
            page.click(".banner a")
            page.wait_for("Sending is stopped", "h1")
            page.wait_for(f"{number} messages are overdue", "main")
            examine(page, "release")
            page.click("main .btn.danger")
            page.wait_for("messages are cancelled", "#notices")
            page.wait_for("Everything leaves as it should", "main")
        finally:
            async with site.opened():
                await freezing.release(None)

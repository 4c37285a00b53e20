"""Exporting a seller's file and erasing a seller in a browser, from the menu to what is left of them."""

from selenium.webdriver.common.by import By

from domain import seller_files
from domain.listings import Listing
from tests import make
from tests.browser import dealership as dealerships
from tests.browser.dealership import Dealership
from tests.browser.page import Page
from tests.browser.test_accessibility import examine
from tests.site import Site

PERSON = {"first_name": "Dana", "last_name": "Quillfeather", "mobile": "+14805550117"}


async def written_to(dealership: Dealership) -> Listing:
    """The first of the seller's two ads, with an answer, and a message that waits."""
    async with dealership.site.opened():
        first = await make.listing(dealership.account, seller={**PERSON, "email": "dana@private.example"})
        await make.listing(dealership.account, model="Forester", seller={**PERSON, "phone": "+14805550118"})
        await make.listing(dealership.account, model="Crosstrek", seller={"mobile": "+14805550118"})
        await make.message(first, user=dealership.agent, body="Hi Dana, is the Outback still for sale?")
        await make.message(first, direction="in", body="It is. Call me.")
        await make.message(first, user=dealership.agent, state="pending", body="See you on Friday?")
        await make.event(first, "opted_out", detail={"address": PERSON["mobile"]})
    return first


def from_the_menu(page: Page, listing: Listing, label: str) -> None:
    page.open(f"/listings/{listing.id}")
    page.click("[popovertarget=seller-menu]")
    page.find("#seller-menu").find_element(By.PARTIAL_LINK_TEXT, label).click()


async def test_an_admin_exports_and_erases(page: Page, site: Site) -> None:
    async with dealerships.opened(site, role="admin") as dealership:
        listing = await written_to(dealership)
        await dealership.signed_in(page)
        from_the_menu(page, listing, "Export this seller")
        page.wait_for("Export the file of Dana Quillfeather", "h1")
        page.wait_for("2 listings", "main")
        examine(page, "seller-file-new")
        async with site.opened():
            made = await seller_files.export(dealership.account, listing, dealership.agent)
            made.file.close()
        page.open(f"/listings/{listing.id}/seller-files/new")
        page.wait_for(made.sha256, "main")
        examine(page, "seller-file-exported")
        from_the_menu(page, listing, "Erase this seller")
        page.wait_for("Erase Dana Quillfeather?", "h1")
        page.wait_for("other sellers have it, too", "main")
        examine(page, "erasure-new")
        page.fill("[name=reason]", "Dana asked by letter")
        page.fill("[name=confirm]", "ERASE")
        page.click("main form [type=submit]")
        page.wait_for("Leave the seller’s name", "#errors")
        examine(page, "erasure-refused")
        page.fill("[name=reason]", "Letter of 20 November")
        page.click("main form [type=submit]")
        page.wait_for("The seller is erased from 2 listings", "#notices")
        page.wait_for("Erased on request.", "main")
        examine(page, "erased-listing")
        page.open(f"/listings/{listing.id}/erasures/new")
        page.wait_for("This seller is erased", "h1")
        examine(page, "erasure-done")

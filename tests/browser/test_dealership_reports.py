"""Reporting a seller as a dealership in a browser: the menu, the switch, the report and its way back."""

from domain.listings import Listing
from tests import make
from tests.browser import dealership as dealerships
from tests.browser.dealership import Dealership
from tests.browser.page import Page
from tests.browser.test_accessibility import examine
from tests.site import Site

PERSON = {"first_name": "Dana", "last_name": "Reyes", "mobile": "+15205550117"}


async def two_of_one_number_and_a_namesake(dealership: Dealership) -> Listing:
    """The first of them."""
    async with dealership.site.opened():
        first, *_ = [
            await make.listing(dealership.account, model=model, seller=person)
            for model, person in (
                ("Outback", {**PERSON, "email": "dana@lot.example", "street": "12 Oak St"}),
                ("Forester", PERSON),
                ("Crosstrek", {"first_name": "DANA", "last_name": "Reyes"}),
            )
        ]
        await make.message(first, user=dealership.agent, state="pending")
    return first


def report_from_the_menu(page: Page, listing: Listing) -> None:
    page.open(f"/listings/{listing.id}")
    page.click("[popovertarget=seller-menu]")
    page.click("#seller-menu a[href*=dealership-reports]")
    page.wait_for("Report Dana Reyes as a dealership?", "h1")


async def test_a_manager_reports_and_takes_back(page: Page, site: Site) -> None:
    async with dealerships.opened(site, role="manager") as dealership:
        listing = await two_of_one_number_and_a_namesake(dealership)
        await dealership.signed_in(page)
        page.open(f"/listings/{listing.id}")
        page.click("[popovertarget=seller-menu]")
        examine(page, "seller-menu")
        report_from_the_menu(page, listing)
        page.wait_for("2 listings", "#affected")
        page.wait_for("1 message", "#affected")
        examine(page, "dealership-report-new")
        page.click("[name=by_name]")
        page.wait_for("3 listings", "#affected")
        page.wait_for("Crosstrek", "#report-listings")
        page.click("[name=by_name]")
        page.wait_for("2 listings", "#affected")
        page.click("[name=by_name]")
        page.wait_for("3 listings", "#affected")
        page.click("#affected [type=submit]")
        page.wait_for("3 listings are hidden and passed.", "#notices")
        examine(page, "dealership-report")
        page.open("/dealership-reports")
        page.wait_for("Dana Reyes", "main")
        examine(page, "dealership-reports")
        page.open("/listings?view=all")
        page.wait_for("No vehicles yet", "main")
        page.open(f"/listings/{listing.id}")
        page.wait_for("Hidden: this seller was reported as a dealership", ".seller")
        examine(page, "hidden-listing")
        page.button("Look at the report").click()
        page.button("Take the report back").click()
        page.wait_for("3 listings are in the inventory again.", "#notices")
        page.open("/listings?view=all")
        assert len(page.all("#results tbody tr")) == 3


async def test_without_scripts_the_switch_has_a_button(no_script: Page, site: Site) -> None:
    page = no_script
    async with dealerships.opened(site, role="manager") as dealership:
        listing = await two_of_one_number_and_a_namesake(dealership)
        await dealership.signed_in(page)
        report_from_the_menu(page, listing)
        page.wait_for("2 listings", "#affected")
        page.click("[name=by_name]")
        page.button("Update the list").click()
        page.wait_for("3 listings", "#affected")
        page.click("#affected [type=submit]")
        page.wait_for("3 listings are hidden and passed.", "#notices")


async def test_no_report_of_anybody_yet(page: Page, dealership: Dealership) -> None:
    await dealership.signed_in(page)
    page.open("/dealership-reports")
    page.wait_for("Nobody is reported", "main")
    examine(page, "dealership-reports-empty")

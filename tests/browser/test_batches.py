"""One wording to many, as a manager lives it: ticked, written, looked at, let go through the simulator, watched."""

from collections.abc import AsyncIterator

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from domain.batches.tables import Batch
from tests.browser import dealership as dealerships
from tests.browser.dealership import Dealership
from tests.browser.page import Page
from tests.browser.test_window import IN_CHROMIUM
from tests.site import Site

WORDING = "First hello: would you sell to us?"


@pytest.fixture
async def manager(site: Site) -> AsyncIterator[Dealership]:
    async with dealerships.opened(site, role="manager") as opened:
        yield opened


async def cars(dealership: Dealership) -> list[str]:
    """Three sellers who get a text and one who does not; the mobiles of the three."""
    going = [
        await dealership.listing(make=brand, model=model, seller={"first_name": name})
        for brand, model, name in (("Subaru", "Outback", "Dana"), ("Ford", "F-150", "Ana"), ("Honda", "Civic", "Lee"))
    ]
    await dealership.listing(make="Mazda", model="CX-5", stage="pass")
    return [await dealership.mobile(listing) for listing in going]


async def test_a_manager_writes_once_to_many_and_watches_it_end(page: Page, manager: Dealership) -> None:
    mobiles = await cars(manager)
    await manager.signed_in(page)
    page.open("/listings")
    page.complaints()  # of the way here
    page.click("[name=listing_ids]")
    assert page.run("return getComputedStyle(document.querySelector('.picked'), '::before').content")
    looks(page, "batches-inventory")
    page.button("Choose the 4 on this page").click()
    page.wait_until(lambda: len(page.all("[name=listing_ids]:checked")) == 4, "not all four are ticked")
    page.button("Send message").click()
    page.wait_for("Message to 4 sellers", "h1")

    page.click("label:has([name=channel][value=text])")
    page.wait_until(lambda: not page.all("#f-subject"), "a text has no subject")
    assert page.value("#f-to_field") == "mobile"
    assert page.value("#from") == manager.agent.email
    page.run(
        """const t = document.querySelector('#template');
           t.value = [...t.options].find(o => o.textContent.trim() === arguments[0]).value;
           htmx.trigger(t, 'change')""",
        WORDING,
    )
    page.wait_until(lambda: page.value("#f-body").startswith("Hi {{seller.first_name"), "the template did not come")
    typed = page.value("#f-body")
    page.find("#f-body").send_keys(" ")
    page.click("#b-ins-1")
    page.wait_until(lambda: page.value("#f-body") == f"{typed} {{{{seller.first_name}}}}", "no blank at the cursor")
    page.wait_for("Reply STOP to opt out", "#batch-preview .bub")
    page.wait_for("it can be longer", "#batch-preview")
    looks(page, "batches-window")
    assert page.axe() == []
    page.button("Look at it before it goes").click()

    page.wait_for("3 of 4 get it, 1 does not. 3 + 1 = 4", ".lead")
    page.wait_for("This listing was passed.")
    assert "1 of 3" in page.text("#sample")
    first = page.text("#sample .bub")
    page.click("#sample [rel=next]")
    page.wait_for("2 of 3", "#sample")
    assert page.text("#sample .bub") != first
    looks(page, "batches-look")
    assert page.axe() == []
    page.button("Send 3 texts").click()

    page.wait_for("Batch to 4 sellers", "h1")
    page.wait_until(lambda: len(page.all("#recipients tbody tr")) == 4, "not everybody is there")
    page.wait_for("Done", "#batch .chip")
    page.wait_until(lambda: not page.all("#batch[hx-trigger]"), "it goes on asking")
    looks(page, "batches-progress")
    assert page.axe() == []
    for mobile, name in zip(mobiles, ("Dana", "Ana", "Lee"), strict=True):
        [said] = manager.texts_to(mobile)
        assert said.startswith(f"Hi {name}")
        assert said.endswith("Reply STOP to opt out")

    page.open("/batches")
    page.wait_for("3 sent, 1 did not get it")
    looks(page, "batches-list")
    assert page.axe() == []
    page.button("1 did not get it").click()
    page.wait_for("Who did not get it", "#recipients")
    assert len(page.all("#recipients tbody tr")) == 1
    page.button("2019 Mazda CX-5").click()
    page.wait_for("Batch", "#log")
    assert page.complaints() == []


@IN_CHROMIUM  # Firefox heeds no label while Shift is held, the box alone
async def test_shift_takes_the_rows_between_two_ticks_along(page: Page, manager: Dealership) -> None:
    for n in range(6):
        await manager.listing(model=f"Outback {n}")
    await manager.signed_in(page)
    page.open("/listings")
    page.click("h1")  # from here on, text would be selected
    shift_click(page, "label.thumb", 3)  # nothing was ticked before
    assert ticked(page) == [3]
    shift_click(page, "label.thumb", 1)
    assert ticked(page) == [1, 2, 3]
    assert page.run("return String(getSelection())") == ""
    shift_click(page, "[name=listing_ids]", 2)
    assert ticked(page) == [3]
    page.run("document.querySelectorAll('[name=listing_ids]')[5].focus()")
    ActionChains(page.driver).key_down(Keys.SHIFT).send_keys(Keys.SPACE).key_up(Keys.SHIFT).perform()
    assert ticked(page) == [2, 3, 4, 5]

    page.button("Choose the 6 on this page").click()
    page.wait_until(lambda: len(ticked(page)) == 6, "not all six are ticked")
    shift_click(page, "[name=listing_ids]", 4)  # what was ticked before is of a list that is gone
    assert ticked(page) == [0, 1, 2, 3, 5]
    shift_click(page, "[name=listing_ids]", 2)
    assert ticked(page) == [0, 1, 5]
    page.button("Send message").click()
    page.wait_for("Message to 3 sellers", "h1")


async def test_what_is_ticked_stays_chosen_on_the_next_page_and_after_a_search(page: Page, manager: Dealership) -> None:
    for n in range(51):
        await manager.listing(model=f"Outback {n}", search="outback")
    await manager.signed_in(page)
    page.open("/listings")
    page.click("[name=listing_ids]")
    page.click("[rel=next]")
    page.wait_for("and 1 on other pages", ".pick")
    page.wait_until(lambda: page.run("return scrollY") == 0, "it does not begin at the top")
    page.click("[name=listing_ids]")
    page.fill("#q", "outback")
    page.wait_until(lambda: len(page.all("[name=listing_ids]")) == 50, "no list came")
    page.wait_for("and 1 on other pages", ".pick")
    assert ticked(page) == [0]
    page.button("Send message").click()
    page.wait_for("Message to 2 sellers", "h1")


async def test_what_is_ticked_stays_chosen_in_other_views_and_all_that_match_are_given_up_with_a_word(
    page: Page, manager: Dealership
) -> None:
    for n in range(51):
        await manager.listing(model=f"Outback {n}", stage="not_contacted" if n else "contacted")
    await manager.signed_in(page)
    page.open("/listings")
    page.click("[name=listing_ids]")
    page.click("#view-contacted")
    page.wait_for("and 1 on other pages", ".pick")
    assert page.focused() == "view-contacted"
    assert page.find("[aria-current=page]#view-contacted")
    page.click("#view-passed")
    page.wait_for("1 chosen on other pages, and still so.", ".empty")
    page.click("#view-all")
    page.wait_until(lambda: ticked(page) == [0], "it is not ticked any more")
    page.button("Choose all 51").click()
    page.wait_for("All 51 chosen", ".pick")
    page.click("#view-contacted")
    page.wait_for("The 51 that were all chosen before are not any more.", ".pick")


async def test_filters_narrow_the_list_as_they_are_changed_and_what_is_ticked_stays(
    page: Page, manager: Dealership
) -> None:
    for n in range(3):
        await manager.listing(model=f"Outback {n}", year=2017 + n)
    await manager.signed_in(page)
    page.open("/listings")
    page.click("[name=listing_ids]")
    page.click("#narrow summary")
    page.fill("#by-year-from", f"2019{Keys.TAB}")
    page.wait_for("2019 and newer", "#results")
    assert (len(page.all("[name=listing_ids]")), ticked(page)) == (1, [0])
    page.click("#view-contacted")
    page.wait_for("1 chosen on other pages, and still so.", ".empty")
    assert "year_from=2019" in page.path
    page.fill("#by-year-to", f"20l9{Keys.TAB}")
    page.wait_for("“20l9” is not a model year.", "#results")
    page.click("#results .tools .link")
    page.wait_until(lambda: "year_from" not in page.path, "the filters are still there")
    assert page.value("#by-year-from") == ""
    page.wait_for("1 chosen on other pages, and still so.", ".empty")


async def test_send_waits_for_a_filter_that_was_just_typed(page: Page, manager: Dealership) -> None:
    for n in range(51):
        await manager.listing(model=f"Outback {n}", year=2019 if n else 2021, search="outback")
    await manager.signed_in(page)
    page.open("/listings")
    page.click("#narrow summary")
    page.button("Choose all 51").click()
    page.wait_for("All 51 chosen", ".pick")
    page.fill("#by-year-from", "2021")
    page.button("Send message").click()  # without leaving the field before
    page.wait_for("2021 and newer", "#results")
    page.wait_until(lambda: len(page.all("[name=listing_ids]")) == 1, "no list came")
    page.click("[name=listing_ids]")
    page.button("Send message").click()
    page.wait_for("Message to 1 seller", "h1")


async def test_without_scripts_it_goes_as_well(no_script: Page, manager: Dealership) -> None:
    page, mobiles = no_script, await cars(manager)
    await manager.signed_in(page)
    page.open("/listings")
    for box in page.all("[name=listing_ids]"):
        box.click()
    page.button("Send message").click()
    page.fill("#f-body", "Hi ")
    page.click("#b-ins-1")
    page.wait_until(lambda: page.value("#f-body") == "Hi {{seller.first_name}}", "no blank came")
    page.click("label:has([name=channel][value=text])")
    page.button("Show").click()
    page.wait_until(lambda: not page.all("#f-subject[type]"), "a text has no subject")
    page.button("Look at it before it goes").click()
    page.wait_for("3 of 4 get it", ".lead")
    page.button("Send 3 texts").click()
    page.wait_for("Batch to 4 sellers", "h1")

    def through() -> bool:
        page.driver.refresh()
        return "Done" in page.text("#batch .chip")

    page.wait_until(through, "it did not end")
    assert [manager.texts_to(mobile) for mobile in mobiles] == [
        [f"Hi {name}\nReply STOP to opt out"] for name in ("Dana", "Ana", "Lee")
    ]
    async with manager.site.opened():
        assert await Batch.count().where((Batch.account == manager.account.id) & (Batch.state == "done")) == 1


def shift_click(page: Page, css: str, n: int) -> None:
    ActionChains(page.driver).key_down(Keys.SHIFT).click(page.all(css)[n]).key_up(Keys.SHIFT).perform()


def ticked(page: Page) -> list[int]:
    """Which rows are, from 0."""
    return [n for n, box in enumerate(page.all("[name=listing_ids]")) if box.is_selected()]


def looks(page: Page, name: str) -> None:
    """A picture of it by day and by night, on a desk and on a phone, for whoever asks for pictures."""
    if page.engine != "chromium":
        return  # no phone, no night
    for scheme in ("light", "dark"):
        page.set_media(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
        page.screenshot(f"{name}-{scheme}")
        page.be_phone(390, 844)
        page.screenshot(f"{name}-phone-{scheme}")
        page.be_desktop()
    page.set_media(prefers_color_scheme="light")

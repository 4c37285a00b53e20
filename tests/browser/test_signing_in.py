"""The first page anybody sees, in every browser: with scripts, without, on a phone, in the dark."""

import pytest

from tests import make
from tests.browser.dealership import Dealership
from tests.browser.page import Page
from tests.site import Site


async def test_a_person_signs_in_and_stands_before_the_inventory(page: Page, site: Site) -> None:
    async with site.opened():
        user = await make.user()
    page.open("/")
    assert page.path.startswith("/sign-in")
    page.fill("[name=email]", user.email)
    page.fill("[name=password]", make.PASSWORD)
    page.click("form[method=post] [type=submit], form[method=post] button")
    page.wait_until(lambda: page.path == "/listings", "the inventory did not come")
    assert "Inventory" in page.title


async def test_the_same_without_scripts(no_script: Page, site: Site) -> None:
    async with site.opened():
        user = await make.user()
    no_script.open("/")
    no_script.fill("[name=email]", user.email)
    no_script.fill("[name=password]", "not the password")
    no_script.click("form[method=post] button")
    no_script.wait_for("The email address or the password is wrong")
    assert no_script.value("[name=email]") == user.email
    no_script.fill("[name=password]", make.PASSWORD)
    no_script.click("form[method=post] button")
    no_script.wait_until(lambda: no_script.path == "/listings", "the inventory did not come")


def test_scripts_are_off_where_a_test_says_so(no_script: Page, site: Site) -> None:
    """Premise: a page's own script does not run in this browser."""
    no_script.driver.get(f"{site.url}/sign-in")
    assert no_script.driver.execute_script("return typeof htmx") == "undefined"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390, 320])
async def test_the_sign_in_page_has_no_fault_that_axe_finds(
    page: Page, dealership: Dealership, width: int, scheme: str
) -> None:
    if page.engine == "chromium":
        page.set_media(prefers_color_scheme=scheme)
        if width < 1000:
            page.be_phone(width)
    page.open("/sign-in")
    page.screenshot(f"sign-in-{width}-{scheme}")
    assert page.axe() == []
    assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")
    if page.engine == "chromium":
        assert page.run("return window.innerWidth") == width
        assert page.run("return matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")


async def test_axe_would_find_a_fault(page: Page, dealership: Dealership) -> None:
    """Premise of every test that finds none."""
    page.open("/sign-in")
    page.run("document.querySelector('form[method=post]').append(document.createElement('button'))")
    assert [fault.split(":")[0] for fault in page.axe()] == ["button-name"]


async def test_the_console_stays_silent_and_would_tell_of_a_refused_script(page: Page, dealership: Dealership) -> None:
    if page.engine != "chromium":
        assert page.engine in {"firefox", "webkit"}  # they hand out no console
        return
    page.complaints()
    page.open("/sign-in")
    assert page.complaints() == []
    page.run("document.body.append(Object.assign(document.createElement('script'), {textContent: 'boom()'}))")
    assert any("Content Security Policy" in said for said in page.complaints())

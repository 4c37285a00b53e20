"""Signed out, or without cookies, while a message is being written: the text stays, and the same window sends it."""

import pytest

from tests.browser.dealership import Dealership
from tests.browser.page import Page

BODY = "Is the Outback still for sale?"


@pytest.mark.parametrize("gone", ["the session", "every cookie"])
async def test_what_was_being_written_is_sent_after_signing_in_in_another_tab(
    page: Page, dealership: Dealership, gone: str
) -> None:
    listing = await dealership.listing()
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}")
    page.click(".seller .primary[data-opens]")
    page.wait_until(lambda: page.find("#send-window #body").is_displayed(), "the window did not open")
    page.find("#body").send_keys(BODY)
    page.wait_until(lambda: page.find("#send-go").is_enabled(), "it may not be sent")
    page.wait_until(lambda: "Saved" in page.text("#draft-state"), "the draft was not saved")

    if gone == "the session":
        page.driver.delete_cookie("session")
    else:
        page.driver.delete_all_cookies()
    page.click("#send-go")
    page.wait_for("You are signed out.", "#send-problem")
    page.find("#body").send_keys(" Thanks.")
    page.wait_for("your text stays here", "#send-problem")
    assert page.path == f"/listings/{listing.id}"
    assert page.value("#body") == f"{BODY} Thanks."
    assert not await dealership.messages(listing)

    here = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    cookies = {each["name"] for each in page.driver.get_cookies()}
    await dealership.signed_in(page)
    page.open("/listings")
    assert cookies <= {each["name"] for each in page.driver.get_cookies()}
    page.driver.close()
    page.driver.switch_to.window(here)
    page.click("#send-go")
    page.wait_until(lambda: not page.find("#send").is_displayed(), "it was not sent")
    assert [message.body for message in await dealership.messages(listing)] == [f"{BODY} Thanks."]

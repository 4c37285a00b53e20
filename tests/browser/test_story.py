"""The main story as an agent lives it: one browser, the real web and worker, a carrier that answers."""

from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from domain.listings import Listing
from tests import make
from tests.browser import dealership as dealerships
from tests.browser.dealership import Dealership
from tests.browser.page import Page
from tests.site import Site

CSV = """\
Stock No,Year,Make,Model,Trim,Mileage,Asking Price,First Name,Last Name,Mobile,City,State,Link
A1,2019,Subaru,Outback,Premium,"48,200","$18,900",Dana,Reyes,{mobile},Tucson,AZ,https://ads.example/a1
A2,2016,Honda,Civic,LX,91000,9500,Lee,Novak,{other},Mesa,AZ,https://ads.example/a2
A3,2020,Ford,F-150,XLT,33100,31200,Ana,Silva,,Yuma,AZ,https://ads.example/a3
"""


@pytest.mark.parametrize("site", ["sqlite", "postgres"], indirect=True, scope="session")
async def test_from_a_file_of_ads_to_an_answer_of_the_seller(page: Page, site: Site, tmp_path: Path) -> None:
    async with dealerships.opened(site, role="manager", undo_seconds=2, introduces_itself=True) as dealership:
        mobile, other = make.phone(), make.phone()
        async with site.opened():
            await make.source(dealership.account)
        sign_in(page, dealership)
        import_listings(page, tmp_path, CSV.format(mobile=mobile, other=other))
        open_the_outback(page)
        open_the_window_by_the_number(page)
        write(page, dealership)
        send(page)
        arrives_by_itself(page, dealership, mobile)
        answer_on_the_phone(page, site, mobile)


def sign_in(page: Page, dealership: Dealership) -> None:
    page.open("/")
    page.fill("[name=email]", dealership.agent.email)
    page.fill("[name=password]", make.PASSWORD)
    page.click("form[method=post] [type=submit]")
    page.wait_until(lambda: page.path == "/listings", "the inventory did not come")


def import_listings(page: Page, directory: Path, rows: str) -> None:
    file = directory / "ads.csv"
    file.write_text(rows)
    page.open("/imports/new")
    page.find("[name=file]").send_keys(str(file))
    page.click("main form [type=submit]")
    page.wait_for("3 rows. Say what each column holds")
    page.click("main form [type=submit]")
    page.wait_for("Imported, every row of it.")
    assert counted(page) == {"Rows": "3", "Created": "3", "Updated": "0", "Refused": "0"}


def counted(page: Page) -> dict[str, str]:
    return {each.text.split("\n")[0]: each.text.split("\n")[1] for each in page.all(".tally div")}


def open_the_outback(page: Page) -> None:
    page.button("Go to the inventory").click()
    page.wait_until(lambda: len(page.all("#results tbody tr")) == 3, "not three rows")
    mark(page)
    page.find("#q").send_keys("outba")
    page.wait_until(lambda: len(page.all("#results tbody tr")) == 1, "the search did not narrow the list")
    assert "q=outba" in page.path
    assert page.focused() == "q"
    assert still_the_same(page)
    page.button("2019 Subaru Outback").click()
    page.wait_for("2019 Subaru Outback", "h1")
    mark(page)


def open_the_window_by_the_number(page: Page) -> None:
    page.click("[popovertarget=num-mobile]")
    page.click("#num-mobile [data-opens]")
    page.wait_until(lambda: page.find("#send-window").is_displayed(), "the window did not open")
    assert page.text("#send-title") == "Message Dana Reyes"


def write(page: Page, dealership: Dealership) -> None:
    assert not page.find("#send-go").is_enabled()
    page.wait_for("Write a message first.", "#send-why")
    pick_template(page, "First hello: would you sell to us?")
    page.wait_until(lambda: page.value("#body").startswith("Hi Dana, "), "the template was not filled in")
    assert "{" not in page.value("#body")
    wording = page.value("#body")
    # By the keyboard: the caret in front of the first word, then over to the button and back.
    page.find("#body").send_keys(Keys.CONTROL, Keys.HOME)
    page.run("document.querySelector('#ins-1').focus({focusVisible: true})")
    press(page, Keys.ENTER)
    page.wait_until(lambda: page.value("#body") == f"Dana{wording}", "the name did not come to the caret")
    assert page.focused() == "ins-1"
    # By the mouse: it leaves the caret where it is.
    page.run("document.querySelector('#body').focus()")
    press(page, ", ")
    page.click("#ins-2")
    wanted = f"Dana, 2019 Subaru Outback{wording}"
    page.wait_until(lambda: page.value("#body") == wanted, "the vehicle did not come to the caret")
    press(page, ". ")
    wanted = f"Dana, 2019 Subaru Outback. {wording}"
    assert page.value("#body") == wanted
    assert page.focused() == "body"
    page.wait_until(lambda: page.text("#preview .bub") == wanted, "the preview did not follow")
    page.wait_for(f"{len(wanted)} characters · ", "#counter")
    page.wait_for("GSM-7", "#counter")
    assert page.value("#from") == dealership.agent.email


def send(page: Page) -> None:
    assert page.text("#send-go").startswith("Send text to Dana, +1 ")
    page.click("#send-go")
    page.wait_for("Text to Dana leaves in", "#notices")
    page.wait_until(lambda: not page.find("#send").is_displayed(), "the window did not close")
    page.wait_for("Leaves in", "#log")


def arrives_by_itself(page: Page, dealership: Dealership, mobile: str) -> None:
    page.wait_for("Delivered", "#log .msg.out")
    assert still_the_same(page)
    [text] = dealership.texts_to(mobile)
    assert text == page.text("#log .msg.out .body")
    page.wait_until(lambda: not page.all("#notices .toast"), "the countdown stays")


def answer_on_the_phone(page: Page, site: Site, mobile: str) -> None:
    ours = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    page.open(f"{site.simulator.url}/phones/{mobile}")
    page.wait_for("2019 Subaru Outback")
    page.fill("#text", "Yes, come and see it")
    page.click("form.answer .send")
    page.wait_until(lambda: page.value("#text") == "", "the answer was not taken")
    page.driver.close()
    page.driver.switch_to.window(ours)
    page.wait_for("Yes, come and see it", "#log .msg.in")
    assert still_the_same(page)
    assert "Dana Reyes" in page.text("#log .msg.in")


async def test_a_reply_leaves_typed_text_alone_and_is_told_before_sending(page: Page, dealership: Dealership) -> None:
    listing = await open_vdp(page, dealership)
    mobile = await dealership.mobile(listing)
    await receive(dealership, mobile, "First")
    page.wait_for("First", "#log .msg.in")
    open_window(page)
    page.find("#body").send_keys("Would you ta")
    await receive(dealership, mobile, "It is sold")
    page.wait_for("Dana wrote at", "#preview")
    page.find("#body").send_keys("ke 17,000?")
    assert page.value("#body") == "Would you take 17,000?"
    assert page.focused() == "body"
    assert "It is sold" in page.run("return document.querySelector('#log').textContent")
    assert still_the_same(page)


async def test_stop_turns_sending_off_and_start_turns_it_on(page: Page, dealership: Dealership) -> None:
    listing = await open_vdp(page, dealership)
    mobile = await dealership.mobile(listing)
    open_window(page)
    page.find("#body").send_keys("Still there?")
    page.wait_until(lambda: page.find("#send-go").is_enabled(), "it may not be sent")
    await receive(dealership, mobile, "STOP")
    page.wait_for("This number asked not to get texts.", "#send-why")
    assert not page.find("#send-go").is_enabled()
    assert page.value("#body") == "Still there?"
    await receive(dealership, mobile, "START")
    page.wait_until(lambda: page.find("#send-go").is_enabled(), "START did not lift it")
    page.click("#send-go")
    page.wait_for("Still there?", "#log")
    page.wait_until(lambda: len(dealership.texts_to(mobile)) == 2, "not all has left")
    page.wait_for("Delivered", "#log")
    lines = [line.text for line in page.all("#log .ev")]
    assert any("asked not to get texts" in line for line in lines)
    assert any("may be texted again" in line for line in lines)
    started = f"You will get texts from {dealership.account.name} again. Reply STOP to end them."
    assert sorted(dealership.texts_to(mobile)) == ["Still there?", started]
    assert any(started in line.text for line in page.all("#log .sys"))


async def test_a_stopped_number_is_marked_when_the_page_is_opened(page: Page, dealership: Dealership) -> None:
    listing = await dealership.listing()
    async with dealership.site.opened():
        await make.opt_out((await make.seller_of(listing)).mobile, dealership.account)
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}")
    page.wait_for("Opted out of texts", ".seller")
    open_window(page)
    page.find("#body").send_keys("Hello")
    page.wait_for("This number asked not to get texts.", "#send-why")
    assert not page.find("#send-go").is_enabled()


async def test_undo_takes_a_text_back_and_gives_its_words_again(page: Page, site: Site) -> None:
    async with dealerships.opened(site, undo_seconds=30) as dealership:
        listing = await open_vdp(page, dealership)
        text(page, "A slip of the pen")
        page.find("#notices form button").click()
        page.wait_for("Not sent.", "#notices")
        page.wait_for("Undone", "#log .msg.out")
        page.button("Open the text again").click()
        page.wait_until(lambda: "/sends/new" in page.path and page.value("#body") == "A slip of the pen")
        assert dealership.texts_to(await dealership.mobile(listing)) == []
        assert [message.state for message in await dealership.messages(listing)] == ["cancelled"]


async def test_undo_works_from_the_history_too(page: Page, site: Site) -> None:
    async with dealerships.opened(site, undo_seconds=30) as dealership:
        listing = await open_vdp(page, dealership)
        text(page, "Wait")
        page.open(page.path)  # the notice is gone, the text still waits
        page.click("#log .msg.out .deeds button")
        page.wait_for("Undone", "#log .msg.out")
        assert dealership.texts_to(await dealership.mobile(listing)) == []


async def test_a_text_the_carrier_refused_says_why_and_can_be_tried_again(page: Page, dealership: Dealership) -> None:
    listing = await open_vdp(page, dealership)
    mobile = await dealership.mobile(listing)
    words = "You are not permitted to send on behalf of this user."
    dealership.site.simulator.switch(forbidden={"calls": 1, "value": words})
    text(page, "Hello Dana")
    page.wait_for("Not sent", "#log .msg.out .state")
    assert words in page.text("#log .msg.out")
    assert dealership.texts_to(mobile) == []
    page.click("#log .msg.out .deeds button")
    page.wait_for("It is on its way again.", "#notices")
    page.wait_for("Delivered", "#log .msg.out .state")
    assert dealership.texts_to(mobile) == ["Hello Dana"]
    assert len(page.all("#log .msg.out")) == 1
    assert still_the_same(page)


async def test_a_text_of_unknown_fate_is_never_sent_again_by_itself(page: Page, dealership: Dealership) -> None:
    listing = await open_vdp(page, dealership)
    mobile = await dealership.mobile(listing)
    dealership.site.simulator.switch(reset_after={"calls": 1}, no_receipts={"calls": 1})
    text(page, "Hello Dana")
    page.wait_for("It may have been sent", "#log .msg.out .state")
    assert {each.text for each in page.all("#log .msg.out .deeds button")} == {"Mark as sent", "Send again"}
    page.button("Mark as sent").click()
    page.wait_for("Marked as sent.", "#notices")
    page.wait_until(lambda: not page.all("#log .msg.out .deeds"), "the question stays")
    assert dealership.texts_to(mobile) == ["Hello Dana"]
    assert "It may have been sent" not in page.text("#log")


async def test_without_a_connection_the_window_says_so_and_leads_to_it(page: Page, site: Site) -> None:
    async with dealerships.opened(site, connected=False) as dealership:
        await open_vdp(page, dealership)
        open_window(page)
        page.find("#body").send_keys("Hello")
        sentence = "You need an active DialPad connection to use this feature. Click here to connect."
        page.wait_for(sentence, "#send-why")
        assert sentence in page.text("#preview")
        assert not page.find("#send-go").is_enabled()
        page.driver.find_element("link text", "Click here to connect.").click()
        page.wait_until(lambda: page.path == "/apps/dialpad", "the link does not lead to Dialpad")
        assert page.text("h1") == "Dialpad"


async def test_an_agent_without_a_dialpad_account_is_told_so(page: Page, site: Site) -> None:
    async with dealerships.opened(site, linked=False) as dealership:
        await open_vdp(page, dealership)
        open_window(page)
        page.find("#body").send_keys("Hello")
        page.wait_for("No Dialpad account found", "#send-why")
        assert not page.find("#send-go").is_enabled()


async def test_messaging_is_locked_on_the_standard_plan(page: Page, site: Site) -> None:
    async with dealerships.opened(site, connected=False, tier="standard") as dealership:
        await open_vdp(page, dealership)
        page.wait_for("Messaging is part of the Professional and Accelerated plans.", ".locked")
        assert page.all("#log, #send, [data-opens]") == []
        page.button("Compare plans").click()
        page.wait_until(lambda: page.path == "/plans", "the link does not lead to the plans")
        assert page.text("h1") == "Plans"


async def test_what_changes_in_one_tab_appears_in_the_other(page: Page, dealership: Dealership) -> None:
    listing = await open_vdp(page, dealership)
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    page.open(f"/listings/{listing.id}")
    page.click("[popovertarget=stages]")
    page.click("#stages button[value=appointed]")
    page.wait_for("Appointed", ".bar .chip")
    page.driver.close()
    page.driver.switch_to.window(first)
    page.wait_for("Stage set to Appointed by Maya Ortiz", "#log .ev")
    assert still_the_same(page)


# What an agent does


async def open_vdp(page: Page, dealership: Dealership) -> Listing:
    listing = await dealership.listing()
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}")
    page.wait_for("2019 Subaru Outback", "h1")
    mark(page)
    return listing


def open_window(page: Page) -> None:
    page.click(".seller .primary[data-opens]")
    page.wait_until(lambda: page.find("#send-window #body").is_displayed(), "the window did not open")


def text(page: Page, words: str) -> None:
    """Sends it; the window is closed again."""
    open_window(page)
    page.find("#body").send_keys(words)
    page.click("#send-go")
    page.wait_until(lambda: not page.find("#send").is_displayed(), "the window did not close")


def press(page: Page, keys: str) -> None:
    """On the keyboard, wherever the caret is; `send_keys` of a field would go to its end first."""
    ActionChains(page.driver).send_keys(keys).perform()


def pick_template(page: Page, name: str) -> None:
    page.driver.find_element("xpath", f"//select[@id='template']//option[normalize-space()={name!r}]").click()


async def receive(dealership: Dealership, mobile: str, words: str) -> None:
    """The seller writes to the agent's number."""
    dealership.site.simulator.reply(mobile, words, dealership.number)


def mark(page: Page) -> None:
    page.run("window.marked = true")


def still_the_same(page: Page) -> bool:
    """The page was not loaded anew since `mark`."""
    return bool(page.run("return window.marked === true"))

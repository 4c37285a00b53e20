"""The main story in a browser whose scripts are switched off: every link and form works by itself."""

from pathlib import Path

from domain.listings import Listing
from tests import make
from tests.browser import dealership as dealerships
from tests.browser.dealership import Dealership
from tests.browser.page import Page
from tests.site import Site


async def test_an_agent_finds_the_vehicle_writes_and_reads_the_answer(no_script: Page, site: Site) -> None:
    async with dealerships.opened(site, introduces_itself=True) as dealership:
        await the_story(no_script, site, dealership)


async def the_story(page: Page, site: Site, dealership: Dealership) -> None:
    mobile = await dealership.mobile(await dealership.listing())
    await dealership.listing(make="Honda", model="Civic")
    sign_in(page, dealership)
    find_the_outback(page)
    open_the_window_by_the_number(page)
    wanted = write(page)
    page.click("#send-go")
    page.wait_for("Text to Dana is on its way.", "#notices")
    reload_until(page, "Delivered", "#log .msg.out")
    assert page.text("#log .msg.out .body") == wanted
    assert dealership.texts_to(mobile) == [wanted]
    answer_on_the_phone(page, site, mobile)
    page.open("/listings?view=needs-reply")
    reload_until(page, "2019 Subaru Outback", "#results")
    page.button("2019 Subaru Outback").click()
    page.wait_for("Yes, come and see it", "#log .msg.in.new")
    page.click("[popovertarget=history-menu]")
    page.click("#history-menu button")
    page.wait_until(lambda: not page.all("#log .msg.new"), "the message still waits")


def sign_in(page: Page, dealership: Dealership) -> None:
    page.open("/")
    page.fill("[name=email]", dealership.agent.email)
    page.fill("[name=password]", make.PASSWORD)
    page.click("form[method=post] [type=submit]")
    page.wait_until(lambda: page.path == "/listings", "the inventory did not come")


def find_the_outback(page: Page) -> None:
    assert len(page.all("#results tbody tr")) == 2
    page.fill("#q", "outback")
    page.click("#filters button")
    page.wait_until(lambda: len(page.all("#results tbody tr")) == 1, "the search did not narrow the list")
    assert "q=outback" in page.path
    page.button("2019 Subaru Outback").click()
    page.wait_for("2019 Subaru Outback", "h1")


def open_the_window_by_the_number(page: Page) -> None:
    page.click("[popovertarget=num-mobile]")
    page.click("#num-mobile [data-opens]")
    page.wait_until(lambda: page.path.endswith("/sends/new?to=mobile"), "the window's page did not come")
    page.wait_for("Message Dana Reyes", "#send-title")


def write(page: Page) -> str:
    """Every button that script makes better, without it; the words that stand in the window at the end."""
    assert page.text("#send-why") == "Write a message first."
    page.click("button[value=send]")
    page.wait_for("This message was not sent", "#send-problem")
    choose(page, "#template", "First hello: would you sell to us?")
    page.click("button[value=load]")
    page.wait_until(lambda: page.value("#body").startswith("Hi Dana, "), "the template was not filled in")
    wording = page.value("#body")
    page.find("#body").send_keys(" Your")
    page.click("#ins-2")  # the vehicle: without script it goes to the end
    wanted = f"{wording} Your2019 Subaru Outback"
    page.wait_until(lambda: page.value("#body") == wanted, "the vehicle did not come to the end")
    page.find("#body").send_keys("!")
    page.click("button[value=preview]")
    page.wait_until(lambda: page.text("#preview .bub") == f"{wanted}!", "the preview did not follow")
    assert f"{len(wanted) + 1} characters · " in page.text("#counter")
    return f"{wanted}!"


def answer_on_the_phone(page: Page, site: Site, mobile: str) -> None:
    page.open(f"{site.simulator.url}/phones/{mobile}")
    page.fill("#text", "Yes, come and see it")
    page.click("form.answer .send")
    page.wait_for("You, to", "#texts")
    site.simulator.settle()


async def test_a_template_over_typed_text_asks_first(no_script: Page, dealership: Dealership) -> None:
    await open_window(no_script, dealership)
    no_script.find("#body").send_keys("Hello Dana.")
    choose(no_script, "#template", "First hello: would you sell to us?")
    no_script.click("button[value=load]")
    no_script.wait_for("There is a text already.", ".ask")
    assert no_script.value("#body") == "Hello Dana."
    no_script.click("button[value=append]")
    no_script.wait_until(lambda: no_script.value("#body").startswith("Hello Dana.\n\nHi Dana, "), "not added below")


async def test_a_text_is_taken_back_by_a_form(no_script: Page, site: Site) -> None:
    async with dealerships.opened(site, undo_seconds=30) as dealership:
        listing = await open_window(no_script, dealership)
        no_script.find("#body").send_keys("A slip of the pen")
        no_script.click("button[value=send]")
        no_script.wait_for("Text to Dana leaves", "#notices")
        no_script.click("#notices form button")
        no_script.wait_for("Not sent.", "#notices")
        assert "Undone" in no_script.text("#log .msg.out")
        assert dealership.texts_to(await dealership.mobile(listing)) == []
        no_script.button("Open the text again").click()
        no_script.wait_until(lambda: no_script.value("#body") == "A slip of the pen", "its words are gone")


async def test_a_failed_text_is_tried_again_by_a_form(no_script: Page, dealership: Dealership) -> None:
    listing = await open_window(no_script, dealership)
    dealership.site.simulator.switch(forbidden={"calls": 1, "value": "You are not permitted to text."})
    no_script.find("#body").send_keys("Hello Dana")
    no_script.click("button[value=send]")
    reload_until(no_script, "Not sent", "#log .msg.out")
    assert "You are not permitted to text." in no_script.text("#log .msg.out")
    no_script.button("Try again").click()
    no_script.wait_for("It is on its way again.", "#notices")
    reload_until(no_script, "Delivered", "#log .msg.out")
    assert dealership.texts_to(await dealership.mobile(listing)) == ["Hello Dana"]


async def test_a_send_that_is_refused_keeps_the_text_and_says_why(no_script: Page, dealership: Dealership) -> None:
    listing = await open_window(no_script, dealership)
    no_script.find("#body").send_keys("Hello Dana")
    no_script.click("button[value=preview]")
    no_script.wait_until(lambda: no_script.find("#send-go").is_enabled(), "it may not be sent")
    dealership.site.simulator.reply(await dealership.mobile(listing), "STOP", dealership.number)
    await dealership.opted_out(listing)
    no_script.click("#send-go")
    no_script.wait_for("This message was not sent", "#send-problem")
    assert "This number asked not to get texts." in no_script.text("#send-problem")
    assert "This number asked not to get texts." in no_script.text("#send-why")
    assert no_script.title.startswith("Error: ")
    assert no_script.value("#body") == "Hello Dana"
    assert not no_script.find("#send-go").is_enabled()


async def test_every_button_of_the_window_works_by_itself(
    no_script: Page, dealership: Dealership, tmp_path: Path
) -> None:
    page = no_script
    await open_window(page, dealership)
    page.find("#body").send_keys("Hello")
    page.click("#send-more")
    page.click("#by-email")
    page.wait_until(lambda: page.find("#f-subject").is_displayed(), "an email has a subject")
    page.find("#f-subject").send_keys("Your Outback")
    page.find("#channel-text").find_element("xpath", "..").click()
    page.click("button[value=preview]")
    page.wait_for("Send text to Dana", "#send-go")
    page.click("button[name=panel][value=emoji]")
    page.click(".emoji[value='👍']")
    page.wait_until(lambda: page.value("#body") == "Hello👍", "the emoji did not come")
    (tmp_path / "offer.txt").write_text("We would pay $17,500.")
    page.find("[name=files]").send_keys(str(tmp_path / "offer.txt"))
    page.click("button[value=attach]")
    page.wait_for("cannot go along", "#files")
    page.click("#files [name=share]")
    page.wait_for("Goes as a link", "#files")
    assert "/files/" in page.value("#body")
    page.find("#body").clear()  # whoever takes the address out takes the file back
    page.click("button[value=preview]")
    page.wait_until(lambda: page.all("#files li") == [], "it is still there")


async def test_a_draft_is_kept_on_the_way_to_the_templates_and_back(no_script: Page, dealership: Dealership) -> None:
    page = no_script
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Half a sen")
    page.click("button[value=save-template]")
    page.wait_for("New template", "h1")
    page.button("Back to the message").click()
    page.wait_until(lambda: page.value("#body") == "Half a sen", "the text is lost")
    page.find("#body").send_keys("tence")
    page.click("button[value=save]")
    page.wait_for("Saved", "#draft-state")
    page.open(f"/listings/{listing.id}")
    page.click(".dock [data-opens]")
    page.wait_until(lambda: page.value("#body") == "Half a sentence", "the draft is lost")
    page.click("#discard")
    page.wait_for("The draft is gone.", "#notices")


# What an agent does


async def open_window(page: Page, dealership: Dealership) -> Listing:
    listing = await dealership.listing()
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}")
    page.click(".seller .primary[data-opens]")
    page.wait_for("Message Dana Reyes", "#send-title")
    return listing


def choose(page: Page, select: str, label: str) -> None:
    page.find(select).find_element("xpath", f".//option[normalize-space()={label!r}]").click()


def reload_until(page: Page, text: str, css: str) -> None:
    def shown() -> bool:
        page.open(page.path)
        return text in page.find(css).text

    page.wait_until(shown, f"“{text}” not in {css}")

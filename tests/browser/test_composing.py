"""What helps to write in the Send Message window: channels, completion, templates, emoji, files, drafts, guides."""

import asyncio
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from domain import attachments, drafts
from domain.attachments import Attachment
from domain.listings import Listing
from tests.browser.dealership import Dealership
from tests.browser.page import PATIENCE, Page
from tests.browser.test_window import (
    IN_CHROMIUM,
    at_full_speed,
    chord,
    enabled,
    network,
    open_vdp,
    open_window,
    pick,
    press,
    rgb,
    sent_once,
    undo,
)

EMAIL = {"email": "dana.reyes@mail.example"}

# What a person does with a mouse and a clipboard, which no driver can do with a file.
BRING = """const [kind, on, names] = arguments, carried = new DataTransfer();
for (const name of names) carried.items.add(new File(["We would pay $17,500."], name, {type: "text/plain"}));
const made = {bubbles: true, cancelable: true};
const event = kind === "paste" ? new ClipboardEvent("paste", {...made, clipboardData: carried})
                               : new DragEvent(kind, {...made, dataTransfer: carried});
document.querySelector(on).dispatchEvent(event);
return document.querySelector("#send-window").matches(".dropping")"""


# What the page asks for at addresses that end so waits until it is let go; nothing else does.
HOLD = """const [ending] = arguments, asked = window.fetch, gates = [];
window.held = () => gates.length;
window.letGo = () => { window.fetch = asked; gates.splice(0).forEach(open => open()); };
window.fetch = async (where, how) => {
  if (String(where).endsWith(ending)) await new Promise(open => gates.push(open));
  return asked(where, how);
};"""

UP = "return performance.getEntriesByType('resource').some(entry => entry.name.endsWith('/attachments'))"

SAID_BEFORE = "return getComputedStyle(document.querySelector(arguments[0]), '::before').content"


# One channel, two places to choose it


@pytest.mark.parametrize("by", ["the type", "the menu of the button"])
async def test_another_channel_changes_what_depends_on_it_and_leaves_the_text(
    page: Page, dealership: Dealership, by: str
) -> None:
    await open_page(page, dealership, "?channel=email", seller=EMAIL)
    page.find("#f-subject").send_keys("Your Outback")
    page.find("#body").send_keys("Hello Dana, ")
    page.wait_for("Your Outback", "#preview")
    if by == "the type":
        page.run("document.querySelector('#channel-text').click()")
    else:
        page.click("#send-more")
        page.click("#by-text")
    page.wait_for("Send text to Dana", "#send-go")
    page.wait_until(lambda: not page.find("#subject-row").is_displayed(), "a text has no subject")
    assert page.run("return document.querySelector('#send-window').elements.channel.value") == "text"
    assert page.find("#by-text").get_attribute("aria-current") == "true"
    assert page.value("#body") == "Hello Dana, "
    page.find("#body").send_keys("is it sold?")
    undo(page)
    page.wait_until(lambda: "is it sold?" not in page.value("#body"), "its undo is gone")
    assert page.all(".ask") == []


async def test_a_channel_that_cannot_send_says_why_and_may_be_written_for(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership, seller=EMAIL)
    page.find("#body").send_keys("Hello")
    page.click("#send-more")
    page.wait_for("Email is not connected.", "#send-menu")
    page.click("#by-email")
    page.wait_until(lambda: page.find("#f-subject").is_displayed(), "an email has a subject")
    page.wait_for("Email is not connected.", "#send-why")
    assert page.run("return document.querySelector('#channel-email').checked")
    assert page.value("#to") == "dana.reyes@mail.example"
    assert not page.find("#send-go").is_enabled()
    page.click("#send-more")
    page.click("#by-text")
    enabled(page)


async def test_an_email_shows_its_holes_and_its_files(page: Page, dealership: Dealership, tmp_path: Path) -> None:
    await open_page(page, dealership, "?channel=email", seller=EMAIL, trim="")
    page.find("#body").send_keys("Which trim is it, {{vehicle.trim}}?")
    page.wait_for("{{vehicle.trim}}", "#preview .mail .hole")
    red, green, blue = rgb(page, "#preview .mail .hole", "color")
    assert red > max(green, blue)
    (tmp_path / "offer.txt").write_text("We would pay $17,500.")
    page.find("#attach-files").send_keys(str(tmp_path / "offer.txt"))
    page.wait_for("offer.txt", "#files")
    page.wait_for("offer.txt", "#preview")
    page.click("#preview .hole")
    page.wait_until(lambda: page.focused() == "body", "the mark does not lead to the text")


# {{ completes


async def test_two_braces_offer_the_values_of_this_vehicle(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Your {{veh")
    page.wait_for("2019 Subaru Outback", "#completions")
    press(page, "icle y")
    page.wait_until(lambda: len(page.all("#completions [role=option]")) == 1, "it does not filter")
    marked = page.find("#body").get_attribute("aria-activedescendant")
    assert page.text(f"#{marked}").startswith("Vehicle Year")
    press(page, Keys.ENTER)
    page.wait_until(lambda: page.value("#body") == "Your 2019", "the year did not go in")
    assert not page.find("#completions").is_displayed()
    press(page, " {{ma")
    page.wait_for("Vehicle Make", "#completions")
    press(page, Keys.ARROW_UP)
    press(page, Keys.ARROW_DOWN)
    press(page, Keys.TAB)
    page.wait_until(lambda: page.value("#body") == "Your 2019 Subaru", "the make did not go in")
    assert page.focused() == "body"
    undo(page)
    page.wait_until(lambda: page.value("#body") == "Your 2019 {{ma", "undo does not take it back")


async def test_escape_closes_the_completion_and_not_the_window(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Your {{")
    page.wait_until(lambda: page.find("#completions").is_displayed(), "it does not open")
    press(page, Keys.ESCAPE)
    page.wait_until(lambda: not page.find("#completions").is_displayed(), "it does not close")
    assert page.find("#body").is_displayed()
    assert page.value("#body") == "Your {{"


async def test_a_value_that_is_not_known_completes_to_its_token(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership, trim="")
    page.find("#body").send_keys("{{trim")
    page.wait_for("Trim", "#completions")
    press(page, Keys.ENTER)
    page.wait_for("{{vehicle.trim}}", "#preview .hole")
    assert not page.find("#send-go").is_enabled()


async def test_every_value_of_the_vehicle_completes(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership, transmission="Automatic")
    page.find("#body").send_keys("It is an {{transm")
    page.wait_for("Automatic", "#completions")
    press(page, Keys.ENTER)
    page.wait_until(lambda: page.value("#body") == "It is an Automatic", "the value did not go in")
    page.button("More to insert").click()
    page.wait_for("Transmission", "#ins-more")
    assert "Appointment" not in page.text("#ins-more")


# Templates


async def test_a_slash_in_an_empty_message_searches_the_templates(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.find("#body").click()
    press(page, "/")
    page.wait_until(lambda: page.focused() == "find-q", "the search did not open")
    press(page, Keys.ESCAPE)
    page.wait_until(lambda: page.focused() == "body", "the focus did not come back")
    assert page.value("#body") == ""
    press(page, "/")
    page.wait_until(lambda: page.focused() == "find-q", "the search did not open again")
    press(page, "photos")
    page.wait_until(lambda: [hit.text[:14] for hit in page.all(".hit")] == ["Ask for photos"], "it found others")
    press(page, Keys.ARROW_DOWN)
    page.wait_until(lambda: page.run("return document.activeElement.matches('.hit')"), "the arrow does not go in")
    press(page, Keys.ARROW_UP)
    page.wait_until(lambda: page.focused() == "find-q", "the arrow does not go back")
    press(page, Keys.ENTER)
    page.wait_until(lambda: "photos of your 2019 Subaru Outback" in page.value("#body"), "it was not loaded")
    assert "Ask for photos" in page.text("#template option:checked")


async def test_a_slash_in_a_text_is_a_slash(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("and")
    press(page, "/or")
    page.wait_until(lambda: page.value("#body") == "and/or", "the slash is lost")
    assert not page.find("#find-template").is_displayed()


async def test_a_template_is_made_beside_the_message_and_is_there_at_once(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Half a sen")
    page.click("#template-new")
    page.wait_until(lambda: page.focused() == "side-title", "the focus is not on its name")
    page.fill("#t-name", "My hello")
    page.find("#t-purpose option[value=initial]").click()
    page.find("#t-body").send_keys("Hi {{first")
    page.wait_for("{{seller.first_name}}", "#t-completions")
    press(page, Keys.ENTER)
    page.wait_until(lambda: page.value("#t-body") == "Hi {{seller.first_name}}", "not the token")
    page.click("#t-save")
    page.wait_for("“My hello” is saved.", "#send-problem")
    page.wait_until(lambda: page.focused() == "template-new", "the focus did not come back")
    assert page.value("#body") == "Half a sen"
    page.wait_for("My hello", "#template")
    pick(page, "My hello")
    page.click("#do-replace")
    page.wait_until(lambda: page.value("#body") == "Hi Dana", "it was not filled in")
    page.click("#template-delete")
    page.click("#side .danger")
    page.wait_for("“My hello” is deleted.", "#send-problem")
    page.wait_until(lambda: "My hello" not in page.text("#template"), "it is still offered")
    assert page.value("#body") == "Hi Dana"


@pytest.mark.parametrize("way_out", ["Esc", "the close button"])
async def test_a_half_written_template_is_there_when_it_is_opened_again(
    page: Page, dealership: Dealership, way_out: str
) -> None:
    await open_window(page, dealership)
    page.click("#template-new")
    page.wait_until(lambda: page.focused() == "side-title", "the focus is not on its name")
    page.fill("#t-name", "Half a na")
    page.find("#t-body").send_keys("Half a sen")
    if way_out == "Esc":
        press(page, Keys.ESCAPE)
    else:
        page.click("#side .close")
    page.wait_until(lambda: not page.find("#side").is_displayed(), "it does not close")
    page.click("#template-new")
    page.wait_until(lambda: page.find("#t-name").is_displayed(), "it does not open again")
    assert (page.value("#t-name"), page.value("#t-body")) == ("Half a na", "Half a sen")
    page.find("#t-purpose option[value=initial]").click()
    page.click("#t-save")
    page.wait_for("“Half a na” is saved.", "#send-problem")
    page.click("#template-new")
    page.wait_until(lambda: page.focused() == "side-title", "it does not open a third time")
    assert (page.value("#t-name"), page.value("#t-body")) == ("", "")


# Emoji


async def test_an_emoji_goes_in_at_the_caret_and_the_cost_follows(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Hi Dana")
    page.run("document.querySelector('#body').setSelectionRange(2, 2)")
    page.click("#emoji-b")
    page.click(".emoji[value='👍']")
    page.wait_until(lambda: page.value("#body") == "Hi👍 Dana", "it is not at the caret")
    page.wait_for("UCS-2", "#counter")
    page.run("document.querySelector('.emoji').focus()")
    press(page, Keys.ARROW_RIGHT)
    second = page.run("return document.activeElement.value")
    press(page, Keys.ENTER)
    page.wait_until(lambda: page.value("#body") == f"Hi👍{second} Dana", "the arrow and Enter did not")
    press(page, Keys.ESCAPE)
    page.wait_until(lambda: not page.find("#emoji").is_displayed(), "it does not close")
    assert page.find("#body").is_displayed()


async def test_enter_takes_the_first_emoji_that_was_asked_for(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Deal ")
    page.click("#emoji-b")
    page.wait_until(lambda: page.focused() == "emoji-q", "the search has no focus")
    press(page, "handshake" + Keys.ENTER)  # before anything was found
    page.wait_until(lambda: page.value("#body") == "Deal 🤝", "the first hit did not go in")
    assert page.focused() == "emoji-q"


# Files


@pytest.mark.parametrize("way", ["chosen", "dropped"])
async def test_files_are_attached_however_they_come(
    page: Page, dealership: Dealership, tmp_path: Path, way: str
) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Hello")
    if way == "chosen":
        for name in ("offer.txt", "second.txt"):
            (tmp_path / name).write_text("We would pay $17,500.")
            page.find("#attach-files").send_keys(str(tmp_path / name))
    else:
        assert page.run(BRING, "dragover", "#body", ["offer.txt"]) is True
        page.run(BRING, "drop", "#body", ["offer.txt", "second.txt"])
        assert page.all("#send-window.dropping") == []
    page.wait_until(lambda: len(page.all("#files [name=attachment]")) == 2, "not both are there")
    assert page.all("#uploads .file") == []
    page.wait_for("A text takes no files", "#send-why")
    assert page.value("#body") == "Hello"
    page.button("Remove second.txt").click()
    page.wait_until(lambda: len(page.all("#files [name=attachment]")) == 1, "it is still there")
    page.wait_until(lambda: page.all("#send-window.htmx-request") == [] and "second" not in page.text("#send-window"))


@IN_CHROMIUM  # the others let no script paste a file
async def test_a_pasted_file_is_attached_and_pasted_words_are_words(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.run(BRING, "paste", "#body", ["offer.txt"])
    page.wait_for("offer.txt", "#files")
    page.run(
        "const carried = new DataTransfer(); carried.setData('text/plain', 'Hello');"
        "carried.items.add(new File(['x'], 'a.png'));"
        "window.kept = document.querySelector('#body').dispatchEvent("
        "new ClipboardEvent('paste', {bubbles: true, cancelable: true, clipboardData: carried}))"
    )
    assert page.run("return window.kept") is True
    assert len(page.all("#send-window .file")) == 1


async def test_a_file_the_channel_cannot_take_goes_as_a_link(
    page: Page, dealership: Dealership, tmp_path: Path
) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Hello")
    (tmp_path / "offer.txt").write_text("We would pay $17,500.")
    page.find("#attach-files").send_keys(str(tmp_path / "offer.txt"))
    page.wait_for("cannot go along", "#files .bad")
    page.wait_until(lambda: not page.find("#send-go").is_enabled(), "it may be sent")
    page.click("#files [name=share]")
    page.wait_until(lambda: "/files/" in page.value("#body"), "its address is not in the text")
    page.wait_for("Goes as a link", "#files")
    enabled(page)
    page.click("#send-go")
    page.wait_for("Delivered", "#log .msg.out")


async def test_a_file_that_is_not_taken_says_why_and_can_be_dismissed(
    page: Page, dealership: Dealership, tmp_path: Path
) -> None:
    await open_window(page, dealership)
    (tmp_path / "nothing.pdf").write_bytes(b"")
    page.find("#attach-files").send_keys(str(tmp_path / "nothing.pdf"))
    page.wait_for("nothing.pdf", "#uploads .bad")
    assert page.all("#files .file") == []
    page.click("#uploads [data-dismiss]")
    page.wait_until(lambda: page.all("#uploads .bad") == [], "it stays")


@IN_CHROMIUM
async def test_nothing_leaves_while_a_file_is_going_up_and_the_file_survives_what_happens_meanwhile(
    page: Page, dealership: Dealership, tmp_path: Path
) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Here it is")
    enabled(page)
    (tmp_path / "offer.txt").write_text("We would pay $17,500. " * 20_000)
    network(page, upload=20_000)  # it would take twenty seconds
    page.find("#attach-files").send_keys(str(tmp_path / "offer.txt"))
    page.wait_for("Wait for the upload.", "#send-why")
    assert not page.find("#send-go").is_enabled()
    page.find("#body").send_keys("!")
    chord(page)
    page.run("document.querySelector('#send-window').requestSubmit()")  # past every guard of the page
    page.wait_for("A file is still uploading. Wait for it, then send.", "#errors")
    assert page.axe() == []
    page.click("#send .close")
    page.click(".dock [data-opens]")
    assert len(page.all("#uploads progress")) == 1
    at_full_speed(page)
    page.wait_for("offer.txt", "#files")
    assert page.all("#uploads li") == []
    page.wait_for("A text takes no files", "#send-why")
    page.wait_for("Saved", "#draft-said")
    page.find("#body").send_keys("!")
    page.click("#send .close")
    await comes_to_be_kept(dealership, listing, "Here it is!!")
    page.open(f"/listings/{listing.id}/sends/new")
    page.wait_for("offer.txt", "#files")
    assert page.value("#body") == "Here it is!!"
    assert await dealership.messages(listing) == []


async def test_a_file_that_is_there_before_a_refused_send_is_answered_stays(
    page: Page, dealership: Dealership, tmp_path: Path
) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Here it is")
    enabled(page)
    page.run(HOLD, "/sends")
    (tmp_path / "offer.txt").write_text("We would pay $17,500.")
    page.run(
        "document.addEventListener('files-changed',"
        " () => document.querySelector('#send-window').requestSubmit(), {once: true})"
    )
    page.find("#attach-files").send_keys(str(tmp_path / "offer.txt"))
    page.wait_until(lambda: page.run("return held()") == 1, "it is not being sent")
    page.wait_until(lambda: page.run(UP), "it does not go up")
    page.run("letGo()")
    page.wait_for("A file is still uploading. Wait for it, then send.", "#errors")
    page.wait_for("offer.txt", "#files")
    page.wait_for("A text takes no files", "#send-why")
    assert page.all("#uploads li") == []


async def test_a_file_that_is_gone_is_taken_out_in_place(page: Page, dealership: Dealership, tmp_path: Path) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Hello")
    (tmp_path / "offer.txt").write_text("We would pay $17,500.")
    page.find("#attach-files").send_keys(str(tmp_path / "offer.txt"))
    page.wait_for("offer.txt", "#files")
    async with dealership.site.opened():
        for kept in await Attachment.objects().where(Attachment.account == dealership.account.id):
            await attachments.discard(kept)
    press(page, " there")
    page.wait_for("A file was removed meanwhile.", "#files .bad")
    page.click("#files [name=detach]")
    enabled(page)
    assert page.all("#files .file") == []
    assert await dealership.messages(listing) == []
    assert page.value("#body").startswith("Hello")


async def test_an_address_that_was_revoked_is_told_at_once(page: Page, dealership: Dealership, tmp_path: Path) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Hello")
    (tmp_path / "offer.txt").write_text("We would pay $17,500.")
    page.find("#attach-files").send_keys(str(tmp_path / "offer.txt"))
    page.click("#files [name=share]")
    page.wait_for("Goes as a link", "#files")
    enabled(page)
    page.button("Revoke").click()
    page.driver.switch_to.alert.accept()
    page.wait_for("A link in the text no longer works.", "#preview")
    page.wait_until(lambda: not page.find("#send-go").is_enabled(), "it may be sent")


@IN_CHROMIUM
async def test_a_file_that_could_not_be_sent_up_is_told(page: Page, dealership: Dealership, tmp_path: Path) -> None:
    await open_window(page, dealership)
    (tmp_path / "offer.txt").write_text("We would pay $17,500.")
    network(page, offline=True)
    page.find("#attach-files").send_keys(str(tmp_path / "offer.txt"))
    page.wait_for("could not be attached. Check your connection and try again.", "#uploads")
    assert "offer.txt" in page.text("#uploads")
    at_full_speed(page)
    assert page.all("#send-window [name=attachment]") == []
    page.click("#uploads [data-dismiss]")
    page.wait_until(lambda: page.all("#uploads li") == [], "it stays")
    page.find("#body").send_keys("Hello")
    enabled(page)


# Drafts


async def test_what_was_typed_is_kept_and_there_after_a_reload(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Half a sen")
    page.wait_for("Saved", "#draft-state")
    assert await kept(dealership, listing) == "Half a sen"
    press(page, "tence")
    page.open(f"/listings/{listing.id}")
    page.wait_for("Continue draft", ".dock")
    page.click(".dock [data-opens]")
    page.wait_until(lambda: page.value("#body") == "Half a sentence", "it lost something")
    page.wait_for("Draft of", "#draft-state")
    enabled(page)
    page.click("#send-go")
    page.wait_for("Delivered", "#log .msg.out")
    await sent_once(dealership, listing, "Half a sentence")
    assert await kept(dealership, listing) is None


async def test_escape_keeps_what_was_typed_at_once(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.run(HOLD, "/draft")
    page.find("#body").send_keys("Half a sen")
    press(page, Keys.ESCAPE)
    page.wait_until(lambda: page.run("return held()") == 1, "it is not being saved")
    page.run("letGo()")
    page.wait_until(lambda: not page.find("#send").is_displayed(), "Esc does not close it")
    await comes_to_be_kept(dealership, listing, "Half a sen")
    page.open(f"/listings/{listing.id}/sends/new")
    assert page.value("#body") == "Half a sen"


async def test_a_draft_that_another_device_changed_is_shown_and_not_written_over(
    page: Page, dealership: Dealership
) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Mine")
    page.wait_for("Saved", "#draft-state")
    await dealership.drafted(listing, "Written on the phone")
    press(page, " too")
    page.wait_for("This draft was changed elsewhere", "#draft-state")
    assert await kept(dealership, listing) == "Written on the phone"
    page.click("#draft-state summary")
    page.wait_for("Written on the phone", "#draft-state")
    await asyncio.sleep(0.8)  # leaving the text saves nothing anew, which would close it again
    assert "Written on the phone" in page.text("#draft-state")
    page.click("#keep-mine")
    page.wait_for("Saved", "#draft-state")
    assert await kept(dealership, listing) == "Mine too"
    await dealership.drafted(listing, "On the phone again")
    press(page, "!")
    page.click("#take-theirs")
    page.wait_until(lambda: page.value("#body") == "On the phone again", "the other text did not come")


async def test_a_draft_that_was_being_saved_when_a_send_was_refused_is_saved_again(
    page: Page, dealership: Dealership
) -> None:
    listing = await open_window(page, dealership)
    page.run(HOLD, "/draft")
    page.find("#body").send_keys("Half a sen")
    page.wait_until(lambda: page.run("return held()") == 1, "it is not being saved")
    page.run("document.querySelector('#body').value = ''")
    page.run("document.querySelector('#send-window').requestSubmit()")
    page.wait_for("This message was not sent", "#errors")
    page.run("letGo()")
    page.wait_for("Saved", "#draft-said")
    page.find("#body").send_keys("Half a sentence")
    await comes_to_be_kept(dealership, listing, "Half a sentence")
    page.wait_for("Saved", "#draft-said")


async def test_a_window_opened_again_while_it_is_being_saved_is_the_same_window(
    page: Page, dealership: Dealership
) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Hi")
    page.wait_for("Saved", "#draft-said")
    known = page.value("[name=draft_revision]")
    page.run(HOLD, "/draft")
    press(page, Keys.BACKSPACE * 2 + Keys.ESCAPE)
    page.wait_until(lambda: page.run("return held()") == 1, "it is not being saved")
    page.click(".dock [data-opens]")
    page.find("#body").send_keys("Hello")
    page.run("letGo()")
    page.wait_until(lambda: page.value("[name=draft_revision]") not in (known, "0"), "it is not saved again")
    page.wait_for("Saved", "#draft-said")
    assert page.value("#body") == "Hello"
    assert await kept(dealership, listing) == "Hello"


async def test_a_draft_that_is_not_kept_says_so_and_why(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Half a sen")
    page.wait_for("Saved", "#draft-said")
    page.driver.delete_all_cookies()  # signed out in another tab
    press(page, "tence")
    page.wait_for("You are signed out.", "#draft-said")
    assert "Saved" not in page.text("#draft-state")
    assert page.run(SAID_BEFORE, "#draft-said p") == '"Not saved. "'
    assert page.axe() == []
    await dealership.signed_in_here(page)
    press(page, "!")
    page.wait_for("Saved", "#draft-said")
    assert await kept(dealership, listing) == "Half a sentence!"


async def test_a_text_too_long_to_be_kept_is_not_said_to_be_saved(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Half a sen")
    page.wait_for("Saved", "#draft-said")
    page.run("document.querySelector('#body').value = 'a'.repeat(100001)")
    page.find("#body").send_keys("!")
    page.wait_for("100,000 characters at most", "#draft-said")
    assert page.all(".toast") == page.all("#draft-said .toast")


@IN_CHROMIUM
async def test_a_draft_that_nobody_answered_for_is_not_said_to_be_saved(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Half a sen")
    page.wait_for("Saved", "#draft-said")
    network(page, offline=True)
    press(page, "tence")
    page.wait_for("Lotwire did not answer.", "#draft-said")
    at_full_speed(page)
    press(page, Keys.ESCAPE)  # what was not kept is kept now
    said = "return document.querySelector('#draft-said').textContent"
    page.wait_until(lambda: "Saved" in page.run(said), "it is not tried again")
    page.open(f"/listings/{listing.id}/sends/new")
    page.wait_until(lambda: page.value("#body") == "Half a sentence", "it is lost")


async def test_a_discarded_draft_is_gone(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Never mind")
    page.click("#discard")
    page.driver.switch_to.alert.accept()
    page.wait_for("The draft is gone.", "#notices")
    assert await kept(dealership, listing) is None
    assert "Continue draft" not in page.text(".dock")


# What others do meanwhile, and good practice


async def test_the_seller_who_writes_meanwhile_is_read_about_before_it_is_sent(
    page: Page, dealership: Dealership
) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Is it sold?")
    enabled(page)
    dealership.site.simulator.reply(await dealership.mobile(listing), "It is sold", dealership.number)
    page.wait_for("Dana wrote at", "#send-why")
    page.click("#send-go")
    page.wait_for("Delivered", "#log .msg.out")


async def test_a_guide_stands_beside_the_text_and_leaves_it_alone(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Hello")
    page.click("#tracks-b")
    page.wait_for("Initial contact", "#tracks")
    page.driver.find_element("xpath", "//*[@id='tracks']//a[normalize-space()='Initial contact']").click()
    page.wait_for("Initial contact", "#beside")
    assert page.focused() == "beside"
    assert "/sends" not in page.path
    assert not page.find("#preview").is_displayed()
    page.find("#body").send_keys(" there")
    page.click("[data-empties=beside]")
    page.wait_until(lambda: page.find("#preview").is_displayed(), "the preview did not come back")
    assert page.focused() == "tracks-b"
    assert page.value("#body") == "Hello there"


# What an agent does, and what became of it


async def open_page(page: Page, dealership: Dealership, query: str, **values: object) -> Listing:
    listing = await open_vdp(page, dealership, **values)
    page.open(f"/listings/{listing.id}/sends/new{query}")
    page.wait_until(lambda: page.find("#body").is_displayed(), "the window's page did not come")
    return listing


async def comes_to_be_kept(dealership: Dealership, listing: Listing, words: str) -> None:
    """Waits for the draft in the database: a page that is opened meanwhile may be served before it is written."""
    async with asyncio.timeout(PATIENCE):
        while await kept(dealership, listing) != words:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def kept(dealership: Dealership, listing: Listing) -> str | None:
    """The agent's draft in the database."""
    async with dealership.site.opened():
        saved = await drafts.of(dealership.agent.id, listing.id)
    return saved.writing.body if saved else None

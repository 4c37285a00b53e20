"""The Send Message window under fast, slow and careless hands."""

from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from domain.listings import Listing
from domain.messages import Message
from tests import make
from tests.browser.dealership import Dealership
from tests.browser.page import Page

# Only Chromium can be told to repeat a key, to be slow or to be offline.
IN_CHROMIUM = pytest.mark.parametrize("driver", ["chromium"], indirect=True, scope="session")

TEMPLATE = "First hello: would you sell to us?"


# Opening and closing


async def test_the_focus_lands_on_the_windows_name_and_returns_to_what_opened_it(
    page: Page, dealership: Dealership
) -> None:
    await open_vdp(page, dealership)
    page.run("document.querySelector('.seller .primary').focus()")
    press(page, Keys.ENTER)
    page.wait_until(lambda: page.focused() == "send-title", "the focus is not on the name")
    assert page.run("return document.querySelector('#send').matches(':modal')")
    press(page, Keys.ESCAPE)
    page.wait_until(lambda: not page.find("#send").is_displayed(), "Esc does not close it")
    assert page.run("return document.activeElement.matches('.seller .primary')")


async def test_the_keyboard_stays_inside_the_window(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    for _ in range(60):
        press(page, Keys.TAB)
        # The browser's own controls are part of the round; they count as the body.
        assert page.run("const e = document.activeElement; return e === document.body || !!e.closest('#send')")


@pytest.mark.parametrize("way_out", ["Esc", "the close button"])
async def test_what_was_typed_is_there_when_the_window_is_opened_again(
    page: Page, dealership: Dealership, way_out: str
) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Half a sen")
    if way_out == "Esc":
        press(page, Keys.ESCAPE)
    else:
        page.click("#send .close")
    page.wait_until(lambda: not page.find("#send").is_displayed(), "it did not close")
    page.click(".dock [data-opens]")
    page.wait_until(lambda: page.find("#body").is_displayed(), "it did not open again")
    assert page.value("#body") == "Half a sen"
    enabled(page)


async def test_the_number_that_was_clicked_is_the_one_it_goes_to(page: Page, dealership: Dealership) -> None:
    mobile, phone = make.phone(), make.phone()
    await open_vdp(page, dealership, seller={"mobile": mobile, "phone": phone})
    page.click("[popovertarget=num-phone]")
    page.click("#num-phone [data-opens]")
    page.wait_until(lambda: page.value("#to") == "phone", "not the number that was clicked")
    page.find("#body").send_keys("Hello")
    page.click("#send-go")
    page.wait_for("Delivered", "#log")
    assert dealership.texts_to(phone) == ["Hello"]
    assert dealership.texts_to(mobile) == []


async def test_another_number_chosen_in_the_window_changes_what_the_button_says(
    page: Page, dealership: Dealership
) -> None:
    mobile, phone = make.phone(), make.phone()
    await open_window(page, dealership, seller={"mobile": mobile, "phone": phone})
    page.wait_for(mobile[-4:], "#send-go")
    page.find("#to option[value=phone]").click()
    page.wait_for(phone[-4:], "#send-go")


# Sending once


async def test_enter_in_a_field_of_one_line_presses_no_button(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Half a sen")
    page.run("document.querySelector('#from').focus()")
    press(page, Keys.ENTER)
    page.find("#body").send_keys("tence")
    enabled(page)
    assert page.value("#body") == "Half a sentence"


@IN_CHROMIUM
async def test_a_held_ctrl_enter_sends_once(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Once")
    enabled(page)
    for n in range(12):
        key(page, "rawKeyDown", "Enter", 13, autoRepeat=n > 0)
    key(page, "keyUp", "Enter", 13)
    page.wait_for("Delivered", "#log .msg.out")
    await sent_once(dealership, listing, "Once")


async def test_ctrl_enter_pressed_many_times_sends_once(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Once")
    enabled(page)
    keys = ActionChains(page.driver).key_down(Keys.CONTROL)
    for _ in range(6):
        keys = keys.send_keys(Keys.ENTER)
    keys.key_up(Keys.CONTROL).perform()
    page.wait_for("Delivered", "#log .msg.out")
    await sent_once(dealership, listing, "Once")


@IN_CHROMIUM
async def test_ctrl_enter_right_after_the_last_letter_sends_although_the_preview_is_not_there_yet(
    page: Page, dealership: Dealership
) -> None:
    listing = await open_window(page, dealership)
    slow_down(page, 400)
    page.find("#body").send_keys("Now")
    assert not page.find("#send-go").is_enabled()
    chord(page)
    at_full_speed(page)
    page.wait_for("Delivered", "#log .msg.out")
    await sent_once(dealership, listing, "Now")


async def test_a_double_click_sends_once(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Once")
    enabled(page)
    ActionChains(page.driver).double_click(page.find("#send-go")).perform()
    page.wait_for("Delivered", "#log .msg.out")
    await sent_once(dealership, listing, "Once")


@IN_CHROMIUM
async def test_impatient_clicks_at_a_slow_server_send_once(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Once")
    enabled(page)
    slow_down(page, 500)
    page.run("for (let n = 0; n < 5; n++) document.querySelector('#send-go').click()")
    at_full_speed(page)
    page.wait_for("Delivered", "#log .msg.out")
    await sent_once(dealership, listing, "Once")


async def test_the_same_form_posted_twice_past_every_guard_sends_once(page: Page, dealership: Dealership) -> None:
    """The server is the one that refuses: a second window of the browser holds the same form."""
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Once")
    enabled(page)
    statuses = page.driver.execute_async_script(
        """const done = arguments[0], form = document.getElementById("send-window");
        const post = () => fetch(form.action, {method: "POST", body: new URLSearchParams(new FormData(form))});
        Promise.all([post(), post(), post()]).then(answers => done(answers.map(answer => answer.status)))"""
    )
    assert statuses == [200, 200, 200]
    page.wait_for("Delivered", "#log .msg.out")
    await sent_once(dealership, listing, "Once")


# Typing


@IN_CHROMIUM
async def test_typing_goes_on_while_a_slow_server_looks_a_value_up(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Hi , is it sold?")
    page.run("document.querySelector('#body').setSelectionRange(3, 3)")
    slow_down(page, 600)
    page.click("#ins-1")
    press(page, "dear ")
    assert page.value("#body") == "Hi dear , is it sold?"
    page.wait_until(lambda: "Dana" in page.value("#body"), "the value did not come")
    at_full_speed(page)
    assert page.value("#body") == "Hi dear Dana, is it sold?"
    page.wait_until(lambda: page.text("#preview .bub") == "Hi dear Dana, is it sold?", "the preview did not follow")
    assert page.focused() == "body"


@IN_CHROMIUM
async def test_a_slow_preview_never_takes_letters_away(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    slow_down(page, 300)
    words = "Would you take seventeen thousand for it today?"
    page.find("#body").send_keys(words[:10])
    for letter in words[10:]:
        press(page, letter)
    at_full_speed(page)
    page.wait_until(lambda: page.text("#preview .bub") == words, "the preview did not follow")
    assert page.value("#body") == words


async def test_undo_takes_an_inserted_value_back(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Hi ")
    page.click("#ins-1")
    page.wait_until(lambda: page.value("#body") == "Hi Dana", "the name did not come")
    undo(page)
    page.wait_until(lambda: page.value("#body") == "Hi ", "the name stayed")


async def test_a_value_goes_in_after_an_emoji(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.run(
        "const b = document.querySelector('#body'); b.value = 'a\\u{1F600}b'; b.focus(); b.setSelectionRange(3, 3)"
    )
    page.click("#ins-1")
    page.wait_until(lambda: page.value("#body") == "a\U0001f600Danab", "the name is not behind the emoji")
    page.wait_for("UCS-2", "#counter")


@pytest.mark.parametrize(
    ("answer", "wanted"), [("replace", "Hi Dana, "), ("append", "Hello there.\n\nHi Dana, ")], ids=["replace", "append"]
)
async def test_a_template_over_typed_text_asks(page: Page, dealership: Dealership, answer: str, wanted: str) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Hello there.")
    pick(page, TEMPLATE)
    page.wait_for("There is a text already.", ".ask")
    assert page.value("#body") == "Hello there."
    page.click(f"#do-{answer}")
    page.wait_until(lambda: page.value("#body").startswith(wanted), "the answer was not heeded")
    assert page.all(".ask") == []
    page.wait_until(lambda: page.text("#preview .bub") == page.value("#body"), "the preview did not follow")


@pytest.mark.parametrize("answer", ["replace", "append"])
async def test_undo_brings_the_words_back_that_a_template_went_over(
    page: Page, dealership: Dealership, answer: str
) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Hello there.")
    pick(page, TEMPLATE)
    page.click(f"#do-{answer}")
    page.wait_until(lambda: "Hi Dana, " in page.value("#body"), "the template was not filled in")
    assert page.run("return document.querySelector('[name=template_version]').value") != ""
    page.find("#body").click()
    undo(page)
    page.wait_until(lambda: page.value("#body") == "Hello there.", "what was typed did not come back")
    page.wait_until(lambda: page.text("#preview .bub") == "Hello there.", "the preview did not follow")


async def test_another_template_over_an_untouched_one_asks_too_and_a_question_can_be_left_alone(
    page: Page, dealership: Dealership
) -> None:
    await open_window(page, dealership)
    pick(page, TEMPLATE)
    page.wait_until(lambda: page.value("#body").startswith("Hi Dana"), "the template was not filled in")
    page.find("#body").send_keys(" Today?")
    typed = page.value("#body")
    page.find("#template optgroup:nth-of-type(2) option").click()
    page.wait_for("There is a text already.", ".ask")
    assert page.value("#body") == typed
    page.wait_until(lambda: page.find("#send-go").is_enabled(), "it may not be sent as it stands")


# What keeps a text from leaving


async def test_a_value_that_is_not_known_is_red_and_keeps_the_text_here(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership, trim="")
    page.find("#body").send_keys("Which trim is it, ")
    page.click("[data-insert][value='vehicle.trim']")
    page.wait_until(lambda: page.value("#body").endswith("{{vehicle.trim}}"), "its token did not come")
    page.wait_for("{{vehicle.trim}}", "#preview .hole")
    page.wait_for("Fill in what is marked red, or take it out.", "#send-why")
    assert not page.find("#send-go").is_enabled()
    red, _, _ = rgb(page, "#preview .hole", "color")
    assert red == max(rgb(page, "#preview .hole", "color"))
    chord(page)
    for _ in "{{vehicle.trim}}":
        press(page, Keys.BACKSPACE)
    enabled(page)
    assert await dealership.messages(listing) == []


async def test_a_token_that_does_not_exist_keeps_the_text_here(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Your {{vehicle.colour}} car")
    page.wait_for("{{vehicle.colour}}", "#send-why")
    page.wait_for("{{vehicle.colour}}", "#preview .hole")
    assert "Every field has a value" not in page.text("#preview")
    assert not page.find("#send-go").is_enabled()
    assert await dealership.messages(listing) == []


async def test_a_token_of_a_known_value_leaves_filled(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Your {{vehicle.title}}")
    page.wait_until(lambda: page.text("#preview .bub") == "Your 2019 Subaru Outback", "the preview did not follow")
    page.click("#send-go")
    page.wait_for("Your 2019 Subaru Outback", "#log .msg.out")
    page.wait_for("Delivered", "#log .msg.out")
    await sent_once(dealership, listing, "Your 2019 Subaru Outback")


async def test_plain_characters_are_one_click_away(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("It’s yours")
    page.wait_for("UCS-2", "#counter")
    page.click("#do-normalize")
    page.wait_until(lambda: page.value("#body") == "It's yours", "the quote stayed")
    page.wait_for("GSM-7", "#counter")


@pytest.mark.parametrize("where", ["the dialog", "its own page"])
async def test_a_refused_send_is_told_once_where_the_focus_is(page: Page, dealership: Dealership, where: str) -> None:
    listing = await open_window(page, dealership)
    if where == "its own page":
        page.open(f"/listings/{listing.id}/sends/new")
    page.find("#body").send_keys("Hello")
    enabled(page)
    page.run("document.querySelector('#body').value = ' '")  # without an event: only the server notices
    page.click("#send-go")
    page.wait_for("This message was not sent", "#send-problem")
    page.wait_until(lambda: page.focused() == "errors", "the focus is not on what went wrong")
    assert page.run("return [...document.querySelectorAll('#send-shell [role=alert]')].map(e => e.id)") == ["errors"]
    assert page.title.startswith("Error: Message Dana") == (where == "its own page")
    press(page, Keys.TAB)
    page.find("#body").send_keys("again")
    enabled(page)
    assert page.focused() == "body"
    assert await dealership.messages(listing) == []


async def test_a_send_the_moment_a_refused_one_is_answered_stays_in_the_window(
    page: Page, dealership: Dealership
) -> None:
    listing = await open_window(page, dealership)
    page.run(
        """const first = document.querySelector("#send-window");
        new MutationObserver((_, observer) => {
          const form = document.querySelector("#send-window");
          if (!form || form === first) return;
          observer.disconnect();
          form.body.value = "Once";
          form.requestSubmit();
        }).observe(document.querySelector("#send-slot"), {childList: true});
        first.requestSubmit();
        window.stays = true;"""
    )
    page.wait_for("Delivered", "#log .msg.out")
    assert page.run("return window.stays"), "it was posted as a page"
    await sent_once(dealership, listing, "Once")


@IN_CHROMIUM
@pytest.mark.parametrize("refused", [True, False], ids=["refused", "sent"])
async def test_no_words_are_taken_that_a_slow_answer_would_lose(
    page: Page, dealership: Dealership, refused: bool
) -> None:
    listing = await open_window(page, dealership, trim="")
    slow_down(page, 1500)
    page.find("#body").send_keys("Is it the {{vehicle.trim}}?" if refused else "Still here?")
    chord(page)  # the preview is not there yet
    page.wait_until(lambda: page.run("return document.querySelector('#send-window').ariaBusy") == "true", "not sent")
    page.run("document.querySelector('#body').focus()")
    press(page, " And more.")
    seen = page.value("#body")
    assert page.find("#body").get_attribute("readonly"), "nothing says that it stands still"
    at_full_speed(page)
    if refused:
        page.wait_for("This message was not sent", "#send-problem")
        assert page.value("#body") == seen
        page.find("#body").send_keys("!")
        assert page.value("#body") == seen + "!"
        assert await dealership.messages(listing) == []
    else:
        page.wait_for("Delivered", "#log .msg.out")
        await sent_once(dealership, listing, seen)


@IN_CHROMIUM
async def test_a_server_that_does_not_answer_is_told_and_the_text_stays(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Hello")
    enabled(page)
    network(page, offline=True)
    page.click("#send-go")
    page.wait_for("Lotwire did not answer.", "#send-problem")
    at_full_speed(page)
    page.find("#body").send_keys("!")
    assert page.value("#body") == "Hello!"
    enabled(page)
    page.click("#send-go")
    page.wait_for("Delivered", "#log .msg.out")
    await sent_once(dealership, listing, "Hello!")


@IN_CHROMIUM
async def test_a_stream_that_breaks_is_shown_and_comes_back(page: Page, dealership: Dealership) -> None:
    listing = await open_vdp(page, dealership)
    assert not page.find(".stale").is_displayed()
    network(page, offline=True)
    page.run("htmx.trigger(document.body, 'history-changed')")
    page.wait_until(lambda: page.find(".stale").is_displayed(), "a stale view does not say so")
    dealership.site.simulator.reply(await dealership.mobile(listing), "Still here?", dealership.number)
    at_full_speed(page)
    page.run("htmx.trigger(document.body, 'history-changed')")
    page.wait_for("Still here?", "#log .msg.in")
    page.wait_until(lambda: not page.find(".stale").is_displayed(), "it still says so")


# What an agent does, and what becomes of it


@IN_CHROMIUM
async def test_without_scripts_nothing_sticks_out_on_a_phone(page: Page, dealership: Dealership) -> None:
    listing = await dealership.listing()
    await dealership.signed_in(page)
    page.without_scripts()
    page.be_phone(390, 844)
    page.open(f"/listings/{listing.id}/sends/new")
    for one, within in (("#attach .nojs input", ".ed"), ("#template-deeds button.nojs", "#template-picker")):
        inner, outer = page.find(one).rect, page.find(within).rect
        assert inner["width"] > 0
        room = float(page.find(one).value_of_css_property("padding-right").removesuffix("px"))  # without words in it
        assert inner["x"] + inner["width"] - room <= outer["x"] + outer["width"], one
    page.screenshot("window-without-scripts-390")
    assert "live preview" not in page.text("#preview"), "nothing is live"


async def open_vdp(page: Page, dealership: Dealership, **values: Any) -> Listing:
    listing = await dealership.listing(**values)
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}")
    page.wait_for("2019 Subaru Outback", "h1")
    return listing


async def open_window(page: Page, dealership: Dealership, **values: Any) -> Listing:
    listing = await open_vdp(page, dealership, **values)
    page.click(".seller .primary[data-opens]")
    page.wait_until(lambda: page.find("#send-window #body").is_displayed(), "the window did not open")
    return listing


def pick(page: Page, template: str) -> None:
    page.driver.find_element("xpath", f"//select[@id='template']//option[normalize-space()={template!r}]").click()


def enabled(page: Page) -> None:
    page.wait_until(lambda: page.find("#send-go").is_enabled(), "it may not be sent")


def press(page: Page, keys: str) -> None:
    """On the keyboard, wherever the caret is; `send_keys` of a field would go to its end first."""
    ActionChains(page.driver).send_keys(keys).perform()


def chord(page: Page) -> None:
    """Ctrl+Enter."""
    ActionChains(page.driver).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()


def undo(page: Page) -> None:
    if page.engine == "webkit":  # GTK takes Ctrl+Z above the page; it cannot be pressed from outside
        page.run("document.execCommand('undo')")
    else:
        ActionChains(page.driver).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()


async def sent_once(dealership: Dealership, listing: Listing, words: str) -> None:
    messages: list[Message] = await dealership.messages(listing)
    assert [message.body for message in messages] == [words]
    assert dealership.texts_to(messages[0].to_address) == [words]


def rgb(page: Page, css: str, name: str) -> tuple[float, float, float]:
    """A colour as the screen has it, whatever words the style sheet uses."""
    r, g, b, _ = page.run(
        """const context = document.createElement("canvas").getContext("2d");
        context.fillStyle = getComputedStyle(document.querySelector(arguments[0]))[arguments[1]];
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data]""",
        css,
        name,
    )
    return r, g, b


def key(page: Page, kind: str, name: str, code: int, **more: Any) -> None:
    event = {"type": kind, "key": name, "code": name, "windowsVirtualKeyCode": code, "modifiers": 2, **more}
    page.driver.execute_cdp_cmd("Input.dispatchKeyEvent", event)  # type: ignore[attr-defined]


def slow_down(page: Page, milliseconds: int) -> None:
    network(page, latency=milliseconds)


def network(page: Page, offline: bool = False, latency: int = 0, upload: int = 50_000_000) -> None:
    """`latency` in milliseconds, `upload` in bytes a second."""
    page.driver.set_network_conditions(  # type: ignore[attr-defined]
        offline=offline, latency=latency, download_throughput=50_000_000, upload_throughput=upload
    )


def at_full_speed(page: Page) -> None:
    page.driver.delete_network_conditions()  # type: ignore[attr-defined]

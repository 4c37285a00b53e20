"""The page of a plan: it shows what is stored, keeps what was typed, and sends nothing that nobody looked at."""

import re
from datetime import timedelta
from typing import Any

import pytest

from domain import schedules
from domain.messages import Message, State
from tests import make
from tests.client import Client
from tests.sending import again, put
from tests.web.test_schedules import LATER, listing, planned, url
from tests.web.test_sends import text_of

__all__ = ["listing"]  # the fixture

OLD = "Hi Dana, is it still for sale?"
WORDING = "Hi {{seller.first_name}}, is it still for sale?"
NEW = "New words, {{seller.first_name}}."
TYPED = {"body": NEW, "revision": "1", **LATER}
UNTOUCHED = {"body": WORDING, "revision": "1", **LATER}


def departures(message: Message) -> str:
    return f"/messages/{message.id}/departures"


def section(html: str, title: str) -> str:
    """What stands in the section with this heading, as people read it."""
    [found] = re.findall(rf"<section[^>]*>(?:(?!</section>).)*?<h2[^>]*>{title}</h2>.*?</section>", html, re.DOTALL)
    return text_of(found)


def kept(html: str) -> str:
    """What stands in the field of the message."""
    return re.findall(r'<textarea[^>]* name="body"[^>]*>(.*?)</textarea>', html, re.DOTALL)[0]


def form_with(html: str, button: str) -> dict[str, str]:
    """The hidden fields of the form that has this button."""
    [form] = [each for each in re.findall(r"<form.*?</form>", html, re.DOTALL) if button in each]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: value for name, value in found if name != "_csrf_token"}


async def by_colleague(client: Client, message: Message, body: str = "Theirs, {{seller.first_name}}") -> None:
    """A manager saves other words over the newest ones."""
    standing = await again(message)
    answer = await client.submit(url(message), {**TYPED, "body": body, "revision": standing.revision})
    assert answer.status_code == 303, text_of(answer.text)


# What it says


async def test_of_a_plan_cancelled_meanwhile_the_page_says_its_words_and_keeps_the_typed_ones(
    agent_client: Client, manager_client: Client, listing: Any
) -> None:
    message = await planned(agent_client, listing)
    await manager_client.submit(url(message, "/deletion"), {"revision": "1"})
    refused = await agent_client.submit(url(message), TYPED)
    assert refused.status_code == 422
    said = text_of(refused.text)
    assert "This was not saved" in said
    assert "Below is what you typed. It is not saved" in said
    assert OLD in section(refused.text, "How it would read now")
    assert "New words" not in section(refused.text, "How it would read now")
    assert kept(refused.text) == NEW


async def test_scheduled_again_from_there_it_says_what_stood_in_the_form(
    agent_client: Client, manager_client: Client, listing: Any
) -> None:
    message = await planned(agent_client, listing)
    await manager_client.submit(url(message, "/deletion"), {"revision": "1"})
    page = await agent_client.submit(url(message), TYPED)
    form = {**form_with(page.text, "Schedule for this time"), "body": kept(page.text), **LATER}
    assert (await agent_client.submit(url(message, "/restoration"), form)).status_code == 303
    restored = await again(message)
    assert (restored.state, restored.body, restored.wording) == (State.PENDING, "New words, Dana.", NEW)


async def test_in_its_last_ten_seconds_the_page_says_what_leaves_and_cancelling_brings_the_typed_words_along(
    agent_client: Client, listing: Any, clock: Any
) -> None:
    message = await planned(agent_client, listing)
    clock.set(message.scheduled_at - timedelta(seconds=5))
    await schedules.release()
    refused = await agent_client.submit(url(message), TYPED)
    assert refused.status_code == 422
    assert "This was not saved" in text_of(refused.text)
    assert OLD in section(refused.text, "How it would read now")
    assert "What stood on your page, not saved" in text_of(refused.text)
    form = {**form_with(refused.text, "Cancel this message"), "body": kept(refused.text)}
    page = await agent_client.submit(url(message, "/deletion"), form)
    assert (await again(message)).state == State.CANCELLED
    assert "It will not be sent." in text_of(page.text)
    assert (page.status_code, kept(page.text)) == (200, NEW)
    assert "It is not saved: schedule it with these words" in text_of(page.text)
    twice = await agent_client.submit(url(message, "/deletion"), form)
    assert (twice.status_code, kept(twice.text)) == (200, NEW)


async def test_once_it_has_left_the_page_says_what_the_seller_got_and_opens_the_typed_words_as_a_new_message(
    agent_client: Client, listing: Any
) -> None:
    message = await planned(agent_client, listing)
    await schedules.send_now(await make.dealership(), message, agent_client.user)
    await put(message, state=State.DELIVERED)
    refused = await agent_client.submit(url(message), TYPED)
    assert OLD in section(refused.text, "What it says")
    assert kept(refused.text) == NEW
    form = {**form_with(refused.text, "Open as a new message"), "channel": "text", "body": kept(refused.text)}
    window = await agent_client.submit(f"/listings/{listing.id}/sends/new", form)
    assert window.status_code == 200
    assert "New words" in kept(window.text)


async def test_a_preview_of_typed_words_says_that_they_are_not_saved(agent_client: Client, listing: Any) -> None:
    message = await planned(agent_client, listing)
    looked = await agent_client.submit(url(message), {**TYPED, "do": "preview"})
    said = section(looked.text, "How what you typed would read")
    assert "not saved yet" in said
    assert "New words, Dana." in said
    same = await agent_client.submit(url(message), {**UNTOUCHED, "do": "preview"})
    assert OLD in section(same.text, "How it would read now")


async def test_a_box_that_was_unticked_stays_unticked_when_something_else_is_refused(
    agent_client: Client, listing: Any
) -> None:
    message = await planned(agent_client, listing, stays_on_reply=True)
    refused = await agent_client.submit(url(message), {**TYPED, "time": "nine"})
    assert refused.status_code == 422
    assert 'name="stays_on_reply" value="1" checked' not in refused.text
    assert 'name="stays_on_reply" value="1" checked' in (await agent_client.get(url(message, "/edit"))).text


# Send now


@pytest.mark.parametrize("looked", [False, True], ids=["typed", "previewed"])
async def test_typed_words_are_shown_beside_the_stored_ones_before_either_is_sent(
    agent_client: Client, listing: Any, looked: bool
) -> None:
    message = await planned(agent_client, listing)
    if looked:
        await agent_client.submit(url(message), {**TYPED, "do": "preview"})
    asked = await agent_client.submit(departures(message), TYPED)
    assert (await again(message)).state == State.PENDING
    assert "What you typed is not saved. Nothing has left" in text_of(asked.text)
    assert OLD in section(asked.text, "As it stands")
    assert "New words, Dana." in section(asked.text, "What you typed, not saved")
    form = {**form_with(asked.text, "Save and send this now"), "do": "typed"}
    assert (await agent_client.submit(departures(message), form)).status_code == 303
    sent = await again(message)
    assert (sent.state, sent.kind, sent.body) == (State.QUEUED, "one_to_one", "New words, Dana.")
    assert (await agent_client.submit(departures(message), form)).status_code == 303, "a second press"


async def test_the_stored_words_are_sent_by_the_button_below_them(agent_client: Client, listing: Any) -> None:
    message = await planned(agent_client, listing)
    asked = await agent_client.submit(departures(message), TYPED)
    form = form_with(asked.text, "Send it as it stands")
    assert "body" not in form
    assert (await agent_client.submit(departures(message), form)).status_code == 303
    assert (await again(message)).body == OLD


async def test_going_on_writing_loses_nothing(agent_client: Client, listing: Any) -> None:
    message = await planned(agent_client, listing)
    asked = await agent_client.submit(departures(message), {**TYPED, "stays_on_reply": "1"})
    form = {**form_with(asked.text, "Go on writing"), "do": "preview"}
    page = await agent_client.submit(url(message), form)
    assert kept(page.text) == NEW
    assert f'value="{LATER["date"]}"' in page.text
    assert 'name="stays_on_reply" value="1" checked' in page.text


async def test_nobody_sends_words_that_a_colleague_changed_after_they_looked(
    agent_client: Client, manager_client: Client, listing: Any
) -> None:
    message = await planned(agent_client, listing)
    await by_colleague(manager_client, message)
    asked = await agent_client.submit(departures(message), UNTOUCHED)
    assert (await again(message)).state == State.PENDING
    assert "Somebody changed this message meanwhile. Nothing has left" in text_of(asked.text)
    assert "Theirs, Dana" in section(asked.text, "As it stands")
    assert OLD in section(asked.text, "What stood on your page, not saved")
    form = form_with(asked.text, "Send it as it stands")
    await by_colleague(manager_client, message, "Theirs once more")
    told = await agent_client.submit(departures(message), form)
    assert "schedule/edit" in told.headers["location"]
    assert (await again(message)).state == State.PENDING, "that one nobody saw"
    page = await agent_client.get(told.headers["location"])
    assert "Somebody changed this message meanwhile." in text_of(page.text)
    form = {"revision": "3", "body": "Theirs once more"}
    assert (await agent_client.submit(departures(message), form)).status_code == 303
    assert (await again(message)).body == "Theirs once more"


@pytest.mark.parametrize("form", [TYPED, {**TYPED, "do": "typed"}, {"revision": "1"}], ids=["typed", "shown", "stored"])
async def test_a_colleague_of_the_author_sends_nothing(
    client: Client, agent_client: Client, listing: Any, form: dict[str, str]
) -> None:
    message = await planned(agent_client, listing)
    colleague = await client.signed_in(await make.user(role="agent"))
    assert (await colleague.submit(departures(message), form)).status_code == 403
    assert (await again(message)).state == State.PENDING


@pytest.mark.parametrize("form", [{}, {"revision": ""}, {"revision": "0"}, {"revision": "99999999999"}], ids=str)
async def test_without_the_revision_that_was_looked_at_nothing_leaves(
    agent_client: Client, listing: Any, form: dict[str, str]
) -> None:
    message = await planned(agent_client, listing)
    await agent_client.submit(departures(message), form)
    assert (await again(message)).state == State.PENDING


async def test_the_history_and_the_list_act_on_what_they_showed(
    agent_client: Client, manager_client: Client, listing: Any
) -> None:
    message = await planned(agent_client, listing)
    shown = (await agent_client.get(f"/listings/{listing.id}")).text
    [send] = [form for form in re.findall(r"<form.*?</form>", shown, re.DOTALL) if departures(message) in form]
    assert 'name="revision" value="1"' in send
    assert 'name="revision" value="1"' in (await agent_client.get("/schedules")).text
    await by_colleague(manager_client, message)
    for where in (departures(message), url(message, "/deletion")):
        told = await agent_client.submit(where, {"revision": "1"}, htmx=True)
        assert "Somebody changed this message meanwhile." in text_of(told.text)
        assert url(message, "/edit") in told.text
    assert (await again(message)).state == State.PENDING


async def test_at_night_typed_words_are_asked_about_and_kept(agent_client: Client, listing: Any, clock: Any) -> None:
    message = await planned(agent_client, listing)
    clock.advance(hours=11)  # 20:00 in Tucson
    asked = await agent_client.submit(departures(message), {**TYPED, "do": "typed"})
    assert "Send it all the same?" in text_of(asked.text)
    assert "New words, Dana." in text_of(asked.text)
    assert (await again(message)).state == State.PENDING
    form = {**form_with(asked.text, "Save and send this now"), "do": "typed"}
    assert form["knowing"] == "1"
    await agent_client.submit(departures(message), form)
    assert (await again(message)).body == "New words, Dana."


async def test_what_stands_against_typed_words_is_said_at_them(agent_client: Client, listing: Any) -> None:
    message = await planned(agent_client, listing)
    refused = await agent_client.submit(departures(message), {**TYPED, "body": "Hi {{nobody}}", "do": "typed"})
    assert refused.status_code == 422
    assert "It was not sent" in text_of(refused.text)
    assert 'id="f-body-err"' in refused.text
    assert kept(refused.text) == "Hi {{nobody}}"
    assert (await again(message)).state == State.PENDING


async def test_a_line_that_browsers_take_away_is_no_change(agent_client: Client, listing: Any) -> None:
    message = await planned(agent_client, listing, body="\nHi Dana,\n\nstill there?\n")
    form = {**TYPED, "body": "Hi Dana,\r\n\r\nstill there?\r\n"}
    assert (await agent_client.submit(departures(message), form)).status_code == 303
    assert (await again(message)).state == State.QUEUED


# Cancel and schedule again


async def test_what_a_colleague_changed_is_shown_before_it_is_cancelled(
    agent_client: Client, manager_client: Client, listing: Any
) -> None:
    message = await planned(agent_client, listing)
    await by_colleague(manager_client, message)
    refused = await agent_client.submit(url(message, "/deletion"), UNTOUCHED)
    assert (await again(message)).state == State.PENDING
    assert "It was not cancelled" in text_of(refused.text)
    assert "Theirs, {{seller.first_name}}" in section(refused.text, "As it stands now")
    deed = re.findall(r'<button[^>]*schedule/deletion"[^>]*>', refused.text)[0]
    assert 'name="over" value="2"' in deed
    gone = await agent_client.submit(url(message, "/deletion"), {**UNTOUCHED, "over": "2"})
    assert gone.status_code == 200, "what stood on the page is kept"
    assert (await again(message)).state == State.CANCELLED


async def test_cancelled_with_words_typed_and_not_saved_they_stay(agent_client: Client, listing: Any) -> None:
    message = await planned(agent_client, listing)
    page = await agent_client.submit(url(message, "/deletion"), TYPED)
    assert (await again(message)).state == State.CANCELLED
    assert "It will not be sent." in text_of(page.text)
    assert "Below is what you typed. It is not saved" in text_of(page.text)
    assert kept(page.text) == NEW
    other = await planned(agent_client, listing)
    assert (await agent_client.submit(url(other, "/deletion"), UNTOUCHED)).status_code == 303


async def test_what_a_colleague_changed_is_shown_before_it_is_scheduled_again(
    agent_client: Client, manager_client: Client, listing: Any
) -> None:
    message = await planned(agent_client, listing)
    await agent_client.submit(url(message, "/deletion"), {"revision": "1"})
    await manager_client.submit(url(message, "/restoration"), UNTOUCHED)
    await by_colleague(manager_client, message)
    await manager_client.submit(url(message, "/deletion"), {"revision": "3"})
    refused = await agent_client.submit(url(message, "/restoration"), UNTOUCHED)
    assert refused.status_code == 422
    assert "It was not scheduled" in text_of(refused.text)
    assert "Theirs, Dana" in section(refused.text, "How it would read now")
    assert (await again(message)).state == State.CANCELLED
    form = {**form_with(refused.text, "Schedule for this time"), "body": kept(refused.text), **LATER}
    assert (await agent_client.submit(url(message, "/restoration"), form)).status_code == 303
    assert (await again(message)).body == OLD


# A second press


async def test_saving_twice_answers_twice_that_it_is_saved(agent_client: Client, listing: Any) -> None:
    message = await planned(agent_client, listing)
    first, second = [await agent_client.submit(url(message), TYPED) for _ in range(2)]
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["location"] == second.headers["location"]
    page = await agent_client.get(second.headers["location"])
    assert "Saved. It leaves Mon 30 Nov, 9:00 AM." in text_of(page.text)
    assert (await again(message)).revision == 2
    other = await agent_client.submit(url(message), {**TYPED, "body": "Other words"})
    assert other.status_code == 422, "of another window with other words it is told"


@pytest.mark.parametrize("form", [LATER, {"same": "1"}], ids=["another time", "the same time"])
async def test_scheduling_again_twice_answers_twice_that_it_is_scheduled(
    agent_client: Client, listing: Any, form: dict[str, str]
) -> None:
    message = await planned(agent_client, listing)
    await agent_client.submit(url(message, "/deletion"), {"revision": "1"})
    form = {**UNTOUCHED, **form}
    first, second = [await agent_client.submit(url(message, "/restoration"), form) for _ in range(2)]
    assert (first.status_code, second.status_code) == (303, 303)
    assert (await again(message)).state == State.PENDING
    other = await agent_client.submit(url(message, "/restoration"), {**UNTOUCHED, "time": "17:00"})
    assert "Somebody scheduled this message again meanwhile." in text_of(other.text)


async def test_sending_now_twice_answers_twice_that_it_is_on_its_way(agent_client: Client, listing: Any) -> None:
    message = await planned(agent_client, listing)
    first, second = [await agent_client.submit(departures(message), UNTOUCHED) for _ in range(2)]
    assert first.headers["location"] == second.headers["location"] == f"/listings/{listing.id}"
    assert "It is on its way." in text_of((await agent_client.get(second.headers["location"])).text)


async def test_a_colleague_who_presses_after_it_was_sent_is_not_told_that_it_was_not(
    agent_client: Client, manager_client: Client, listing: Any
) -> None:
    message = await planned(agent_client, listing)
    await agent_client.submit(departures(message), {"revision": "1"})
    await put(message, state=State.DELIVERED)
    told = await manager_client.submit(departures(message), {"revision": "1"})
    said = text_of((await manager_client.get(told.headers["location"])).text)
    assert "This message is not scheduled any more." in said
    assert "not sent" not in said.lower()


async def test_letting_it_go_twice_answers_twice_that_it_will_not_be_sent(
    agent_client: Client, listing: Any, clock: Any
) -> None:
    message = await planned(agent_client, listing)
    clock.set(message.scheduled_at + timedelta(hours=2))
    await schedules.release()
    for _ in range(2):
        gone = await agent_client.submit(url(message, "/deletion"), {"revision": "1"})
        assert gone.status_code == 303
        assert "It will not be sent." in text_of((await agent_client.get(gone.headers["location"])).text)


async def test_no_browser_asks_for_words_of_a_plan_that_holds_files_alone(agent_client: Client, listing: Any) -> None:
    message = await put(await planned(agent_client, listing), body="", wording="")
    for state in (State.PENDING, State.CANCELLED):
        await put(message, state=state)
        page = await agent_client.get(url(message, "/edit"))
        [field] = re.findall(r'<textarea[^>]* name="body"[^>]*>', page.text)
        assert "required" not in field


async def test_the_question_at_night_asks_the_database_at_most_eight_times(
    agent_client: Client, listing: Any, count_queries: Any
) -> None:
    message = await planned(agent_client, listing)
    with count_queries() as queries:
        page = await agent_client.get(url(message, "/edit?ask=now"))
    assert "Send it all the same?" in text_of(page.text)
    assert queries.count <= 8, "\n".join(queries.statements)

"""Sending later over HTTP: the window's date, the page of what waits, one plan, and the switch of the account."""

from datetime import timedelta
from typing import Any

import pytest

from domain import clock, message_templates, plans, schedules
from domain.accounts import Account
from domain.batches.tables import Batch
from domain.composing import send
from domain.departures import Plan
from domain.installations import freezing
from domain.listings import Listing
from domain.messages import Message, State
from domain.scenes import of
from tests import make
from tests.client import Client
from tests.sending import again, draft, put, without
from tests.web.test_sends import hidden, text_of, typed, window

LATER = {"date": "2026-11-30", "time": "09:00", "zone": "America/New_York"}  # a Monday


@pytest.fixture
async def listing(house: None, agent_client: Client) -> Listing:
    """Dana's car; Dana is two hours behind the dealership."""
    await plans.seed()
    await message_templates.seed()
    account = agent_client.user.account
    connection = await make.connection(account)
    await make.sender_link(connection, agent_client.user)
    return await make.listing(
        account,
        seller={"first_name": "Dana", "last_name": "Whitfield", "mobile": "+15205550117", "postal_code": "85701"},
    )


async def planned(client: Client, listing: Listing, ahead: timedelta = timedelta(days=1), **values: Any) -> Message:
    """A text the signed-in person planned."""
    account = await make.dealership()
    scene = await of(account, client.user, listing)
    return await send(scene, draft(plan=Plan.at(clock.now() + ahead, account.timezone), **values))


async def only() -> Message:
    (message,) = await Message.objects()
    return message


def url(message: Message, part: str = "") -> str:
    return f"/messages/{message.id}/schedule{part}"


async def off(client: Client) -> None:
    await Account.update({Account.scheduled_messages: False}).where(Account.id == client.user.account)


# The window


async def test_the_window_asks_when_by_the_dealerships_clock_first(agent_client: Client, listing: Listing) -> None:
    page = await agent_client.get(window(listing, "/new"))
    assert (
        '<input class="ctl" id="f-date" name="date" type="date" value="" min="2026-11-24" max="2027-02-22"' in page.text
    )
    assert '<option value="America/New_York" selected>New York</option>' in page.text
    assert '<option value="seller">The seller</option>' in page.text
    assert "Without a date it leaves now." in text_of(page.text)


async def test_with_a_date_send_becomes_schedule_and_says_both_clocks(agent_client: Client, listing: Listing) -> None:
    looked = await agent_client.submit(window(listing, "/preview"), typed(**LATER), htmx=True)
    said = text_of(looked.text)
    assert "Schedule text to Dana, +1 520 555 0117" in said
    assert "Mon 30 Nov, 9:00 AM by your clock, 7:00 AM for Dana." in said
    assert "It would reach Dana at 7:00 AM, outside the hours for texts: it leaves at 9:00 AM that day." in said


async def test_a_late_evening_waits_for_the_next_morning(agent_client: Client, listing: Listing) -> None:
    form = typed(**{**LATER, "time": "23:00", "zone": "seller"})
    looked = await agent_client.submit(window(listing, "/preview"), {**form, "zone": "America/Phoenix"}, htmx=True)
    assert "It would reach Dana at 11:00 PM" in text_of(looked.text)
    assert "it leaves at 9:00 AM the next morning" in text_of(looked.text)


async def test_by_the_sellers_own_clock_it_is_that_time_there(agent_client: Client, listing: Listing) -> None:
    looked = await agent_client.submit(window(listing, "/preview"), typed(**{**LATER, "zone": "seller"}), htmx=True)
    assert "Mon 30 Nov, 11:00 AM by your clock, 9:00 AM for Dana." in text_of(looked.text)


async def test_a_time_that_is_over_switches_the_button_off_with_the_reason(
    agent_client: Client, listing: Listing
) -> None:
    looked = await agent_client.submit(window(listing, "/preview"), typed(**{**LATER, "date": "2026-11-23"}), htmx=True)
    assert "Choose a time at least a minute from now." in text_of(looked.text)
    assert 'value="send" disabled' in looked.text


async def test_scheduling_writes_a_plan_and_leads_to_changing_it(agent_client: Client, listing: Listing) -> None:
    opened = await agent_client.get(window(listing, "/new"))
    form = {**typed(**LATER, stays_on_reply="1"), **hidden(opened.text)}
    sent = await agent_client.submit(window(listing), form)
    message = await only()
    assert (sent.status_code, message.state, message.stays_on_reply) == (303, State.PENDING, True)
    assert (message.schedule_wall, message.schedule_zone) == ("2026-11-30T09:00", "America/New_York")
    page = await agent_client.get(sent.headers["location"])
    assert "Text to Dana leaves Mon 30 Nov, 9:00 AM." in text_of(page.text)
    assert url(message, "/edit") in page.text
    await agent_client.submit(window(listing), form)
    assert await Message.count() == 1


async def test_the_dialog_closes_and_the_history_shows_it(agent_client: Client, listing: Listing) -> None:
    opened = await agent_client.get(window(listing, "/new"))
    sent = await agent_client.submit(window(listing), {**typed(**LATER), **hidden(opened.text)}, htmx=True)
    assert sent.headers["hx-trigger"] == "message-sent, history-changed"
    assert "leaves Mon 30 Nov, 9:00 AM" in text_of(sent.text)


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"date": "2026-11-24", "time": "11:00"}, "time", "at least a minute from now"),
        ({"date": "2027-03-30"}, "date", "within the next 90 days"),
        ({"time": ""}, "time", "Give a time"),
        ({"date": ""}, "date", "Choose a day"),
        ({"zone": "Mars/Olympus"}, "zone", "Choose a time zone"),
    ],
)
async def test_what_cannot_be_planned_is_said_at_its_field_and_nothing_is_lost(
    agent_client: Client, listing: Listing, values: dict[str, str], field: str, sentence: str
) -> None:
    opened = await agent_client.get(window(listing, "/new"))
    form = {**typed("My words", **{**LATER, **values}), **hidden(opened.text)}
    refused = await agent_client.submit(window(listing), form)
    assert refused.status_code == 422
    assert sentence in text_of(refused.text)
    assert f'id="f-{field}-err"' in refused.text
    assert "My words" in refused.text
    assert await Message.count() == 0


@pytest.mark.parametrize("how", ["switch", "plan"])
async def test_where_it_is_off_there_is_no_date_and_a_posted_one_is_refused(
    agent_client: Client, listing: Listing, how: str
) -> None:
    if how == "switch":
        await off(agent_client)
    else:
        await without("scheduled")
    opened = await agent_client.get(window(listing, "/new"))
    assert 'name="date"' not in opened.text
    form = {**typed(**LATER), **hidden(opened.text)}
    refused = await agent_client.submit(window(listing), form)
    assert refused.status_code == 422
    assert ("switched off" if how == "switch" else "not part of your plan") in text_of(refused.text)
    assert await Message.count() == 0
    sent = await agent_client.submit(window(listing), {**typed(), **hidden(opened.text)})
    assert sent.status_code == 303


async def test_the_window_with_a_date_still_asks_the_database_at_most_eight_times(
    agent_client: Client, listing: Listing, count_queries: Any
) -> None:
    await agent_client.get(window(listing, "/new"))
    with count_queries() as queries:
        await agent_client.submit(window(listing, "/preview"), typed(**LATER), htmx=True)
    assert queries.count <= 8, "\n".join(queries.statements)


# The history


async def test_a_plan_stands_dashed_at_the_end_with_what_can_be_done(agent_client: Client, listing: Listing) -> None:
    message = await planned(agent_client, listing)
    await make.message(listing, direction="in", body="From today")
    page = (await agent_client.get(f"/listings/{listing.id}")).text
    assert page.index("From today") < page.index(f'id="message-{message.id}"')
    entry = page[page.index(f'id="message-{message.id}"') - 60 :]
    assert "later" in entry[:60]
    assert "Tomorrow" in text_of(page)
    for part in (url(message, "/edit"), url(message, "/deletion"), f"/messages/{message.id}/departures"):
        assert part in entry


async def test_a_colleagues_plan_is_only_looked_at_and_a_managers_eye_may_change_it(
    client: Client, agent_client: Client, manager_client: Client, listing: Listing
) -> None:
    message = await planned(agent_client, listing)
    colleague = await client.signed_in(await make.user(role="agent"))
    assert url(message, "/edit") not in (await colleague.get(f"/listings/{listing.id}")).text
    assert url(message, "/edit") in (await manager_client.get(f"/listings/{listing.id}")).text


async def test_what_the_seller_ended_says_so_and_leads_back(agent_client: Client, listing: Listing) -> None:
    message = await planned(agent_client, listing)
    await schedules.seller_wrote(listing.account, listing.id, message.to_address)
    page = await agent_client.get(f"/listings/{listing.id}")
    assert "The seller wrote meanwhile." in text_of(page.text)
    assert "Schedule again" in text_of(page.text)


# The page


async def test_the_list_tells_when_to_whom_and_what(agent_client: Client, listing: Listing) -> None:
    message = await planned(agent_client, listing)
    page = await agent_client.get("/schedules")
    said = text_of(page.text)
    assert "Wed 25 Nov, 11:00 AM" in said
    assert "9:00 AM for Dana" in said
    assert "Dana Whitfield" in said
    assert "Hi Dana, is it still for sale?" in said
    assert url(message, "/edit") in page.text


async def test_what_a_batch_planned_says_what_it_will_say_and_leads_to_the_batch(
    agent_client: Client, manager_client: Client, listing: Listing, count_queries: Any
) -> None:
    batch = Batch(account=listing.account, user=agent_client.user)
    await Batch.insert(batch)
    said = {"kind": "batch", "body": "", "wording": "Hi {{seller.first_name}}!", "batch": batch.id}
    await make.message(
        listing, state=State.PENDING, user=agent_client.user, scheduled_at=clock.now() + timedelta(days=1), **said
    )
    await manager_client.get("/schedules")
    with count_queries() as queries:
        page = await manager_client.get("/schedules")
    assert queries.count <= 8, queries.statements
    assert "Hi Dana!" in page.text
    assert f'href="/batches/{batch.id}"' in page.text
    own = await agent_client.get("/schedules")
    assert "Hi Dana!" in own.text
    assert "/batches/" not in own.text, "agents see no batches"


async def test_each_sees_what_they_may(
    client: Client, agent_client: Client, manager_client: Client, listing: Listing
) -> None:
    message = await planned(agent_client, listing)
    colleague = await client.signed_in(await make.user(role="agent"))
    support = await client.signed_in(await make.user(role="support"))
    assert "Nothing is scheduled" in (await colleague.get("/schedules")).text
    for reader, deed in ((manager_client, "Edit"), (support, "Look")):
        page = await reader.get("/schedules")
        assert f">{deed}<" in page.text
        assert (url(message, "/deletion") in page.text) is (deed == "Edit")
    stranger = await client.signed_in(await make.user(await make.account(), role="admin"))
    assert (await stranger.get(url(message, "/edit"))).status_code == 404


async def test_the_list_goes_on_page_by_page(
    agent_client: Client, listing: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        await planned(agent_client, listing, timedelta(days=n + 1))
    monkeypatch.setattr(schedules.paging.page, "__defaults__", (None, 2))
    first = await agent_client.get("/schedules?q=sale")
    [following] = [part.split('"')[0] for part in first.text.split('rel="next" href="')[1:]]
    assert "q=sale" in following
    second = await agent_client.get(following.replace("&amp;", "&"))
    assert (first.text.count("for sale?"), second.text.count("for sale?")) == (2, 1)


async def test_what_did_not_leave_is_told_on_the_list_and_explained_beside_it(
    agent_client: Client, listing: Listing
) -> None:
    message = await planned(agent_client, listing)
    await schedules.seller_wrote(listing.account, listing.id, message.to_address)
    page = await agent_client.get("/schedules")
    assert "1 of your messages did not leave this week." in text_of(page.text)
    stopped = await agent_client.get("/schedules?view=stopped")
    assert "The seller wrote meanwhile." in text_of(stopped.text)
    assert "Schedule again" in stopped.text


async def test_the_calendar_shows_a_month_and_leads_to_its_neighbours(agent_client: Client, listing: Listing) -> None:
    message = await planned(agent_client, listing)
    for _ in range(4):
        await planned(agent_client, listing)
    page = await agent_client.get("/schedules?view=calendar")
    said = text_of(page.text)
    assert "November 2026: 5 scheduled" in said
    assert "2 more" in said
    assert url(message, "/edit") in page.text
    assert "month=2026-12" in page.text
    assert "month=2026-10" in page.text
    day = await agent_client.get("/schedules?day=2026-11-25")
    assert day.text.count("is it still for sale?") == 5
    assert "Nothing fits" in (await agent_client.get("/schedules?day=2026-11-26")).text
    odd = await agent_client.get("/schedules?view=calendar&month=99999-99")
    assert "November 2026" in odd.text


@pytest.mark.parametrize("path", ["/schedules", "/schedules?view=calendar", "/schedules?view=stopped", "edit"])
async def test_no_page_asks_the_database_more_than_eight_times(
    manager_client: Client, agent_client: Client, listing: Listing, count_queries: Any, path: str
) -> None:
    for n in range(5):
        message = await planned(agent_client, listing, timedelta(days=n + 1))
    where = url(message, "/edit") if path == "edit" else path
    await manager_client.get(where)
    with count_queries() as queries:
        page = await manager_client.get(where)
    assert page.status_code == 200
    assert queries.count <= 8, "\n".join(queries.statements)


# One plan


async def test_saving_writes_words_and_time_once(agent_client: Client, listing: Listing) -> None:
    message = await planned(agent_client, listing)
    page = await agent_client.get(url(message, "/edit"))
    assert "How it would read now" in text_of(page.text)
    assert "Hi Dana, is it still for sale?" in text_of(page.text)
    form = {"body": "Still there, {{seller.first_name}}?", "revision": "1", **LATER}
    saved = await agent_client.submit(url(message), form)
    assert saved.status_code == 303
    changed = await again(message)
    assert (changed.body, changed.schedule_wall) == ("Still there, Dana?", "2026-11-30T09:00")


async def test_when_a_colleague_was_faster_both_versions_stand_there_before_one_writes_over_the_other(
    agent_client: Client, manager_client: Client, listing: Listing
) -> None:
    message = await planned(agent_client, listing)
    theirs = {"body": "Theirs, {{seller.first_name}}", "revision": "1", **LATER}
    assert (await manager_client.submit(url(message), theirs)).status_code == 303
    mine = {"body": "Mine", "revision": "1", **LATER, "time": "11:00"}
    refused = await agent_client.submit(url(message), mine)
    assert refused.status_code == 422
    said = text_of(refused.text)
    assert "Somebody changed this message meanwhile." in said
    assert "As it stands now" in said
    assert "Theirs, {{seller.first_name}}" in said
    assert "Mon 30 Nov, 9:00 AM" in said
    assert "Mine" in refused.text
    assert 'name="revision" value="1"' in refused.text, "a press that saw only its own version is refused again"
    assert (await agent_client.submit(url(message), mine)).status_code == 422
    assert 'name="over" value="2"' in refused.text
    await manager_client.submit(url(message), {**theirs, "body": "Theirs again", "revision": "2"})
    assert (await agent_client.submit(url(message), {**mine, "over": "2"})).status_code == 422, "that one nobody saw"
    assert (await agent_client.submit(url(message), {**mine, "over": "3"})).status_code == 303
    assert (await again(message)).body == "Mine"


async def test_in_its_last_ten_seconds_it_is_cancelled_and_not_changed(
    agent_client: Client, listing: Listing, clock: Any
) -> None:
    message = await planned(agent_client, listing)
    clock.set(message.scheduled_at - timedelta(seconds=5))
    await schedules.release()
    page = await agent_client.get(url(message, "/edit"))
    assert "it can be cancelled, but not changed" in text_of(page.text)
    assert url(message, "/deletion") in page.text
    refused = await agent_client.submit(url(message), {"body": "Late", "revision": "1", **LATER})
    assert "it can be cancelled, but not changed" in text_of(refused.text)
    await agent_client.submit(url(message, "/deletion"))
    assert (await again(message)).state == State.CANCELLED


async def test_preview_shows_the_words_and_saves_nothing(agent_client: Client, listing: Listing) -> None:
    message = await planned(agent_client, listing)
    form = {"body": "Hello {{seller.last_name}}", "revision": "1", "do": "preview", **LATER}
    looked = await agent_client.submit(url(message), form)
    assert "Hello Whitfield" in text_of(looked.text)
    assert (await again(message)).revision == 1


async def test_cancelling_and_bringing_it_back(agent_client: Client, listing: Listing) -> None:
    message = await planned(agent_client, listing)
    await agent_client.submit(url(message, "/deletion"))
    assert (await again(message)).state == State.CANCELLED
    page = await agent_client.get(url(message, "/edit"))
    assert f"Cancelled by {agent_client.user.name}. It was planned for Wed 25 Nov, 11:00 AM." in text_of(page.text)
    assert "For the same time" in page.text, "no longer, or a phone is too narrow for it"
    await agent_client.submit(url(message, "/restoration"), {"same": "1", "revision": "1"})
    assert (await again(message)).state == State.PENDING


async def test_an_expired_one_asks_what_now(agent_client: Client, listing: Listing) -> None:
    message = await planned(agent_client, listing)
    await put(message, scheduled_at=clock.now() - timedelta(hours=2))
    await schedules.release()
    page = await agent_client.get(url(message, "/edit"))
    assert "What now?" in page.text
    assert "Let it go" in page.text
    refused = await agent_client.submit(url(message, "/restoration"), {**LATER, "revision": "1", "date": "2026-11-24"})
    assert refused.status_code == 422
    assert "at least a minute from now" in text_of(refused.text)
    again_planned = await agent_client.submit(url(message, "/restoration"), {**LATER, "revision": "1"})
    assert again_planned.status_code == 303
    assert (await again(message)).state == State.PENDING


async def test_sending_now_asks_first_at_night(agent_client: Client, listing: Listing, clock: Any) -> None:
    message = await planned(agent_client, listing)
    clock.advance(hours=11)  # 20:00 in Tucson
    asked = await agent_client.submit(f"/messages/{message.id}/departures", {"revision": "1"})
    page = await agent_client.get(asked.headers["location"])
    assert "Send it all the same?" in text_of(page.text)
    assert (await again(message)).state == State.PENDING
    await agent_client.submit(f"/messages/{message.id}/departures", {"knowing": "1", "revision": "1"})
    assert (await again(message)).state == State.QUEUED


async def test_while_nothing_is_sent_sending_now_says_when_it_leaves(agent_client: Client, listing: Listing) -> None:
    message = await planned(agent_client, listing)
    await freezing.freeze("A backup was put back.")
    answer = await agent_client.submit(f"/messages/{message.id}/departures", {"revision": "1"}, htmx=True)
    assert "It leaves once sending is released." in text_of(answer.text)
    assert (await again(message)).state == State.QUEUED


async def test_what_stands_against_sending_it_now_is_said(agent_client: Client, listing: Listing) -> None:
    message = await planned(agent_client, listing)
    await make.opt_out(message.to_address, agent_client.user.account)
    answer = await agent_client.submit(f"/messages/{message.id}/departures", {"revision": "1"}, htmx=True)
    assert "This number asked not to get texts." in text_of(answer.text)
    assert (await again(message)).state == State.PENDING


@pytest.mark.parametrize("part", ["", "/deletion", "/restoration"])
async def test_only_its_author_and_managers_touch_a_plan(
    client: Client, agent_client: Client, listing: Listing, part: str
) -> None:
    message = await planned(agent_client, listing)
    colleague = await client.signed_in(await make.user(role="agent"))
    assert (await colleague.submit(url(message, part), {"body": "x", "revision": "1", **LATER})).status_code == 403
    support = await client.signed_in(await make.user(role="support"))
    assert (await support.submit(url(message, part), LATER)).status_code == 403
    assert (await again(message)).state == State.PENDING


async def test_taking_scheduling_out_of_the_plans_ends_what_waits(admin_client: Client, listing: Listing) -> None:
    message = await make.message(
        listing, state=State.PENDING, kind="scheduled", scheduled_at=clock.now() + timedelta(days=1)
    )
    await admin_client.submit("/plans", {"includes": ["accelerated:messaging", "accelerated:dialpad"]})
    ended = await again(message)
    assert (ended.state, ended.code) == (State.CANCELLED, "tier")


async def test_outside_the_plan_the_page_says_so_and_tells_nobody_to_choose_a_time(
    agent_client: Client, listing: Listing
) -> None:
    assert "choose “Send later”" in text_of((await agent_client.get("/schedules")).text)
    await without("scheduled")
    said = text_of((await agent_client.get("/schedules")).text)
    assert "Scheduled messages are not part of your plan. Compare plans" in said
    assert "choose “Send later”" not in said


async def test_switching_it_off_ends_what_waits_and_the_page_says_so(
    manager_client: Client, agent_client: Client, listing: Listing
) -> None:
    message = await planned(agent_client, listing)
    page = await manager_client.get("/dealership")
    assert 'name="scheduled_messages" value="1" checked' in page.text
    profile = {"name": "Harbor Motors", "timezone": "America/New_York", "introduces_itself": "1"}
    await manager_client.submit("/dealership", {**profile, "scheduled_messages": "1"})
    assert (await again(message)).state == State.PENDING
    await manager_client.submit("/dealership", profile)
    ended = await again(message)
    assert (ended.state, ended.code) == (State.CANCELLED, "scheduling_off")
    assert "Switch them on" in (await manager_client.get("/schedules")).text

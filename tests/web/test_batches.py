"""One wording to many on the web: chosen in the inventory, written, looked at, let go, watched, steered."""

import asyncio
import csv
import html
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from arq.connections import ArqRedis

from domain import inventory, plans
from domain.accounts import Account
from domain.batches import drafts, ending, expanding, exporting, steering, watching
from domain.batches.tables import Batch
from domain.connections import Connection
from domain.messages import Message, State
from tests import make
from tests.client import Client
from tests.sending import without

WORDING = "Hi {{seller.first_name}}, is your {{vehicle.title}} still for sale?"


def text(response: httpx.Response) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.text)).split())


@pytest.fixture
async def manager(manager_client: Client) -> Client:
    """A manager whose dealership can text."""
    await plans.seed()
    connection = await make.connection(kind="simulator")
    await make.sender_link(connection, manager_client.user)
    return manager_client


async def chosen(client: Client, number: int = 2, **values: Any) -> str:
    """The address of a batch to that many listings, as the inventory makes it."""
    ids = [str((await make.listing(**values)).id) for _ in range(number)]
    answer = await client.submit("/batches", {"listing_ids": ids})
    assert answer.status_code == 303, text(answer)
    return answer.headers["location"].removesuffix("/edit")


async def written(client: Client, url: str, **fields: Any) -> httpx.Response:
    said = {"channel": "text", "to_field": "mobile", "body": WORDING, "opt_out_shown": "1", "opt_out_line": "1"}
    return await client.submit(url, {**said, "do": "look", **fields})


async def looked(client: Client, number: int = 2, **values: Any) -> str:
    url = await chosen(client, number, **values)
    assert (await written(client, url)).headers["location"] == f"{url}/look"
    return url


async def revision(client: Client, url: str) -> str:
    found = re.search(r'name="revision" value="(\d+)"', (await client.get(f"{url}/look")).text)
    assert found
    return found[1]


async def started(client: Client, number: int = 2, **values: Any) -> str:
    url = await looked(client, number, **values)
    answer = await client.submit(f"{url}/starts", {"revision": await revision(client, url)})
    assert (answer.status_code, answer.headers["location"]) == (303, url)
    await expanding.expand((await batch_of(url)).id)
    return url


async def batch_of(url: str) -> Batch:
    batch = await Batch.objects().get(Batch.id == url.rpartition("/")[2])
    assert batch
    return batch


# Choosing


async def test_who_may_send_to_many_ticks_rows_and_others_do_not(manager: Client, client: Client) -> None:
    listing = await make.listing()
    box = f'name="listing_ids" value="{listing.id}"'
    assert box in (await manager.get("/listings")).text
    for values in ({"role": "agent"}, {"role": "support"}):
        async with await client.signed_in(await make.user(**values)) as other:
            assert box not in (await other.get("/listings")).text
            assert (await other.submit("/batches", {"listing_ids": [str(listing.id)]})).status_code == 403
    async with await client.signed_in(await make.user(role="agent", may_batch=True)) as granted:
        assert box in (await granted.get("/listings")).text
        assert "/batches" in (await granted.get("/listings")).text


async def test_the_ticked_ones_are_chosen_and_the_window_says_how_many(manager: Client) -> None:
    url = await chosen(manager, 3)
    page = await manager.get(f"{url}/edit")
    assert "Message to 3 sellers" in text(page)
    assert 'value="mobile" selected' in page.text
    assert manager.user.email in page.text


async def test_all_on_the_page_and_all_that_match_can_be_ticked_without_a_script(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(55):
        await make.listing(search="outback" if n else "civic")
    plain = await manager.get("/listings?q=outback")
    assert "Choose the 50 on this page" in text(plain)
    assert "Choose all 54 matching" in text(plain)
    assert " checked" not in plain.text
    page = (await manager.get("/listings?q=outback&tick=page")).text
    assert page.count('value="') > 50
    assert len(re.findall(r'name="listing_ids"[^>]* checked', page)) == 50
    everything = await manager.get("/listings?q=outback&tick=all")
    assert "All 54 chosen" in text(everything)
    fields = {"which": "matching", "view": "all", "q": "outback"}
    made = await manager.submit("/batches", fields)
    assert (await batch_of(made.headers["location"].removesuffix("/edit"))).size == 54


async def test_all_that_pass_the_filters_can_be_chosen_and_none_by_a_filter_that_cannot_be_read(
    manager: Client,
) -> None:
    for n in range(55):
        await make.listing(price=5000_00 if n < 52 else 9000_00)
    page = await manager.get("/listings?price_to=6k&tick=all")
    assert "All 52 chosen" in text(page)
    inside = page.text[page.text.index('id="pick"') :]
    fields = dict(re.findall(r'type="hidden" name="(view|price_to|which)" value="([^"]*)"', inside))
    assert fields == {"view": "all", "price_to": "6k", "which": "matching"}
    made = await manager.submit("/batches", fields)
    assert (await batch_of(made.headers["location"].removesuffix("/edit"))).size == 52
    more = await manager.submit("/batches", {**fields, "left": "51"})
    said = "52 match now, where 51 were shown. Look at the list, then choose them all again."
    assert said in text(await manager.get(more.headers["location"]))
    nowhere = await manager.submit("/batches", {**fields, "view": "contatced"})
    assert "There is no such view of the inventory" in text(await manager.get(nowhere.headers["location"]))
    refused = await manager.submit("/batches", {**fields, "price_to": "6x"})
    assert refused.headers["location"] == "/listings?view=all&price_to=6x"
    assert "“6x” is not a price." in text(await manager.get(refused.headers["location"]))


async def test_what_is_ticked_goes_along_to_other_pages_searches_and_sorts(manager: Client) -> None:
    for n in range(55):
        await make.listing(search="outback" if n else "civic")
    first = (await manager.get("/listings")).text
    ids = re.findall(r'name="listing_ids" value="([^"]+)"', first)
    carried = "#pick :checked, #pick [name=kept], #pick [name=left]"
    assert first.count(carried) == len(inventory.VIEWS) + 3  # each view, search and sort, this page, the next one
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    second = (await manager.get(html.unescape(following[1]), params=None)).text
    assert "on other pages" not in second
    carried = "&".join(f"listing_ids={each}" for each in ids[:3])
    second = await manager.get(f"{html.unescape(following[1])}&{carried}")
    assert "and 3 on other pages" in text(second)
    kept = re.search(r'name="kept" value="([^"]+)"', second.text)
    assert kept
    back = (await manager.get(f"/listings?kept={kept[1]}&listing_ids={ids[4]}")).text
    assert [ids.index(each) for each in re.findall(r'listing_ids" value="([^"]+)" checked', back)] == [0, 1, 2, 4]
    assert 'name="kept"' not in back
    other = re.findall(r'name="listing_ids" value="([^"]+)"', second.text)[0]
    made = await manager.submit("/batches", {"kept": kept[1], "listing_ids": [other, ids[0]]})
    assert (await batch_of(made.headers["location"].removesuffix("/edit"))).size == 4
    assert (await manager.get("/listings?kept=%ff!&listing_ids=x")).status_code == 200


async def test_all_that_match_stay_chosen_on_the_next_page(manager: Client) -> None:
    for _ in range(52):
        await make.listing(search="outback")
    page = (await manager.get("/listings?q=outback&tick=all")).text
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    assert "All 52 chosen" in text(await manager.get(html.unescape(following[1])))


async def test_what_is_ticked_outlives_a_list_without_rows(manager: Client) -> None:
    listing = await make.listing(search="outback")
    empty = await manager.get(f"/listings?q=zeppelin&listing_ids={listing.id}")
    assert "1 chosen on other pages, and still so." in text(empty)
    kept = re.search(r'name="kept" value="([^"]+)"', empty.text)
    assert kept
    assert f'value="{listing.id}" checked' in (await manager.get(f"/listings?kept={kept[1]}")).text


@pytest.mark.parametrize("shown", ["view=contacted", "view=all&q=civic", "view=all&q=zeppelin"])
async def test_all_that_matched_are_given_up_with_a_word_where_something_else_is_shown(
    manager: Client, shown: str
) -> None:
    for n in range(52):
        await make.listing(search="outback" if n else "outback civic", stage="contacted")
    everything = await manager.get("/listings?view=all&tick=all")
    left = re.search(r'name="left" value="([^"]+)"', everything.text)
    assert left
    other = await manager.get(f"/listings?{shown}&left={left[1]}")
    assert "The 52 that were all chosen before are not any more." in text(other)
    assert 'name="left"' not in other.text
    assert "not any more" not in text(await manager.get(f"/listings?{shown}&left=9{'9' * 5000}"))
    assert "not any more" not in text(await manager.get(f"/listings?{shown}&tick=all&left=52")) or "zeppelin" in shown


async def test_nothing_ticked_leads_back_with_what_to_do(manager: Client) -> None:
    answer = await manager.submit("/batches", {"view": "contacted", "q": "a b"})
    assert answer.headers["location"] == "/listings?view=contacted&q=a+b"
    assert "Tick the listings you want to write to first." in text(await manager.get(answer.headers["location"]))


async def test_the_inventory_with_tick_boxes_asks_at_most_eight_times(
    manager: Client, count_queries: Callable[[], Any]
) -> None:
    for _ in range(52):
        await make.listing(search="outback")
    with count_queries() as queries:
        assert "Choose all 52 matching" in text(await manager.get("/listings?q=outback"))
    assert queries.count <= 8, queries.statements


# The window


async def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_stays(manager: Client) -> None:
    url = await chosen(manager)
    answer = await written(manager, url, body="Hi {{seller.nick}}", to_field="phone", opt_out_line="")
    assert answer.status_code == 422
    assert 'id="f-body-err"' in answer.text
    assert "Hi {{seller.nick}}" in html.unescape(answer.text)
    assert 'value="phone" selected' in answer.text
    assert not re.search(r'name="opt_out_line"[^>]* checked', answer.text)
    assert "Write a message first." in text(await written(manager, url, body=" "))
    assert "Write a message first." in text(await written(manager, url, body="\u200b\u2800"))


async def test_a_template_brings_its_words_with_their_blanks_and_asks_before_it_replaces(manager: Client) -> None:
    url = await chosen(manager)
    template = await make.template(name="First", body=WORDING)
    shown = await manager.submit(url, {"channel": "text", "template_id": str(template.id), "do": "load"})
    assert WORDING in html.unescape(shown.text)
    asked = await manager.submit(url, {"channel": "text", "template_id": str(template.id), "do": "load", "body": "Hey"})
    assert "What should the template do?" in text(asked)
    below = await manager.submit(
        url, {"channel": "text", "template_id": str(template.id), "do": "append", "body": "Hey"}
    )
    assert f"Hey\n\n{WORDING}" in html.unescape(below.text)
    version = re.search(r'name="template_version" value="([^"]+)"', below.text)
    assert version
    await written(manager, url, template_version=version[1])
    assert str((await batch_of(url)).template_version) == version[1]


async def test_a_button_puts_in_the_blank_and_not_a_value(manager: Client) -> None:
    url = await chosen(manager)
    page = await manager.submit(url, {"channel": "text", "body": "Hi ", "insert": "seller.first_name"})
    assert "Hi {{seller.first_name}}" in html.unescape(page.text)


async def test_only_what_the_channel_has_is_asked_for(manager: Client) -> None:
    url = await chosen(manager)
    email = (await manager.submit(url, {"channel": "email", "do": "show"})).text
    assert 'placeholder="Inquiry about your {{vehicle.title}}"' in html.unescape(email)
    assert 'name="opt_out_line"' not in email
    texting = (await manager.submit(url, {"channel": "text", "do": "show"})).text
    assert '<input type="hidden" name="subject"' in texting
    assert 'name="opt_out_line" value="1"' in texting


async def test_files_go_along_and_the_starter_says_what_happens_where_they_cannot(manager: Client) -> None:
    url = await chosen(manager)
    file = await make.attachment()
    page = await manager.submit(url, {"channel": "text", "attachment": str(file.id), "do": "show"})
    assert "Where the files cannot go along" in text(page)
    gone = await manager.submit(url, {"channel": "text", "attachment": str(file.id), "detach": str(file.id)})
    assert "front.jpg" not in gone.text
    await written(manager, url, attachment=str(file.id), file_choice="without")
    batch = await batch_of(url)
    assert (batch.files, await drafts.files_of(batch)) == ("without", (file.id,))


async def test_the_opt_out_line_is_locked_with_the_reason_after_many_texts(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "LOCKED_FROM", 1)
    await make.message(user=manager.user)
    url = await chosen(manager)
    page = await manager.get(f"{url}/edit")
    assert "this stays on until midnight" in text(page)
    assert re.search(r'type="checkbox" name="opt_out_line"[^>]* checked disabled', page.text)
    await written(manager, url, opt_out_line="")
    assert (await batch_of(url)).opt_out_line


async def test_the_preview_counts_the_segments_and_says_that_a_filled_in_text_can_be_longer(manager: Client) -> None:
    url = await chosen(manager)
    shown = await manager.submit(
        f"{url}/preview", {"channel": "text", "body": "x" * 150, "opt_out_shown": "1", "opt_out_line": "1"}, htmx=True
    )
    assert "2 segments" in text(shown)
    assert "it can be longer" in text(shown)
    without_line = await manager.submit(
        f"{url}/preview", {"channel": "text", "body": "x" * 150, "opt_out_shown": "1"}, htmx=True
    )
    assert "1 segment ·" in text(without_line)


# The look


async def test_the_page_before_names_every_number_and_they_sum(manager: Client) -> None:
    going, passed = await make.listing(), await make.listing(stage="pass", model="Forester")
    made = await manager.submit("/batches", {"listing_ids": [str(going.id), str(passed.id)]})
    url = made.headers["location"].removesuffix("/edit")
    await written(manager, url)
    page = await manager.get(f"{url}/look")
    said = text(page)
    assert "1 of 2 get it, 1 does not. 1 + 1 = 2" in said
    assert "Send 1 text" in said
    assert "1 This listing was passed." in said
    assert "Hi Dana , is your 2019 Subaru Outback still for sale? Reply STOP to opt out" in said
    assert f'href="/listings/{passed.id}"' in page.text
    narrowed = text(await manager.get(f"{url}/look?code=stage_pass"))
    assert narrowed.count("2019 Subaru Forester") >= 1
    assert "Show all 2" in narrowed


async def test_each_row_that_does_not_go_leads_to_what_mends_it(manager: Client) -> None:
    nobody = await make.listing(seller={"mobile": ""})
    stopped = await make.listing()
    await make.opt_out((await make.seller_of(stopped)).mobile)
    made = await manager.submit("/batches", {"listing_ids": [str(nobody.id), str(stopped.id)]})
    url = made.headers["location"].removesuffix("/edit")
    await written(manager, url)
    page = (await manager.get(f"{url}/look")).text
    assert f"/listings/{nobody.id}/edit" in page
    assert "/suppressions?kind=opt_out" in page
    assert "Nobody of these would get it" in html.unescape(page)
    refused = await manager.submit(f"{url}/starts", {"revision": "1"})
    assert refused.headers["location"] == f"{url}/look"
    assert (await batch_of(url)).state == "draft"


async def test_a_batch_by_email_without_our_address_leads_to_where_it_is_written(manager: Client) -> None:
    assert manager.user
    await make.connection(manager.user.account, kind="email", options={"from_email": "sales@lots.example"})
    url = await chosen(manager, 1, seller={"email": "dana@mail.example"})
    await written(manager, url, channel="email", subject="Your car")
    assert "4820 E Speedway Blvd, Tucson AZ 85712" in text(await manager.get(f"{url}/look"))
    await Account.update({Account.street: ""}).where(Account.id == manager.user.account)
    page = await manager.get(f"{url}/look?again=1")
    assert "An email to many has to show your dealership's postal address" in text(page)
    assert re.search(r'<a class="link" href="/dealership\?back=[^"]+">Complete it under Your dealership', page.text)
    assert "Nobody of these would get it" in text(page)


async def test_the_messages_can_be_paged_the_longest_first(manager: Client) -> None:
    long = await make.listing(model="Grand Wagoneer")
    short = await make.listing(model="Up")
    made = await manager.submit("/batches", {"listing_ids": [str(short.id), str(long.id)]})
    url = made.headers["location"].removesuffix("/edit")
    await written(manager, url)
    first, second = await manager.get(f"{url}/look"), await manager.get(f"{url}/look?place=2")
    assert "longest first 1 of 2" in text(first)
    assert f'<a class="link" href="/listings/{long.id}"' in first.text
    assert f'<a class="link" href="/listings/{short.id}"' in second.text
    assert "Grand Wagoneer still for sale" in text(first)


async def test_the_look_asks_the_database_at_most_eight_times(
    manager: Client, count_queries: Callable[[], Any]
) -> None:
    url = await looked(manager, 3)
    with count_queries() as queries:
        assert (await manager.get(f"{url}/look?code=&place=2")).status_code == 200
    assert queries.count <= 8, queries.statements


async def test_a_draft_nobody_wrote_yet_has_nothing_to_look_at(manager: Client) -> None:
    url = await chosen(manager)
    assert (await manager.get(f"{url}/look")).headers["location"] == f"{url}/edit"


# Letting it go


async def test_it_goes_once_however_often_it_is_pressed_and_wakes_the_workers(manager: Client, queue: str) -> None:
    url = await looked(manager)
    seen = await revision(manager, url)
    answers = await asyncio.gather(*[manager.submit(f"{url}/starts", {"revision": seen}) for _ in range(5)])
    assert {(each.status_code, each.headers["location"]) for each in answers} == {(303, url)}
    assert (await batch_of(url)).state == "expanding"
    redis = ArqRedis.from_url(queue)
    jobs = {job.function for job in await redis.queued_jobs()}
    await redis.aclose()
    assert "expand_batches" in jobs
    await expanding.expand((await batch_of(url)).id)
    assert await Message.count().where(Message.batch == (await batch_of(url)).id) == 2


async def test_what_was_looked_at_is_what_leaves(manager: Client) -> None:
    url = await looked(manager)
    seen = await revision(manager, url)
    await written(manager, url, body="Something else")
    answer = await manager.submit(f"{url}/starts", {"revision": seen})
    assert answer.headers["location"] == f"{url}/look"
    assert "This batch changed since you looked" in text(await manager.get(answer.headers["location"]))
    assert (await batch_of(url)).state == "draft"


# How it goes


async def test_the_progress_counts_everybody_and_looks_again_while_it_goes(manager: Client) -> None:
    going, passed = await make.listing(), await make.listing(stage="pass")
    made = await manager.submit("/batches", {"listing_ids": [str(going.id), str(passed.id)]})
    url = made.headers["location"].removesuffix("/edit")
    await written(manager, url)
    await manager.submit(f"{url}/starts", {"revision": await revision(manager, url)})
    batch = await batch_of(url)
    await expanding.expand(batch.id)
    page = await manager.get(url)
    assert 'hx-trigger="every 2s"' in page.text
    assert "Waiting 1 Sent 0 Delivered 0 Failed 0 Skipped 1" in text(page)
    await Message.update({Message.state: State.DELIVERED}).where(
        (Message.batch == batch.id) & (Message.state == State.QUEUED)
    )
    await steering.tend()
    page = await manager.get(url)
    assert "hx-trigger" not in page.text.partition('id="batch"')[2].partition("<details")[0]
    assert "Delivered 1" in text(page)
    missed = text(await manager.get(f"{url}?group=missed"))
    assert "Who did not get it" in missed
    assert "This listing was passed." in missed


async def test_the_progress_asks_the_database_at_most_eight_times(
    manager: Client, count_queries: Callable[[], Any]
) -> None:
    url = await started(manager, 4)
    with count_queries() as queries:
        assert "2019 Subaru Outback" in text(await manager.get(f"{url}?group=queued"))
    assert queries.count <= 8, queries.statements


async def test_with_turns_of_first_contacts_it_asks_no_more_than_eight_times(
    manager: Client, count_queries: Callable[[], Any]
) -> None:
    await Account.update({Account.first_contacts_an_hour: 2}).where(Account.id == manager.user.account)
    url = await started(manager, 4)
    assert await Message.count().where(Message.code == "first_contacts") == 3
    with count_queries() as queries:
        assert "All have left by" in text(await manager.get(url))
    assert queries.count <= 8, queries.statements


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"state": "broken"},
            "Nothing leaves by Carrier simulator: it refused your dealership’s key. Mend that first.",
        ),
        ({"state": "disconnected"}, "Nothing leaves by Carrier simulator: it is not connected. Connect it first."),
        (
            {"rests_until": datetime(2026, 11, 24, 18, tzinfo=UTC)},
            "Nothing leaves by Carrier simulator before 24 Nov 2026, 1:00 PM: it asked for a pause.",
        ),
    ],
)
async def test_what_keeps_its_messages_from_leaving_stands_on_its_page_with_the_way_there(
    manager: Client, count_queries: Any, values: dict[str, Any], said: str
) -> None:
    url = await started(manager)
    assert "Nothing leaves" not in text(await manager.get(url))
    await Connection.update({getattr(Connection, name): value for name, value in values.items()}, force=True)
    with count_queries() as queries:
        page = await manager.get(url)
    assert queries.count <= 8, queries.statements
    assert said in text(page)
    assert 'href="/apps/simulator"' in page.text
    assert "You can leave this page; it goes on." not in text(page)
    await manager.submit(f"{url}/stop")
    assert "Nothing leaves by" not in text(await manager.get(url))


async def test_a_rest_that_ends_before_anything_is_to_leave_keeps_nothing(manager: Client) -> None:
    url = await chosen(manager)
    await written(manager, url, date="2026-11-30", time="09:00")
    await manager.submit(f"{url}/starts", {"revision": await revision(manager, url)})
    await expanding.expand((await batch_of(url)).id)
    await Connection.update({Connection.rests_until: datetime(2026, 11, 25, tzinfo=UTC)}, force=True)
    assert "Nothing leaves" not in text(await manager.get(url))
    await Connection.update({Connection.state: "broken"}, force=True)
    assert "Nothing leaves by Carrier simulator" in text(await manager.get(url))


async def test_it_is_paused_resumed_and_stopped_after_a_question(manager: Client) -> None:
    url = await started(manager)
    await manager.submit(f"{url}/pause")
    assert (await batch_of(url)).state == "paused"
    assert "Nothing leaves while it is paused" in text(await manager.get(url))
    await manager.submit(f"{url}/pause/deletion")
    assert (await batch_of(url)).state == "running"
    asked = text(await manager.get(f"{url}/stop/new"))
    assert "2 messages have not left yet and would be cancelled" in asked
    assert (await batch_of(url)).state == "running"
    await manager.submit(f"{url}/stop")
    assert "Cancelled 2" in text(await manager.get(url))
    assert (await manager.get(f"{url}/stop/new")).headers["location"] == url


async def test_where_pause_stood_nothing_lets_a_paused_batch_go_on(manager: Client) -> None:
    url = await looked(manager)
    await manager.submit(f"{url}/starts", {"revision": await revision(manager, url)})
    header = (await manager.get(url)).text.partition('id="batch-title"')[2].partition("</header>")[0]
    assert f'action="{url}/pause"' in header
    await manager.submit(f"{url}/pause")
    page = (await manager.get(url)).text
    header, below = page.partition('id="batch-title"')[2].split("</header>", 1)
    assert "<form" not in header  # a colleague who goes for Pause in this moment hits nothing
    assert f'action="{url}/pause/deletion"' in below
    assert "It is paused. Nothing leaves until somebody resumes it." in text(await manager.get(url))
    again = await manager.submit(f"{url}/pause")
    assert "It is not under way." in text(await manager.get(again.headers["location"]))


async def test_only_the_failed_are_tried_again(manager: Client) -> None:
    url = await started(manager, 3)
    batch = await batch_of(url)
    first = await Message.objects().where(Message.batch == batch.id).order_by(Message.id).first()
    assert first
    await Message.update({Message.state: "delivered"}).where(Message.batch == batch.id)
    await Message.update({Message.state: "failed", Message.reason: "Busy"}).where(Message.id == first.id)
    page = await manager.get(url)
    assert "Try the 1 failed again" in text(page)
    answer = await manager.submit(f"{url}/attempts")
    assert "One is tried again." in text(await manager.get(answer.headers["location"]))
    states = await Message.select(Message.state).where(Message.batch == batch.id).order_by(Message.id)
    assert [row["state"] for row in states] == ["queued", "delivered", "delivered"]


async def test_who_got_none_because_of_spam_is_left_to_be_written_to_by_hand(manager: Client) -> None:
    url = await started(manager, 3)
    batch = (await batch_of(url)).id
    spam = {Message.state: "failed", Message.code: "spam", Message.reason: "The carrier took this text for spam."}
    await Message.update(spam).where(Message.batch == batch)
    page = await manager.get(url)
    assert "failed again" not in text(page)
    assert "Open their vehicle from the list of 3 and write to them by hand, in other words." in text(page)
    assert f'href="{url}?code=spam#recipients"' in page.text
    answer = await manager.submit(f"{url}/attempts")
    assert "Nothing to try again." in text(await manager.get(answer.headers["location"]))
    busy = await Message.select(Message.id).where(Message.batch == batch).limit(1)
    await Message.update({Message.code: "", Message.reason: "Busy"}).where(Message.id == busy[0]["id"])
    assert "Try the 1 failed again" in text(await manager.get(url))


async def test_what_is_tried_again_while_it_is_paused_waits_and_the_page_says_so(manager: Client) -> None:
    url = await started(manager, 2)
    await Message.update({Message.state: "failed"}).where(Message.batch == (await batch_of(url)).id)
    await Batch.update({Batch.state: "paused"}).where(Batch.id == (await batch_of(url)).id)
    answer = await manager.submit(f"{url}/attempts")
    said = text(await manager.get(answer.headers["location"]))
    assert "2 are tried again, once you resume the batch." in said
    assert "Resume" in said
    assert (await batch_of(url)).state == "paused"


async def test_a_draft_is_not_stopped_and_a_sentence_says_why(manager: Client) -> None:
    url = await chosen(manager)
    refused = await manager.submit(f"{url}/stop")
    assert refused.status_code == 422
    assert "This batch has not begun" in text(refused)
    assert (await batch_of(url)).state == "draft"


async def test_a_batch_that_ended_with_the_plan_says_so_and_not_that_messaging_did(manager: Client) -> None:
    url = await started(manager, 2)
    await ending.end_without_plan(await batch_of(url))
    said = text(await manager.get(url))
    assert "Stopped" in said
    assert "2 Batches are no longer part of your plan." in said
    assert "Messaging is not part" not in said


async def test_why_it_stopped_by_itself_stands_on_top(manager: Client) -> None:
    url = await started(manager)
    await Batch.update({Batch.state: "paused", Batch.held_reason: "Of the first 5 messages 3 failed."}).where(
        Batch.id == (await batch_of(url)).id
    )
    assert re.search(r'class="alert bad".*Of the first 5 messages 3 failed', (await manager.get(url)).text, re.DOTALL)


async def test_the_file_holds_every_recipient_and_no_formula(manager: Client) -> None:
    url = await started(manager, 2, seller={"first_name": "=HYPERLINK(1)"})
    answer = await manager.get(f"{url}/recipients.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0] == list(exporting.HEADER)
    assert len(rows) == 3
    assert all(row[1].startswith("'=HYPERLINK") for row in rows[1:])
    none = await manager.get(f"{url}/recipients.csv?group=failed")
    assert len(none.text.splitlines()) == 1


async def test_the_file_is_read_a_few_hundred_rows_at_a_time(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "CHUNK", 2)
    url = await started(manager, 5)
    parts = [part async for part in exporting.export(await batch_of(url))]
    assert [len(part.splitlines()) for part in parts] == [1, 2, 2, 1]


async def test_the_rows_come_page_by_page(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PAGE", 2)
    monkeypatch.setattr(watching.recipients, "__defaults__", ("", "", None, 2, ""))
    url = await started(manager, 3)
    page = (await manager.get(url)).text
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    assert page.count('id="to-') == 2
    assert (await manager.get(html.unescape(following[1]))).text.count('id="to-') == 1


# The list


async def test_a_month_later_who_did_not_get_it_is_one_click_away(manager: Client) -> None:
    going, passed = await make.listing(), await make.listing(stage="pass")
    made = await manager.submit("/batches", {"listing_ids": [str(going.id), str(passed.id)]})
    url = made.headers["location"].removesuffix("/edit")
    await written(manager, url)
    await manager.submit(f"{url}/starts", {"revision": await revision(manager, url)})
    batch = await batch_of(url)
    await expanding.expand(batch.id)
    await Message.update({Message.state: "delivered"}).where((Message.batch == batch.id) & (Message.state == "queued"))
    page = await manager.get("/batches")
    assert "1 sent, 1 did not get it" in text(page)
    assert f'href="{url}?group=missed#recipients"' in page.text


async def test_the_list_comes_page_by_page_in_few_queries(
    manager: Client, count_queries: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(watching.LIST + 1):
        await started(manager, 1)
    with count_queries() as queries:
        page = (await manager.get("/batches")).text
    assert queries.count <= 8, queries.statements
    assert page.count('id="batch-') == watching.LIST
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    assert (await manager.get(following[1])).text.count('id="batch-') == 1


# Who may


async def test_without_the_feature_in_the_plan_it_is_locked(manager: Client) -> None:
    url = await chosen(manager)
    await without("batch")
    for answer in (await manager.get("/batches"), await manager.get(f"{url}/edit"), await written(manager, url)):
        assert answer.status_code == 422
        assert "Batches are not part of your plan" in text(answer)
        assert 'href="/plans"' in answer.text
    assert 'name="listing_ids"' not in (await manager.get("/listings")).text


async def test_an_agent_who_may_not_sees_none_of_it(manager: Client, agent_client: Client) -> None:
    url = await started(manager)
    assert 'href="/batches"' not in (await agent_client.get("/listings")).text
    for path in ("", "/edit", "/look", "/stop/new", "/recipients.csv"):
        assert (await agent_client.get(f"{url}{path}")).status_code == 403, path
    for path in ("", "/looks", "/starts", "/pause", "/pause/deletion", "/stop", "/attempts", "/preview"):
        assert (await agent_client.submit(f"{url}{path}")).status_code == 403, path
    assert (await batch_of(url)).state == "running"


async def test_support_reads_and_changes_nothing(manager: Client, client: Client) -> None:
    url = await started(manager)
    async with await client.signed_in(await make.user(role="support")) as support:
        page = await support.get(url)
        assert page.status_code == 200
        assert "/pause" not in page.text
        assert (await support.get("/batches")).status_code == 200
        assert (await support.get(f"{url}/recipients.csv")).status_code == 200
        assert (await support.submit(f"{url}/stop")).status_code == 403


async def test_a_foreign_batch_is_not_found(manager: Client, client: Client) -> None:
    url = await chosen(manager)
    stranger = await make.user(await make.account(), role="manager")
    async with await client.signed_in(stranger) as other:
        for path in ("", "/edit", "/look", "/recipients.csv"):
            assert (await other.get(f"{url}{path}")).status_code == 404
        assert (await other.get("/batches/nonsense")).status_code == 404


async def test_a_message_of_a_batch_is_marked_in_the_history_and_leads_to_it(
    manager: Client, agent_client: Client
) -> None:
    url = await started(manager, 1)
    [message] = await Message.objects().where(Message.batch == (await batch_of(url)).id)
    page = (await manager.get(f"/listings/{message.listing}")).text
    assert re.search(rf'<a class="via link" href="{url}">.*Batch</a>', page)
    assert "is your 2019 Subaru Outback still for sale?" in text(await manager.get(f"/listings/{message.listing}"))
    plain = (await agent_client.get(f"/listings/{message.listing}")).text
    assert url not in plain
    assert re.search(r'<span class="via"><svg.*Batch</span>', plain)


# Later


async def test_it_is_planned_by_a_clock_and_says_so_on_every_page(manager: Client) -> None:
    url = await chosen(manager)
    assert "Send later" in text(await manager.get(f"{url}/edit"))
    await written(manager, url, date="2026-11-30", time="09:00", zone="America/Chicago", stays_on_reply="1")
    batch = await batch_of(url)
    assert (batch.schedule_rule, batch.schedule_wall, batch.stays_on_reply) == ("zone", "2026-11-30T09:00", True)
    back = (await manager.get(f"{url}/edit")).text
    assert 'value="2026-11-30"' in back
    assert 'value="America/Chicago" selected' in back
    look = text(await manager.get(f"{url}/look"))
    assert "Leaves Mon 30 Nov, 10:00 AM by your clock, 9:00 AM in Chicago" in look
    assert "Schedule 2 texts" in look
    await manager.submit(f"{url}/starts", {"revision": await revision(manager, url)})
    await expanding.expand(batch.id)
    shown = text(await manager.get(url))
    assert "Scheduled" in shown
    assert "It leaves Mon 30 Nov, 10:00 AM by your clock, 9:00 AM in Chicago." in shown


async def test_it_is_planned_for_each_sellers_own_morning(manager: Client) -> None:
    url = await chosen(manager)
    await written(manager, url, date="2026-11-30", time="9:00", zone="seller")
    assert (await batch_of(url)).schedule_rule == "seller"
    assert "Mon 30 Nov, 9:00 AM by each seller’s own clock" in text(await manager.get(f"{url}/look"))


async def test_a_time_that_is_over_is_told_at_its_field_and_without_the_switch_there_is_none(manager: Client) -> None:
    url = await chosen(manager)
    answer = await written(manager, url, date="2026-11-20", time="09:00")
    assert (answer.status_code, 'id="f-time-err"' in answer.text) == (422, True)
    assert (await written(manager, url, date="2026-11-30")).status_code == 422
    await Account.update({Account.scheduled_messages: False}).where(Account.id == manager.user.account)
    assert "Send later" not in text(await manager.get(f"{url}/edit"))
    assert (await written(manager, url, date="2026-11-30", time="09:00")).status_code == 422


async def test_what_was_planned_for_a_time_that_is_over_is_looked_at_again(manager: Client, clock: Any) -> None:
    url = await chosen(manager)
    await written(manager, url, date="2026-11-24", time="11:10")
    seen = await revision(manager, url)
    clock.advance(minutes=20)
    answer = await manager.submit(f"{url}/starts", {"revision": seen})
    assert answer.headers["location"] == f"{url}/look"
    assert "Choose a time at least a minute from now." in text(await manager.get(answer.headers["location"]))

"""Appointments and appraisals from the page of a listing, without scripts."""

import html
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from domain import appointments, plans
from domain.appointments import Agreed, Appointment
from domain.appraisals import Appraisal
from domain.listings import Listing
from tests import make
from tests.client import Client

TYPED = {"date": "2026-11-25", "time": "14:30", "zone": "America/New_York", "place": "Front desk", "meets": ""}


@pytest.fixture(autouse=True)
async def _plans(house: None) -> None:
    await plans.seed()


async def planned(listing: Listing, **values: str) -> Appointment:
    typed = Agreed(**{**TYPED, **values})
    return await appointments.create(await make.dealership(), listing, await make.user(), typed)


async def page_of(client: Client, listing: Listing) -> str:
    return html.unescape((await client.get(f"/listings/{listing.id}")).text)


async def test_an_appointment_is_planned_and_stands_beside_the_listing(agent_client: Client) -> None:
    listing = await make.listing()
    assert "None is planned." in await page_of(agent_client, listing)
    form = (await agent_client.get(f"/listings/{listing.id}/appointments/new")).text
    assert re.search(rf'<option value="{agent_client.user.id}" selected>', form)
    assert '<option value="America/New_York" selected>' in form
    typed = {**TYPED, "meets": str(agent_client.user.id)}
    answer = await agent_client.submit(f"/listings/{listing.id}/appointments", typed)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/listings/{listing.id}")
    page = await page_of(agent_client, listing)
    assert "The appointment is planned: 25 Nov 2026, 2:30 PM." in page
    assert f"{agent_client.user.name} meets the seller" in page
    assert "Front desk" in page
    assert f"Appointment planned for 25 Nov 2026, 2:30 PM by {agent_client.user.name}" in page
    assert "Stage: Appointed" in page
    listed = (await agent_client.get("/listings?view=appointed")).text
    assert f"/listings/{listing.id}" in listed


async def test_what_was_typed_stays_beside_what_is_wrong(agent_client: Client) -> None:
    listing = await make.listing()
    typed = {**TYPED, "date": "2026-11-01", "place": "<b>Lot</b>"}
    answer = await agent_client.submit(f"/listings/{listing.id}/appointments", typed)
    assert answer.status_code == 422
    assert 'id="f-date-err"' in answer.text
    assert 'value="&lt;b&gt;Lot&lt;/b&gt;"' in answer.text
    assert not await Appointment.exists()


async def test_a_second_press_makes_no_second_one(agent_client: Client) -> None:
    listing = await make.listing()
    await agent_client.submit(f"/listings/{listing.id}/appointments", TYPED)
    answer = await agent_client.submit(f"/listings/{listing.id}/appointments", TYPED)
    assert answer.status_code == 422
    assert "planned already" in answer.text
    assert await Appointment.count() == 1


async def test_it_is_changed_from_its_form(agent_client: Client) -> None:
    listing = await make.listing()
    one = await planned(listing, zone="America/Denver")
    form = (await agent_client.get(f"/appointments/{one.id}/edit")).text
    assert 'value="2026-11-25"' in form
    assert 'value="14:30"' in form
    assert "(Denver time)" in await page_of(agent_client, listing)
    await agent_client.submit(f"/appointments/{one.id}", {**TYPED, "time": "16:00", "revision": "1"})
    page = await page_of(agent_client, listing)
    assert "The appointment is changed: 25 Nov 2026, 4:00 PM." in page
    assert "Denver time" not in page


async def test_who_was_slower_keeps_their_words_and_is_told(agent_client: Client) -> None:
    one = await planned(await make.listing())
    await agent_client.submit(f"/appointments/{one.id}", {**TYPED, "time": "16:00", "revision": "1"})
    answer = await agent_client.submit(f"/appointments/{one.id}", {**TYPED, "time": "17:00", "revision": "1"})
    assert answer.status_code == 422
    assert "Somebody changed this appointment meanwhile" in answer.text
    assert 'value="17:00"' in answer.text
    assert 'name="revision" value="2"' in answer.text
    answer = await agent_client.submit(f"/appointments/{one.id}", {**TYPED, "time": "17:00", "revision": "2"})
    assert answer.status_code == 303


@pytest.mark.parametrize("revision", ["", "x", "-1", "99999999999999999999", "1e3"])
async def test_a_revision_that_is_none_changes_nothing(agent_client: Client, revision: str) -> None:
    one = await planned(await make.listing())
    answer = await agent_client.submit(f"/appointments/{one.id}", {**TYPED, "time": "16:00", "revision": revision})
    assert answer.status_code == 422
    assert (await Appointment.select().first())["revision"] == 1


@pytest.mark.parametrize(("result", "label"), [("shown", "Shown"), ("no_show", "No show")])
async def test_the_result_is_two_buttons(agent_client: Client, clock: Any, result: str, label: str) -> None:
    listing = await make.listing()
    one = await planned(listing)
    clock.set(datetime(2026, 11, 25, 20, tzinfo=UTC))
    assert "How did it go?" in await page_of(agent_client, listing)
    answer = await agent_client.submit(f"/appointments/{one.id}/results", {"result": result})
    assert answer.status_code == 303
    page = await page_of(agent_client, listing)
    assert f"Stage: {label}" in page
    assert "None is planned." in page


async def test_a_cancelled_one_is_gone_and_its_form_says_so(agent_client: Client) -> None:
    listing = await make.listing()
    one = await planned(listing)
    for said in ("is cancelled.", "was cancelled already."):
        await agent_client.submit(f"/appointments/{one.id}/cancellation")
        assert f"The appointment {said}" in await page_of(agent_client, listing)
    assert "settled already" in (await agent_client.get(f"/appointments/{one.id}/edit")).text
    answer = await agent_client.submit(f"/appointments/{one.id}/results", {"result": "shown"})
    assert answer.status_code == 422


async def test_another_word_is_no_result(agent_client: Client) -> None:
    one = await planned(await make.listing())
    answer = await agent_client.submit(f"/appointments/{one.id}/results", {"result": "cancelled"})
    assert answer.status_code == 422
    assert (await Appointment.select().first())["state"] == "planned"


async def test_foreign_hidden_and_malformed_ones_are_not_found(agent_client: Client) -> None:
    account = await make.account()
    foreign = await make.listing(account)
    theirs = await appointments.create(account, foreign, await make.user(account), Agreed("2026-11-25", "14:30"))
    hidden = await make.listing()
    ours = await planned(hidden)
    await Listing.update({Listing.hidden: True}).where(Listing.id == hidden.id)
    for key in (theirs.id, ours.id, "x"):
        assert (await agent_client.get(f"/appointments/{key}/edit")).status_code == 404
        for verb in ("", "/cancellation", "/results"):
            answer = await agent_client.submit(f"/appointments/{key}{verb}", {**TYPED, "result": "shown"})
            assert answer.status_code == 404, (key, verb)
    for verb in ("appointments", "appraisals"):
        answer = await agent_client.submit(f"/listings/{foreign.id}/{verb}", {**TYPED, "amount": "1"})
        assert answer.status_code == 404
    assert {row["state"] for row in await Appointment.select()} == {"planned"}


async def test_support_reads_the_box_and_changes_nothing(client: Client) -> None:
    listing = await make.listing()
    one = await planned(listing)
    async with await client.signed_in(await make.user(role="support")) as support:
        page = await page_of(support, listing)
        assert "25 Nov 2026, 2:30 PM" in page
        assert f"/appointments/{one.id}" not in page
        assert "/appraisals/new" not in page
        for url in (
            f"/listings/{listing.id}/appointments",
            f"/listings/{listing.id}/appraisals",
            f"/appointments/{one.id}",
            f"/appointments/{one.id}/results",
            f"/appointments/{one.id}/cancellation",
        ):
            assert (await support.submit(url, {**TYPED, "result": "shown"})).status_code == 403, url


async def test_an_appraisal_stands_beside_the_listing_and_in_its_history(agent_client: Client) -> None:
    listing = await make.listing()
    assert (await agent_client.get(f"/listings/{listing.id}/appraisals/new")).status_code == 200
    for amount in ("$14,000", "14500"):
        await agent_client.submit(f"/listings/{listing.id}/appraisals", {"amount": amount, "note": "Clean"})
    page = await page_of(agent_client, listing)
    assert re.search(r"Appraised at <b[^>]*>\$14,500</b>", page)
    assert f"Appraised at $14,000 by {agent_client.user.name}" in page
    assert "Stage: Appraised" in page


async def test_an_appraisal_without_an_amount_is_asked_for_it(agent_client: Client) -> None:
    listing = await make.listing()
    answer = await agent_client.submit(f"/listings/{listing.id}/appraisals", {"amount": "a lot", "note": "Clean"})
    assert answer.status_code == 422
    assert 'id="f-amount-err"' in answer.text
    assert "Clean" in answer.text
    assert not await Appraisal.exists()


async def test_the_page_of_a_listing_with_all_of_it_asks_at_most_eight_times(
    agent_client: Client, count_queries: Any
) -> None:
    listing = await make.listing()
    one = await planned(listing)
    await agent_client.submit(f"/listings/{listing.id}/appraisals", {"amount": "14500"})
    for url in (f"/listings/{listing.id}", f"/appointments/{one.id}/edit", "/listings"):
        await agent_client.get(url)
        with count_queries() as queries:
            assert (await agent_client.get(url)).status_code == 200
        assert queries.count <= 8, (url, queries.statements)

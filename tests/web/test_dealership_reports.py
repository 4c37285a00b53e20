"""Reporting a seller as a dealership, from their page to the report and back."""

import re
from typing import Any
from uuid import UUID

import httpx
import pytest

from domain import dealerships, ids, imports, plans
from domain.audit import AuditEntry
from domain.dealerships import DealershipReport
from domain.imports import Import
from domain.listings import Listing, Picture
from domain.messages import Message
from tests import make
from tests.client import Client

PHONE = "+15205550117"


def text(response: httpx.Response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.text).split())


async def lots(n: int = 2, **values: Any) -> list[Listing]:
    """Ads of Dana Lee's, who has one number on all of them."""
    person = {"mobile": PHONE, "first_name": "Dana", "last_name": "Lee", "email": "dana@lot.example"}
    return [await make.listing(seller=person, **values) for _ in range(n)]


async def reported(client: Client, listing: Listing, **form: str) -> str:
    """The URL of the report."""
    answer = await client.submit(f"/listings/{listing.id}/dealership-reports", form)
    assert answer.status_code == 303
    return answer.headers["location"]


async def test_the_menu_beside_the_seller_leads_to_a_page_that_says_what_happens(agent_client: Client) -> None:
    one, two = await lots(model="Outback")
    await make.message(two, state="queued")
    page = await agent_client.get(f"/listings/{one.id}")
    url = f"/listings/{one.id}/dealership-reports/new"
    assert f'href="{url}"' in page.text
    confirm = await agent_client.get(url)
    said = text(confirm)
    assert "Report Dana Lee as a dealership?" in said
    assert "2 listings are hidden and set to Pass" in said
    assert "1 message that waits to leave is cancelled, and stays cancelled" in said
    assert "+1 520 555 0117" in said
    assert "dana@lot.example" in said
    assert confirm.text.count("2019 Subaru Outback") >= 2
    assert (await dealerships.page(one.account)).reports == []


async def test_the_switch_shows_at_once_what_the_name_would_add(agent_client: Client) -> None:
    [one] = await lots(1)
    await make.listing(model="Forester", seller={"first_name": "DANA", "last_name": "Lee"})
    url = f"/listings/{one.id}/dealership-reports/new"
    narrow, wide = await agent_client.get(url), await agent_client.get(f"{url}?by_name=1")
    assert "1 listing is hidden" in text(narrow)
    assert "Forester" not in narrow.text
    assert 'name="by_name" value="1" checked' not in narrow.text
    assert "2 listings are hidden" in text(wide)
    assert "Forester" in wide.text
    assert 'name="by_name" value="1" checked' in wide.text
    assert '<input type="hidden" name="by_name" value="1">' in wide.text
    await reported(agent_client, one, by_name="1")
    assert await Listing.count().where(Listing.hidden.eq(True)) == 2


async def test_without_a_full_name_there_is_no_switch(agent_client: Client) -> None:
    one = await make.listing(seller={"last_name": ""})
    page = await agent_client.get(f"/listings/{one.id}/dealership-reports/new")
    assert 'type="checkbox"' not in page.text


async def test_a_seller_of_whom_nothing_is_known_hides_one_listing(agent_client: Client) -> None:
    one = await make.listing(seller={"mobile": "", "first_name": "", "last_name": ""})
    page = await agent_client.get(f"/listings/{one.id}/dealership-reports/new")
    assert "Report this seller as a dealership?" in text(page)
    assert "Only this listing is hidden." in text(page)
    await reported(agent_client, one)
    assert await Listing.count().where(Listing.hidden.eq(True)) == 1


async def test_a_report_hides_and_leads_to_its_page(agent_client: Client) -> None:
    one, two = await lots(stage="contacted")
    url = await reported(agent_client, one)
    page = await agent_client.get(url)
    assert "Reported as a dealership: 2 listings are hidden and passed." in text(page)
    assert f"Reported by {agent_client.user.name}" in text(page)
    assert "Contacted" in text(page)
    assert f'href="/listings/{two.id}"' in page.text
    assert str(one.id) not in (await agent_client.get("/listings?view=all")).text
    index = await agent_client.get("/dealership-reports")
    assert "Dana Lee" in index.text
    assert f'href="{url}"' in index.text


async def test_the_page_of_a_hidden_listing_says_so_and_offers_nothing_to_do(agent_client: Client) -> None:
    await plans.seed()
    [one] = await lots(1)
    await make.message(one, body="Is the Outback still there?")
    photo = Picture(listing=one.id, url="https://x.example/1", state="kept", sha256="ab" * 32)
    await Picture.insert(photo)
    url = await reported(agent_client, one)
    page = await agent_client.get(f"/listings/{one.id}")
    assert page.status_code == 200
    assert "Hidden: this seller was reported as a dealership" in text(page)
    assert f'href="{url}"' in page.text
    assert "Is the Outback still there?" in page.text
    assert f"/listings/{one.id}/sends/new" not in page.text
    assert f"/listings/{one.id}/stages" not in page.text
    assert "dealership-reports/new" not in page.text
    for part in ("history", "history/latest"):
        assert (await agent_client.get(f"/listings/{one.id}/{part}")).status_code == 200
    for closed in ("edit", "sends/new"):
        assert (await agent_client.get(f"/listings/{one.id}/{closed}")).status_code == 404
    assert (await agent_client.submit(f"/listings/{one.id}/stages", {"stage": "contacted"})).status_code == 404


@pytest.mark.parametrize("htmx", [True, False])
async def test_who_was_writing_meanwhile_reads_why_it_did_not_leave_and_keeps_the_words(
    agent_client: Client, htmx: bool
) -> None:
    await plans.seed()
    [one] = await lots(1)
    await make.sender_link(await make.connection(one.account, "simulator"), agent_client.user)
    await reported(agent_client, one)
    words = {"channel": "text", "to": "mobile", "nonce": "n-1", "body": "Is the Outback still there?"}
    answer = await agent_client.submit(f"/listings/{one.id}/sends", words, htmx=htmx)
    assert answer.status_code == 422
    assert "This seller was reported as a dealership." in text(answer)
    assert "Is the Outback still there?" in answer.text
    assert await Message.count() == 0


async def test_the_history_tells_both_ways(manager_client: Client) -> None:
    await plans.seed()
    [one] = await lots(1, stage="appraised")
    url = await reported(manager_client, one)
    name = manager_client.user.name
    page = await manager_client.get(f"/listings/{one.id}")
    assert f"Hidden and passed: the seller was reported as a dealership by {name}" in text(page)
    await manager_client.submit(f"{url}/undos")
    page = await manager_client.get(f"/listings/{one.id}")
    assert f"Shown again as Appraised: the report as a dealership was taken back by {name}" in text(page)


async def test_a_manager_takes_it_back_and_an_agent_cannot(agent_client: Client, manager_client: Client) -> None:
    one, two = await lots(stage="contacted")
    url = await reported(agent_client, one)
    assert "Take the report back" not in (await agent_client.get(url)).text
    assert "A manager or an administrator can take the report back." in text(await agent_client.get(url))
    assert (await agent_client.submit(f"{url}/undos")).status_code == 403
    assert (await agent_client.get(f"/listings/{two.id}/edit")).status_code == 404

    assert "Take the report back" in (await manager_client.get(url)).text
    answer = await manager_client.submit(f"{url}/undos")
    assert (answer.status_code, answer.headers["location"]) == (303, url)
    page = await manager_client.get(url)
    assert "The report is taken back: 2 listings are in the inventory again." in text(page)
    assert f"Taken back by {manager_client.user.name}" in text(page)
    assert "Take the report back" not in page.text
    rows = await Listing.select(Listing.stage, Listing.hidden)
    assert {(row["stage"], bool(row["hidden"])) for row in rows} == {("contacted", False)}
    await manager_client.submit(f"{url}/undos")
    assert "This report was taken back already." in text(await manager_client.get(url))
    assert await AuditEntry.count().where(AuditEntry.action == "dealership.undone") == 1


async def test_an_undo_says_what_did_not_come_back_as_it_was(manager_client: Client) -> None:
    one, two = await lots()
    three = await make.listing(seller={"email": "dana@lot.example"})
    url = await reported(manager_client, one)
    await reported(manager_client, await make.listing(seller={"email": "dana@lot.example"}))
    await Listing.update({Listing.stage: "acquired"}).where(Listing.id.is_in([one.id, two.id]))
    await manager_client.submit(f"{url}/undos")
    said = text(await manager_client.get(url))
    assert "0 listings are in the inventory again." in said
    assert "3 stay hidden, because another report stands." in said
    other = await dealerships.hidden_by(three.account, three.id)
    assert other is not None
    await manager_client.submit(f"/dealership-reports/{other.id}/undos")
    said = text(await manager_client.get(f"/dealership-reports/{other.id}"))
    assert "2 kept the stage that somebody set meanwhile." in said


async def test_of_two_who_report_the_second_finds_the_report(agent_client: Client, manager_client: Client) -> None:
    [one] = await lots(1)
    url = await reported(agent_client, one)
    assert await reported(manager_client, one) == url
    answer = await manager_client.get(f"/listings/{one.id}/dealership-reports/new")
    assert (answer.status_code, answer.headers["location"]) == (303, url)


async def test_readers_see_reports_and_report_nobody(client: Client) -> None:
    one, two = await lots(1), await make.listing()
    made = await dealerships.report(one[0].account, one[0], await make.user(), False)
    async with await client.signed_in(await make.user(role="support")) as reader:
        assert (await reader.get("/dealership-reports")).status_code == 200
        assert (await reader.get(f"/dealership-reports/{made.id}")).status_code == 200
        assert "Report as dealership" not in (await reader.get(f"/listings/{two.id}")).text
        assert (await reader.get(f"/listings/{two.id}/dealership-reports/new")).status_code == 403
        assert (await reader.submit(f"/listings/{two.id}/dealership-reports")).status_code == 403


async def test_foreign_and_made_up_reports_and_listings_are_not_found(manager_client: Client) -> None:
    other = await make.account()
    foreign = await make.listing(other)
    made = await dealerships.report(other.id, foreign, await make.user(other), False)
    for report in (str(made.id), str(ids.new()), "nonsense"):
        assert (await manager_client.get(f"/dealership-reports/{report}")).status_code == 404
        assert (await manager_client.submit(f"/dealership-reports/{report}/undos")).status_code == 404
    for listing in (str(foreign.id), "nonsense"):
        assert (await manager_client.get(f"/listings/{listing}/dealership-reports/new")).status_code == 404
        assert (await manager_client.submit(f"/listings/{listing}/dealership-reports")).status_code == 404
    assert (await dealerships.of(other.id, made.id)).stands


async def test_lists_of_reports_and_their_listings_have_pages(agent_client: Client) -> None:
    many = await lots(52)
    url = await reported(agent_client, many[0])
    for n in range(51):
        row = DealershipReport(account=many[0].account, listing=many[0].id, name=f"Seller {n}")
        await DealershipReport.insert(row)
    for first in (url, "/dealership-reports"):
        page = (await agent_client.get(first)).text
        following = re.search(r'rel="next" href="([^"]+)"', page)
        assert following is not None
        rest = (await agent_client.get(following[1].replace("&amp;", "&"))).text
        assert 'rel="next"' not in rest
        rows = [set(re.findall(r'<tr id="(\S+)"', each)) for each in (page, rest)]
        assert [len(each) for each in rows] == [50, 2]
        assert not rows[0] & rows[1]
    assert (await agent_client.get(f"{url}?after=nonsense")).status_code == 200
    assert (await agent_client.get("/dealership-reports?before=nonsense")).status_code == 200


@pytest.mark.parametrize("page", ["new", "index", "show", "listing"])
async def test_each_page_takes_few_queries(agent_client: Client, count_queries: Any, page: str) -> None:
    one, *_ = await lots(5)
    listing = await make.listing()
    made = await dealerships.report(one.account, one, await make.user(), True)
    url = {
        "new": f"/listings/{listing.id}/dealership-reports/new?by_name=1",
        "index": "/dealership-reports",
        "show": f"/dealership-reports/{made.id}",
        "listing": f"/listings/{one.id}",
    }[page]
    await agent_client.get(url)
    with count_queries() as queries:
        assert (await agent_client.get(url)).status_code == 200
    assert queries.count <= 8, queries.statements


async def test_nobody_is_reported_yet(agent_client: Client) -> None:
    await make.listing()
    assert "Nobody is reported" in text(await agent_client.get("/dealership-reports"))
    assert 'href="/dealership-reports"' in (await agent_client.get("/listings")).text


# What comes in later


async def test_a_vehicle_of_a_reported_seller_added_by_hand_is_hidden_and_says_why(agent_client: Client) -> None:
    [one] = await lots(1)
    await reported(agent_client, one)
    fields = {"year": "2020", "make": "Kia", "model": "Niro", "phone": "(520) 555-0117"}
    answer = await agent_client.submit("/listings", fields)
    assert answer.status_code == 303
    page = await agent_client.get(answer.headers["location"])
    assert "The vehicle is added. It is hidden, because its seller was reported as a dealership." in text(page)
    assert "Niro" not in (await agent_client.get("/listings?view=all")).text


async def test_a_listing_edited_into_a_reported_seller_is_hidden_and_says_why(agent_client: Client) -> None:
    [one] = await lots(1)
    await reported(agent_client, one)
    other = await make.listing()
    fields = {"year": "2020", "make": "Kia", "model": "Niro", "phone": "(520) 555-0117"}
    answer = await agent_client.submit(f"/listings/{other.id}", fields)
    page = await agent_client.get(answer.headers["location"])
    assert "The changes are saved. It is hidden, because its seller was reported as a dealership." in text(page)


async def test_an_import_counts_what_it_hides_and_says_why(manager_client: Client) -> None:
    [one] = await lots(1)
    await reported(manager_client, one)
    content = "Listing ID,Year,Make,Model,Phone\n"
    content += "A1,2019,Kia,Niro,520-555-0117\nA2,2019,Kia,Soul,520-555-0118\nA3,x,Kia,Rio,\n"
    answer = await manager_client.submit(
        "/imports", {"source_id": "kijiji"}, files={"file": ("ads.csv", content.encode(), "text/csv")}
    )
    url = answer.headers["location"]
    columns = ("external_id", "year", "make", "model", "phone")
    await manager_client.submit(url, {f"map.{n}": column for n, column in enumerate(columns)})
    await imports.run(UUID(url.rsplit("/", 1)[1]), "worker")
    job = await Import.objects().first()
    assert job is not None
    assert (job.created, job.updated, job.refused, imports.filtered_rows(job)) == (2, 0, 1, 1)
    said = text(await manager_client.get(url))
    assert "Created 2 Updated 0 Refused 1 Hidden 1" in said
    assert "Its seller was reported as a dealership, so it stays out of the inventory." in said
    shown = (await manager_client.get("/listings?view=all")).text
    assert "Kia Soul" in shown
    assert "Kia Niro" not in shown


async def test_an_import_that_hides_nothing_says_nothing_of_it(manager_client: Client) -> None:
    content = b"Listing ID,Year,Make,Model\nA1,2019,Kia,Niro\n"
    answer = await manager_client.submit(
        "/imports", {"source_id": "kijiji"}, files={"file": ("ads.csv", content, "text/csv")}
    )
    url = answer.headers["location"]
    await manager_client.submit(
        url, {f"map.{n}": name for n, name in enumerate(("external_id", "year", "make", "model"))}
    )
    await imports.run(UUID(url.rsplit("/", 1)[1]), "worker")
    assert "Hidden" not in text(await manager_client.get(url))

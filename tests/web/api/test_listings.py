"""Listings over the API, posted and read as a program would."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from domain import dealerships
from domain.listings import Listing
from domain.sellers import Seller
from domain.users import Role
from tests import make
from tests.web.api.conftest import Api, codes

VEHICLE = {"year": 2019, "make": "Subaru", "model": "Outback"}


async def test_a_listing_is_created_once_and_brought_up_to_date_afterwards(api: Api) -> None:
    body = {
        "vehicle": {**VEHICLE, "trim": "Premium", "vin": "4S4BSANC7K3000001", "odometer": 48200},
        "price": 18900.5,
        "url": "https://ads.example/4711",
        "description": "One owner.",
        "posted_on": "2026-11-12",
        "pictures": ["https://ads.example/1.jpg", "https://ads.example/2.jpg"],
        "seller": {"first_name": "Dana", "mobile": "(520) 555-0117", "email": "Dana@Example.com", "state": "az"},
    }
    first = await api.put("/listings/craigslist/4711", body)
    assert first.status_code == 201, first.text
    said = first.json()
    assert said["vehicle"]["trim"] == "Premium"
    assert (said["price"], said["currency"], said["posted_on"]) == (18900.5, "USD", "2026-11-12")
    assert (said["source"], said["external_id"], said["stage"]) == ("craigslist", "4711", "not_contacted")
    assert said["seller"]["mobile"] == "+15205550117"
    assert said["seller"]["email"] == "dana@example.com"
    assert said["pictures"] == body["pictures"]
    again = await api.put("/listings/craigslist/4711", {"vehicle": VEHICLE, "price": 17900})
    assert again.status_code == 200
    assert again.json()["id"] == said["id"]
    assert (again.json()["price"], again.json()["previous_price"]) == (17900, 18900.5)
    assert again.json()["seller"]["first_name"] == "Dana"
    assert again.json()["vehicle"]["trim"] == "Premium"
    assert await Listing.count() == 1


async def test_a_listing_of_a_reported_seller_is_stored_hidden_and_the_answer_says_so(api: Api) -> None:
    body = {"vehicle": VEHICLE, "seller": {"mobile": "(520) 555-0117"}}
    first = (await api.put("/listings/craigslist/1", body)).json()
    assert (first["hidden"], first["stage"]) == (False, "not_contacted")
    listing = await Listing.objects().get(Listing.id == first["id"])
    assert listing is not None
    await dealerships.report(listing.account, listing, await make.user(listing.account), False)
    new = await api.put("/listings/kijiji/2", body)
    assert (new.status_code, new.json()["hidden"], new.json()["stage"]) == (201, True, "pass")
    again = await api.put("/listings/craigslist/1", {**body, "price": 5})
    assert (again.status_code, again.json()["hidden"]) == (200, True)
    assert (await api.get(f"/listings/{new.json()['id']}")).status_code == 404
    assert (await api.get("/listings")).json()["items"] == []


async def test_null_empties_a_field(api: Api) -> None:
    await api.put("/listings/kijiji/1", {"vehicle": VEHICLE, "price": 1, "seller": {"first_name": "Dana"}})
    answer = await api.put("/listings/kijiji/1", {"vehicle": VEHICLE, "price": None, "seller": {"first_name": None}})
    assert answer.json()["price"] is None
    assert answer.json()["seller"]["first_name"] == ""


@pytest.mark.parametrize(
    ("path", "external_id"), [("12%2F34", "12/34"), ("messages", "messages"), ("a%20b", "a b"), ("%C3%A9", "é")]
)
async def test_an_id_may_be_any_text(api: Api, path: str, external_id: str) -> None:
    answer = await api.put(f"/listings/craigslist/{path}", {"vehicle": VEHICLE})
    assert (answer.status_code, answer.json()["external_id"]) == (201, external_id)


async def test_everything_wrong_is_told_at_once_with_its_place(api: Api) -> None:
    body = {
        "vehicle": {"year": "2019", "make": "", "colour": "red"},
        "price": -1,
        "url": "not an address",
        "posted_on": "11/12/2026",
        "pictures": ["https://ads.example/1.jpg", 7],
        "seller": {"phone": 5205550117},
        "stage": "contacted",
    }
    answer = await api.put("/listings/craigslist/1", body)
    assert answer.status_code == 422
    assert sorted(codes(answer)) == [
        ("pictures[1]", "invalid"),
        ("posted_on", "invalid"),
        ("price", "invalid"),
        ("seller.phone", "invalid"),
        ("stage", "unknown_field"),
        ("url", "invalid"),
        ("vehicle.colour", "unknown_field"),
        ("vehicle.make", "required"),
        ("vehicle.model", "required"),
        ("vehicle.year", "invalid"),
    ]
    [colour] = [each for each in answer.json()["errors"] if each["field"] == "vehicle.colour"]
    assert "vehicle.color" in colour["message"]
    assert not await Listing.exists()


async def test_values_the_dealership_could_not_use_are_refused_at_their_place(api: Api) -> None:
    body = {"vehicle": {**VEHICLE, "vin": "TOO-SHORT"}, "seller": {"mobile": "12", "email": "dana"}}
    answer = await api.put("/listings/craigslist/1", body)
    assert answer.status_code == 422
    assert {field for field, _ in codes(answer)} == {"vehicle.vin", "seller.mobile", "seller.email"}


@pytest.mark.parametrize("path", ["/listings/!!!/1", f"/listings/{'x' * 61}/1", f"/listings/craigslist/{'x' * 201}"])
async def test_a_source_or_id_that_cannot_be_one_is_refused(api: Api, path: str) -> None:
    assert (await api.put(path, {"vehicle": VEHICLE})).status_code == 422


async def test_two_programs_that_put_the_same_listing_at_once_make_one(api: Api) -> None:
    calls = [api.put("/listings/craigslist/1", {"vehicle": VEHICLE, "price": n}) for n in range(8)]
    answers = await asyncio.gather(*calls)
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (await Listing.count(), await Seller.count()) == (1, 1)


async def test_the_list_is_read_page_by_page_without_gap_or_repeat(api: Api, clock) -> None:
    made = []
    for _ in range(7):
        made.append(str((await make.listing()).id))
        clock.advance(seconds=1)
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    for _ in range(3):
        page = (await api.get("/listings", **query)).json()
        seen += [item["id"] for item in page["items"]]
        query["cursor"] = page["next"]
    assert page["next"] is None
    assert seen == made[::-1]


async def test_view_and_words_choose(api: Api) -> None:
    await make.listing(stage="contacted")
    wanted = await make.listing(stage="contacted", search="2015 honda fit")
    await make.listing(search="2015 honda fit")
    page = (await api.get("/listings", view="contacted", q="Honda")).json()
    assert [item["id"] for item in page["items"]] == [str(wanted.id)]


async def test_source_price_year_and_main_user_choose(api: Api) -> None:
    wanted = await make.listing(source="kijiji", price=8000_00, year=2016)
    await make.listing(source="kijiji", price=8000_00, year=2015)
    await make.listing(source="craigslist", price=8000_00, year=2016)
    narrowed = {"source": "kijiji", "price_to": "8000.00", "year_from": "2016", "main_user": "nobody"}
    page = (await api.get("/listings", **narrowed)).json()
    assert [item["id"] for item in page["items"]] == [str(wanted.id)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"view": "best"}, "view"),
        ({"stage": "sold"}, "stage"),
        ({"price_to": "cheap"}, "price_to"),
        ({"year_from": "2020", "year_to": "2010"}, "year_from"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"page": "2"}, "page"),
    ],
)
async def test_a_query_that_cannot_be_understood_is_refused(api: Api, query: dict[str, str], field: str) -> None:
    answer = await api.get("/listings", **query)
    assert answer.status_code == 422
    assert [each for each, _ in codes(answer)] == [field]


async def test_a_list_of_many_takes_few_queries(api: Api, count_queries) -> None:
    for _ in range(12):
        await make.listing()
    with count_queries() as queries:
        page = (await api.get("/listings")).json()
    assert len(page["items"]) == 12
    assert queries.count <= 8


async def test_a_foreign_listing_is_not_there(api: Api) -> None:
    foreign = await make.listing(await make.account())
    for path in (f"/listings/{foreign.id}", f"/listings/{foreign.id}/messages", f"/listings/{uuid4()}", "/listings/x"):
        answer = await api.get(path)
        assert (answer.status_code, codes(answer)) == (404, [("", "not_found")])
    assert (await api.get("/listings")).json()["items"] == []


async def test_the_messages_of_a_listing_come_newest_first(api: Api, clock) -> None:
    listing = await make.listing()
    made = []
    for n in range(5):
        direction = "in" if n % 2 else "out"
        made.append(str((await make.message(listing, direction=direction, body=f"Message {n}")).id))
        clock.advance(seconds=1)
    await make.message()  # another listing's
    first = (await api.get(f"/listings/{listing.id}/messages", limit=3)).json()
    rest = (await api.get(f"/listings/{listing.id}/messages", limit=3, cursor=first["next"])).json()
    assert [item["id"] for item in [*first["items"], *rest["items"]]] == made[::-1]
    assert rest["next"] is None
    seller = await make.seller_of(listing)
    assert [(item["direction"], item["from" if item["direction"] == "in" else "to"]) for item in first["items"]] == [
        ("out", seller.mobile),
        ("in", seller.mobile),
        ("out", seller.mobile),
    ]


async def test_messages_of_one_moment_are_neither_lost_nor_repeated(api: Api, clock) -> None:
    listing = await make.listing()
    clock.freeze()
    made = {str((await make.message(listing)).id) for _ in range(5)}
    first = (await api.get(f"/listings/{listing.id}/messages", limit=2)).json()
    second = (await api.get(f"/listings/{listing.id}/messages", limit=3, cursor=first["next"])).json()
    assert [item["id"] for item in [*first["items"], *second["items"]]] == sorted(made, reverse=True)


async def test_the_main_user_is_named(api: Api) -> None:
    agent = await make.user(role=Role.AGENT, name="Luis Ortega")
    listing = await make.listing(main_user=agent.id)
    said = (await api.get(f"/listings/{listing.id}")).json()
    assert said["main_user"] == {"id": str(agent.id), "name": "Luis Ortega"}

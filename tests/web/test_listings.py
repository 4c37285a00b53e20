"""The inventory and the page of a listing."""

import html
import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote

import pytest

from domain import plans
from domain.listings import Listing, Picture, PriceChange
from domain.sellers import Seller
from tests import make
from tests.client import Client


def titles(page: str) -> list[str]:
    return [html.unescape(title) for title in re.findall(r'class="title" href="[^"]*">([^<]*)</a>', page)]


def link(page: str, rel: str) -> str:
    found = re.search(rf'rel="{rel}" href="([^"]*)"', page)
    assert found, f"no {rel} link"
    return html.unescape(found[1])


async def test_an_agent_sees_the_listings_of_the_own_dealership_only(agent_client: Client) -> None:
    await make.listing(year=2019, make="Toyota", model="Tacoma")
    await make.listing(await make.account(), make="Foreign")
    page = (await agent_client.get("/listings")).text
    assert titles(page) == ["2019 Toyota Tacoma"]


async def test_a_row_says_what_matters(agent_client: Client) -> None:
    await make.listing(
        price=1_450_000,
        previous_price=1_500_000,
        odometer=48_210,
        waiting_since=datetime(2026, 11, 24, tzinfo=UTC),
        posted_on=date(2026, 11, 20),
        seller={"first_name": "Dana", "last_name": "Whitfield", "city": "Tucson", "state": "AZ"},
    )
    page = (await agent_client.get("/listings")).text
    for said in ("$14,500", "↓ $500", "48,210 mi", "Dana Whitfield", "Tucson, AZ", "4 days", "Needs a reply"):
        assert said in page


async def test_hidden_listings_are_nowhere(agent_client: Client) -> None:
    hidden = await make.listing(hidden=True)
    assert titles((await agent_client.get("/listings?view=all")).text) == []
    assert (await agent_client.get(f"/listings/{hidden.id}")).status_code == 404


@pytest.mark.parametrize(
    ("view", "models"),
    [
        ("not-contacted", {"A"}),
        ("contacted", {"B"}),
        ("needs-reply", {"B", "E"}),
        ("appointed", {"C", "D"}),
        ("passed", {"E"}),
        ("dnc", {"F"}),
        ("all", {"A", "B", "C", "D", "E", "F"}),
        ("no-such-view", {"A", "B", "C", "D", "E", "F"}),
    ],
)
async def test_each_view_shows_its_stages(agent_client: Client, view: str, models: set[str]) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    for model, stage, waiting in (
        ("A", "not_contacted", None),
        ("B", "contacted", now),
        ("C", "appointed", None),
        ("D", "acquired", None),
        ("E", "pass", now),
        ("F", "dnc", None),
    ):
        await make.listing(year=2020, make="X", model=model, stage=stage, waiting_since=waiting)
    page = (await agent_client.get(f"/listings?view={view}")).text
    assert set(titles(page)) == {f"2020 X {model}" for model in models}
    shown = re.search(r'aria-current="page">[^<]*<span class="n">([^<]*)<', page)
    assert shown is not None
    assert int(shown[1]) == len(models)


@pytest.mark.parametrize(
    "q",
    ["tacoma", "TACOMA toyota", "núñez", "Nunez", "1ABC", "F-150x", "(520) 555-0142", "5205550142", "+1 520 555 0142"],
)
async def test_search_finds_by_vehicle_seller_vin_and_phone(agent_client: Client, q: str) -> None:
    from domain.listings import search_words

    words = search_words("2019", "Toyota", "Tacoma", "F-150X", "1ABCDEFGH", "José", "Núñez", "+15205550142")
    await make.listing(make="Toyota", model="Tacoma", search=" ".join(words))
    await make.listing(make="Honda", model="Civic", search="honda civic")
    page = (await agent_client.get("/listings", params={"q": q})).text
    assert len(titles(page)) == 1
    assert "Toyota" in titles(page)[0]


async def test_every_word_must_be_found(agent_client: Client) -> None:
    await make.listing(search="toyota tacoma")
    assert titles((await agent_client.get("/listings?q=toyota+civic")).text) == []


@pytest.mark.parametrize("q", ["%", "_", "' OR 1=1 --", "\x00", "%" * 500, "«»", "\ud83d"])
async def test_odd_searches_are_only_searches(agent_client: Client, q: str) -> None:
    await make.listing(search="toyota")
    answer = await agent_client.get(
        "/listings", params={"q": q.encode("utf-8", "surrogatepass").decode("utf-8", "replace")}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("sort", ["newest", "price-low", "price-high", "year", "last-contact"])
async def test_paging_forth_and_back_meets_every_listing_once(
    agent_client: Client, sort: str, monkeypatch: pytest.MonkeyPatch, clock
) -> None:
    monkeypatch.setattr("domain.inventory.PAGE", 4)
    start = datetime(2026, 11, 1, tzinfo=UTC)
    for n in range(11):
        await make.listing(
            year=2010 + n % 3,
            make="Car",
            model=str(n),
            price=None if n % 4 == 0 else 1000_00 + n % 2,
            last_contact_at=None if n % 3 == 0 else start + timedelta(days=n % 2),
            created_at=start + timedelta(minutes=n // 2),
        )
    forth, pages, url = [], [], f"/listings?sort={sort}"
    while url:
        page = (await agent_client.get(url)).text
        pages.append(titles(page))
        forth += titles(page)
        url = link(page, "next") if 'rel="next"' in page else ""
        last = page
    assert [len(each) for each in pages] == [4, 4, 3]
    assert len(forth) == len(set(forth)) == 11
    back = []
    while 'rel="prev"' in last:
        last = (await agent_client.get(link(last, "prev"))).text
        back.insert(0, titles(last))
    assert back == pages[:-1]


async def test_filters_narrow_the_list_and_stay_in_every_address_of_it(
    agent_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.inventory.PAGE", 2)
    for n in range(3):
        await make.listing(source="kijiji", make="Kia", model=str(n), year=2015 + n, price=5000_00 + n)
    await make.listing(source="kijiji", make="Old", model="One", year=2014)
    await make.listing(source="craigslist", make="Other", model="Site", year=2020)
    page = (await agent_client.get("/listings?source=kijiji&year_from=2015&price_to=6000&sort=year")).text
    assert titles(page) == ["2017 Kia 2", "2016 Kia 1"]
    assert [">Kijiji</span>" in page, ">2015 and newer</span>" in page, ">up to $6,000</span>" in page] == [True] * 3
    assert '<option value="kijiji" selected>' in page
    further = link(page, "next")
    assert titles((await agent_client.get(further)).text) == ["2015 Kia 0"]
    for address in (further, *re.findall(r'<a id="view-[a-z-]+" href="([^"]+)"', page)):
        assert "source=kijiji" in address
        assert "year_from=2015" in address
    whole = re.search(r'href="([^"]+)"[^>]*>Take the filters away', page)
    assert whole
    assert titles((await agent_client.get(html.unescape(whole[1]))).text) == ["2020 Other Site", "2017 Kia 2"]
    assert "source=" not in whole[1]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("price_from=cheap", "Price from: “cheap” is not a price."),
        ("year_to=%3Cb%3E", "Year to: “&lt;b&gt;” is not a model year."),
        ("price_from=9000&price_to=5000", "Price from: 9000 is more than 5000. Swap the two."),
    ],
)
async def test_a_filter_that_cannot_be_read_shows_nobody_and_keeps_what_was_typed(
    agent_client: Client, query: str, said: str
) -> None:
    await make.listing()
    answer = await agent_client.get(f"/listings?{query}")
    assert (answer.status_code, titles(answer.text)) == (200, [])
    assert said in answer.text.replace("&#34;", '"')
    name, value = query.split("&")[0].split("=")
    assert f'name="{name}" value="{html.escape(unquote(value))}"' in answer.text
    assert f'aria-invalid="true" aria-describedby="{name}-err"' in answer.text
    assert f'<p id="{name}-err">' in answer.text


async def test_a_filter_of_blanks_is_none(agent_client: Client) -> None:
    await make.listing()
    page = (await agent_client.get("/listings?year_from=+&stage=+&source=%09")).text
    assert len(titles(page)) == 1
    assert "Take the filters away" not in page


@pytest.mark.parametrize(
    "query", ["stage=x", "source=%25", "main_user=nobody", "main_user=%00", "main_user=x", "year_to=9"]
)
async def test_odd_filters_are_only_filters(agent_client: Client, query: str) -> None:
    await make.listing()
    assert (await agent_client.get(f"/listings?{query}")).status_code == 200


async def test_listings_without_a_price_come_last_either_way(agent_client: Client) -> None:
    await make.listing(year=2019, make="No", model="Price", price=None)
    await make.listing(year=2019, make="Cheap", model="One", price=100_00)
    await make.listing(year=2019, make="Dear", model="One", price=900_00)
    low = titles((await agent_client.get("/listings?sort=price-low")).text)
    high = titles((await agent_client.get("/listings?sort=price-high")).text)
    assert low == ["2019 Cheap One", "2019 Dear One", "2019 No Price"]
    assert high == ["2019 Dear One", "2019 Cheap One", "2019 No Price"]


@pytest.mark.parametrize("cursor", ["x", "W10", "e30", "WzEsMl0", "bnVsbA", "=" * 50, "WyJ4IiwgInkiXQ", "é"])
async def test_a_cursor_that_cannot_be_read_is_the_first_page(agent_client: Client, cursor: str) -> None:
    await make.listing(make="First", model="Page")
    for sort in ("newest", "price-low", "year"):
        for name in ("after", "before"):
            answer = await agent_client.get("/listings", params={"sort": sort, name: cursor})
            assert titles(answer.text) == ["2019 First Page"]


async def test_the_inventory_asks_the_database_at_most_eight_times(agent_client: Client, count_queries) -> None:
    for _ in range(12):
        listing = await make.listing()
        await _picture(listing)
    with count_queries() as queries:
        answer = await agent_client.get("/listings?q=&sort=price-low&source=craigslist&year_from=2000&main_user=nobody")
    assert len(titles(answer.text)) == 12
    assert queries.count <= 8, queries.statements


async def test_the_page_of_a_listing_shows_vehicle_seller_dealer_and_team(agent_client: Client) -> None:
    main, gone = await make.user(name="Mia Main"), await make.user(name="Gus Gone", active=False, title="Buyer")
    listing = await make.listing(
        year=2019,
        make="Toyota",
        model="Tacoma",
        description="Runs <b>well</b>",
        main_user=main.id,
        secondary_user=gone.id,
        posted_on=date(2026, 11, 20),
        seller={"first_name": "Dana", "last_name": "Whitfield", "mobile": "+15205550142", "email": "d@x.example"},
    )
    await make.follower(listing, main)
    await PriceChange.insert(PriceChange(listing=listing.id, price=1_890_000))
    page = (await agent_client.get(f"/listings/{listing.id}")).text
    for said in (
        "2019 Toyota Tacoma",
        "$18,900",
        "Posted 20 Nov 2026",
        "4 days",
        "Dana Whitfield",
        "+1 520 555 0142",
        "d@x.example",
        "Mia Main",
        "Gus Gone",
        "no longer active",
        "Harbor Motors",
    ):
        assert said in page
    assert "Runs &lt;b&gt;well&lt;/b&gt;" in page
    assert "<h1>2019 Toyota Tacoma</h1>" in page


async def test_the_page_of_a_listing_asks_the_database_at_most_eight_times(agent_client: Client, count_queries) -> None:
    await plans.seed()
    listing = await make.listing(main_user=agent_client.user.id)
    for _ in range(5):
        await make.message(listing)
    await _picture(listing)
    with count_queries() as queries:
        answer = await agent_client.get(f"/listings/{listing.id}")
    assert answer.status_code == 200
    assert queries.count <= 8, queries.statements


async def test_a_plan_without_messaging_shows_the_history_locked(agent_client: Client) -> None:
    await plans.seed()
    account = await make.account(tier="standard")
    async with await agent_client.signed_in(await make.user(account)) as standard:
        page = (await standard.get(f"/listings/{(await make.listing(account)).id}")).text
    assert "Compare plans" in page
    assert 'id="history"' not in page


async def test_a_number_that_said_stop_says_so(agent_client: Client) -> None:
    listing = await make.listing(seller={"mobile": "+15205550142"})
    assert "Said stop" not in (await agent_client.get(f"/listings/{listing.id}")).text
    await make.opt_out("+15205550142")
    assert "Said stop" in (await agent_client.get(f"/listings/{listing.id}")).text


async def test_support_reads_the_listing_and_is_offered_no_change(client: Client) -> None:
    listing = await make.listing()
    async with await client.signed_in(await make.user(role="support")) as support:
        page = await support.get(f"/listings/{listing.id}")
        assert page.status_code == 200
        assert f"/listings/{listing.id}/stages" not in page.text
        assert (await support.get(f"/listings/{listing.id}/edit")).status_code == 403
        answer = await support.submit(f"/listings/{listing.id}/stages", {"stage": "pass"})
    assert answer.status_code == 403
    assert "Your role does not allow this." in answer.text


async def test_a_vehicle_added_by_hand_is_found_by_search(agent_client: Client) -> None:
    answer = await agent_client.submit(
        "/listings",
        {
            "year": "2018",
            "make": "Ford",
            "model": "F-150",
            "price": "$14,500",
            "mobile": "(520) 555-0143",
            "region": "az",
        },
    )
    assert answer.status_code == 303
    [listing] = await Listing.select()
    assert (listing["price"], listing["make"]) == (1_450_000, "Ford")
    [seller] = await Seller.select()
    assert (seller["mobile"], seller["state"]) == ("+15205550143", "AZ")
    assert titles((await agent_client.get("/listings?q=f150+5550143")).text) == ["2018 Ford F-150"]


async def test_two_vehicles_typed_in_alike_are_two(agent_client: Client) -> None:
    for _ in range(2):
        await agent_client.submit("/listings", {"year": "2018", "make": "Ford", "model": "F-150"})
    assert await Listing.count() == 2


async def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(agent_client: Client) -> None:
    typed = {"year": "19", "make": "Ford", "model": "", "exterior_color": "Blue", "mobile": "12", "region": "AZ"}
    answer = await agent_client.submit("/listings", typed)
    assert answer.status_code == 422
    assert 'id="f-year-err"' in answer.text
    assert 'id="f-model-err"' in answer.text
    assert 'id="f-mobile-err"' in answer.text
    assert 'value="Blue"' in answer.text
    assert not await Listing.exists()


async def test_editing_without_a_change_changes_nothing(agent_client: Client) -> None:
    listing = await make.listing(
        price=1_450_050,
        odometer=12_345,
        posted_on=date(2026, 11, 3),
        description="Line one\n\nLine two",
        seller={"phone": "+15205550144", "postal_code": "85701"},
    )
    before = (await Listing.select().first(), await Seller.select().first())
    page = (await agent_client.get(f"/listings/{listing.id}/edit")).text
    typed = {
        html.unescape(name): html.unescape(value)
        for name, value in re.findall(r'name="([a-z_]+)" type="[a-z]+" value="([^"]*)"', page)
    }
    typed["description"] = html.unescape(re.search(r"<textarea[^>]*>([^<]*)<", page)[1])
    assert typed["price"] == "$14,500.50"
    answer = await agent_client.submit(f"/listings/{listing.id}", typed)
    assert answer.status_code == 303
    after = (await Listing.select().first(), await Seller.select().first())
    for row in (*before, *after):
        for name in ("search", "updated_at", "revision"):
            row.pop(name, None)
    assert after == before


async def test_a_new_price_stays_in_the_price_history(agent_client: Client) -> None:
    listing = await make.listing(price=1_500_000)
    typed = {"year": "2019", "make": "Subaru", "model": "Outback", "price": "14500"}
    await agent_client.submit(f"/listings/{listing.id}", typed)
    row = await Listing.select().first()
    assert (row["price"], row["previous_price"]) == (1_450_000, 1_500_000)
    assert "↓ $500" in (await agent_client.get(f"/listings/{listing.id}")).text


async def _picture(listing: Listing, **values: object) -> Picture:
    defaults = {"url": f"https://ads.example/{listing.id}.jpg", "state": "kept", "sha256": "ab" * 32}
    picture = Picture(listing=listing.id, **{**defaults, **values})
    await Picture.insert(picture)
    return picture


async def test_a_listing_whose_seller_is_unknown_has_its_page_and_its_form(agent_client: Client) -> None:
    listing = await make.listing()
    await Seller.delete().where(Seller.listing == listing.id)
    assert "Unknown seller" in (await agent_client.get(f"/listings/{listing.id}")).text
    assert (await agent_client.get(f"/listings/{listing.id}/edit")).status_code == 200
    assert "Unknown seller" in (await agent_client.get("/listings")).text


async def test_the_page_tells_what_time_it_is_where_the_seller_is(agent_client: Client, clock) -> None:
    clock.freeze(datetime(2026, 11, 24, 21, 7, tzinfo=UTC))
    phoenix = await make.listing(seller={"mobile": "+15205550142"})
    nowhere = await make.listing(seller={"mobile": "+18005550142"})
    assert "2:07 PM where they are" in (await agent_client.get(f"/listings/{phoenix.id}")).text
    assert "where they are" not in (await agent_client.get(f"/listings/{nowhere.id}")).text

"""What of the inventory is shown: filters, and what is typed into them."""

import pytest

from domain import inventory
from domain.batches import choosing
from domain.inventory import NOBODY, Wanted, wanted
from domain.listings import Stage
from tests import make
from tests.sending import shop

CARS: list[dict[str, object]] = [
    {"model": "Cheap", "year": 2012, "price": 4_999_99},
    {"model": "Fair", "year": 2015, "price": 5_000_00},
    {"model": "Good", "year": 2018, "price": 9_000_00, "stage": Stage.SHOWN},
    {"model": "Dear", "year": 2021, "price": 9_000_01},
    {"model": "Secret", "year": 2018, "price": None},
]


async def models(account, asked: Wanted, **more) -> list[str]:
    return sorted(row["model"] for row in (await inventory.page(account, asked, **more)).rows)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ({}, ["Cheap", "Dear", "Fair", "Good", "Secret"]),
        ({"price_from": "5000"}, ["Dear", "Fair", "Good"]),
        ({"price_to": "$9,000"}, ["Cheap", "Fair", "Good"]),
        ({"price_from": "5k", "price_to": "9k"}, ["Fair", "Good"]),
        ({"price_from": "9000", "price_to": "9000"}, ["Good"]),
        ({"year_from": "2018"}, ["Dear", "Good", "Secret"]),
        ({"year_to": "2015"}, ["Cheap", "Fair"]),
        ({"year_from": " 2015 ", "year_to": "2018", "price_to": "8000"}, ["Fair"]),
        ({"stage": "shown"}, ["Good"]),
        ({"view": "not-contacted", "stage": "shown"}, []),
        ({"view": "appointed", "stage": "shown"}, ["Good"]),
        ({"stage": "sold"}, []),
        ({"main_user": NOBODY}, ["Cheap", "Dear", "Fair", "Good", "Secret"]),
        ({"main_user": "drop table"}, []),
        ({"source": "nowhere"}, []),
        ({"q": "fair", "year_from": "2015"}, ["Fair"]),
    ],
)
async def test_each_filter_narrows_and_all_hold_together(house, typed: dict[str, str], found: list[str]) -> None:
    account = await make.account()
    source = await make.source(account=account)
    for car in CARS:
        await make.listing(account=account, source=source, search=str(car["model"]).lower(), **car)
    asked, problems = wanted(typed)
    assert problems == []
    assert await models(account.id, asked) == found
    assert await inventory.count_matching(account.id, asked) == len(found)
    assert len(await inventory.all_matching(account.id, asked, 100)) == len(found)
    assert asked.whole_view == (not typed)


async def test_a_source_and_a_main_user_are_those_of_the_account(house) -> None:
    account, other = await make.account(), await make.account()
    mine = await make.source(account=account, slug="kijiji", name="Kijiji")
    also = await make.source(account=account, slug="own-site", name="Own site")
    theirs = await make.source(account=other, slug="kijiji", name="Kijiji")
    ada = await make.user(account=account, name="Ada")
    gus = await make.user(account=account, name="Gus", active=False)
    await make.user(account=account, name="Gone", active=False)
    await make.listing(account=account, source=mine, model="Ada’s", main_user=ada)
    await make.listing(account=account, source=also, model="Gus’", main_user=gus)
    await make.listing(account=account, source=also, model="Free")
    await make.listing(account=other, source=theirs, model="Foreign", main_user=ada)
    assert await models(account.id, Wanted(source="kijiji")) == ["Ada’s"]
    assert await models(account.id, Wanted(source="own-site")) == ["Free", "Gus’"]
    assert await models(account.id, Wanted(main_user=str(ada.id))) == ["Ada’s"]
    assert await models(account.id, Wanted(source="own-site", main_user=NOBODY)) == ["Free"]
    choices = await inventory.choices(account.id)
    assert choices.sources == [("kijiji", "Kijiji"), ("own-site", "Own site")]
    assert choices.people == [(str(ada.id), "Ada"), (str(gus.id), "Gus")], "who left and still has cars is offered"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"price_from": "cheap"}, "“cheap” is not a price."),
        ({"price_to": "call"}, "“call” is not a price."),
        ({"year_from": "18"}, "“18” may be two different years."),
        ({"year_to": "20l8"}, "“20l8” is not a model year."),
        ({"price_from": "9k", "price_to": "5k"}, "9k is more than 5k. Swap the two."),
        ({"year_from": "2020", "year_to": "2010"}, "2020 is more than 2010. Swap the two."),
    ],
)
def test_an_end_that_cannot_be_read_is_named_and_is_not_no_end(typed: dict[str, str], said: str) -> None:
    _, [problem] = wanted(typed)
    assert problem.message.startswith(said)


async def test_a_batch_goes_to_those_that_pass_the_filters_alone(house) -> None:
    account = (await shop()).account
    manager = await make.user(account, role="manager")
    for car in CARS:
        await make.listing(account, search="kia", **car)
    batch = await choosing.choose_all(account, manager, wanted({"q": "kia", "price_to": "5000"})[0])
    assert batch.size == 2

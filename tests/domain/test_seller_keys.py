"""By what a seller is known again: two spellings of one are equal, two sellers are not."""

import importlib

import pytest

from domain import seller_keys, sellers
from domain.sellers import Seller
from tests import make


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("12 N. Oak Street, Apt. 4", "Tucson", "AZ"), ("12 north oak st #4", "TUCSON", "Arizona")),
        (("12 Oak St,Unit 4-B", "St. Louis", "mo"), ("12 Oak Street 4B", "Saint Louis", "Missouri")),
        (("12 N.W. Fifth Avenue", "Bend", "OR"), ("12 North West 5th Ave", "bend", "oregon")),
        (("P.O. Box 77", "Québec", "QC"), ("PO Box 77", "Quebec", "Québec")),
        (("7 O’Brien Blvd", "Ft. Worth", "TX"), ("7 OBRIEN BOULEVARD", "Fort Worth", "tx")),
        (("100 E Speedway Blvd Suite 200", "Tucson", "AZ"), ("100 East Speedway Boulevard Ste. 200", "Tucson", "AZ")),
        (("1, rue Sainte-Anne", "Montréal", "QC"), ("1 rue Ste-Anne", "Montreal", "qc")),
        (("5 Mountain  Parkway", "Vail", "CO"), ("5 Mtn Pkwy.", " vail ", "Co")),
    ],
)
def test_two_spellings_of_an_address_are_one(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert seller_keys.address_key(*one) == seller_keys.address_key(*other) != ""


@pytest.mark.parametrize(
    "other",
    [
        ("12 N Oak St Apt 5", "Tucson", "AZ"),
        ("12 N Oak St", "Tucson", "AZ"),
        ("12 S Oak St Apt 4", "Tucson", "AZ"),
        ("12 Oak St Apt 4", "Tucson", "AZ"),
        ("12 N Oak Ave Apt 4", "Tucson", "AZ"),
        ("124 N Oak St", "Tucson", "AZ"),
        ("12 N Oak St Apt 4", "Mesa", "AZ"),
        ("12 N Oak St Apt 4", "Tucson", "AR"),
        ("4-12 N Oak St", "Tucson", "AZ"),
    ],
)
def test_another_door_is_another_address(other: tuple[str, str, str]) -> None:
    assert seller_keys.address_key("12 N Oak St Apt 4", "Tucson", "AZ") != seller_keys.address_key(*other)


@pytest.mark.parametrize(
    "partly",
    [
        ("", "Tucson", "AZ"),
        ("12 Oak St", "", "AZ"),
        ("12 Oak St", "Tucson", ""),
        ("Oak Street", "Tucson", "AZ"),
        ("5th Avenue", "Tucson", "AZ"),
        ("—", "Tucson", "AZ"),
    ],
)
def test_half_an_address_is_none(partly: tuple[str, str, str]) -> None:
    assert seller_keys.address_key(*partly) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Zoë", "O’Neil-Smith"), ("ZOE", "ONeil Smith")),
        (("Mary Ann", "Whitfield"), ("Mary-Ann", "whitfield ")),
        (("JOSÉ", "Muñoz"), ("Jose\u0301", "Munoz")),
        (("Jürgen", "Groß"), ("Jurgen", "Gross")),
    ],
)
def test_two_spellings_of_a_name_are_one(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert seller_keys.name_key(*one) == seller_keys.name_key(*other) != ""


@pytest.mark.parametrize("partly", [("Dana", ""), ("", "Whitfield"), ("Dana", "W."), ("D", "Whitfield"), ("—", "Lee")])
def test_half_a_name_is_none(partly: tuple[str, str]) -> None:
    assert seller_keys.name_key(*partly) == ""


def test_a_name_of_two_chinese_characters_is_whole() -> None:
    assert seller_keys.name_key("明", "李") == "明 李"


def test_first_and_last_name_are_not_confused() -> None:
    assert seller_keys.name_key("Dana", "Lee") != seller_keys.name_key("Danal", "Ee")


def test_the_keys_of_a_seller_are_both() -> None:
    keys = sellers.keys("Dana", "Whitfield", "12 Oak St", "Tucson", "AZ")
    assert keys == {"name_key": "dana whitfield", "address_key": "12 oak st|tucson|az"}
    assert sellers.keys("Dana", "", "12 Oak St", "", "AZ") == {"name_key": "", "address_key": ""}


async def test_sellers_of_an_older_version_get_their_keys(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    migration = importlib.import_module("migrations.domain_2026_11_22t06_30_00_000000")
    monkeypatch.setattr(migration, "AT_ONCE", 2)
    people = [{"first_name": "Dana", "last_name": f"Lee{n}", "street": f"{n} Oak Street"} for n in range(5)]
    listings = [await make.listing(seller=person) for person in people]
    await Seller.update({Seller.name_key: "", Seller.address_key: ""}, force=True)
    await migration.fill()
    for n, listing in enumerate(listings):
        seller = await make.seller_of(listing)
        assert (seller.name_key, seller.address_key) == (f"dana lee{n}", f"{n} oak st|tucson|az")

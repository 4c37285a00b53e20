"""From a wording to the exact text that leaves, and what each wildcard stands for on a vehicle page."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from domain import wildcards, wordings
from domain.accounts import Account
from domain.appointments import Next
from domain.ids import new
from domain.listings import Listing
from domain.sellers import Seller
from domain.users import User

ACCOUNT = Account(
    slug="harbor",
    name="Harbor Motors",
    phone="+15205550100",
    website="https://harbor.example",
    street="4820 E Speedway Blvd",
    city="Tucson",
    state="AZ",
    postal_code="85712",
    timezone="America/Phoenix",
)
USER = User(account=ACCOUNT.id, email="luis@harbor.example", name="Luis Ortega", title="Buyer", phone="+15205550142")


def listing(**values) -> Listing:
    defaults = {"year": 2019, "make": "Subaru", "model": "Outback", "trim": "Premium", "odometer": 48_210}
    return Listing(account=ACCOUNT.id, source=new(), external_id="1", **{**defaults, "price": 1_890_000, **values})


def values(account: Account = ACCOUNT, seller: dict | None = None, **of_listing) -> dict[str, str]:
    vehicle = listing(**of_listing)
    person = Seller(account=account.id, listing=vehicle.id, **(seller or {}))
    return wordings.values(vehicle, person, "Craigslist", account, USER)


def test_every_wildcard_has_a_word_for_it_known_or_empty():
    assert set(values()) == set(wildcards.WILDCARDS)
    assert all(isinstance(value, str) for value in values(year=None, price=None, odometer=None).values())


def test_values_read_as_people_write_them(clock):
    clock.set(datetime(2026, 11, 25, 5, tzinfo=UTC))  # still the 24th in Phoenix
    said = values(posted_on=date(2026, 11, 12), previous_price=1_950_050)
    assert said["vehicle.title"] == "2019 Subaru Outback"
    assert said["vehicle.odometer"] == "48,210 miles"
    assert (said["listing.price"], said["listing.previous_price"]) == ("$18,900", "$19,500.50")
    assert (said["listing.posted"], said["listing.days_online"]) == ("November 12", "12")
    assert said["today"] == "November 24, 2026"
    assert (said["agent.first_name"], said["agent.phone"]) == ("Luis", "+1 520 555 0142")
    assert said["dealer.address"] == "4820 E Speedway Blvd, Tucson AZ 85712"


def test_a_canadian_dealership_counts_kilometres():
    canadian = Account(slug="n", name="Nord", country="CA", currency="CAD")
    assert values(canadian)["vehicle.odometer"] == "48,210 km"


def test_what_is_not_known_is_empty_and_never_a_wrong_number(clock):
    said = values(odometer=None, price=None, posted_on=date(2026, 12, 24))
    assert (said["vehicle.odometer"], said["listing.price"], said["listing.days_online"]) == ("", "", "")


def test_a_missing_value_is_named_and_its_token_stays_as_typed():
    rendered = wordings.render("The {{vehicle.trim}} and {{ Vehicle.Color }}?", values(trim="", color=""))
    assert rendered.body == "The {{vehicle.trim}} and {{ Vehicle.Color }}?"
    assert rendered.missing == ("vehicle.trim", "vehicle.color")
    assert [rendered.body[hole.start : hole.end] for hole in rendered.holes] == [
        "{{vehicle.trim}}",
        "{{ Vehicle.Color }}",
    ]


def test_the_cost_is_that_of_the_final_words():
    rendered = wordings.render("{{seller.first_name}}", values(seller={"first_name": "Łukasz"}))
    assert (rendered.cost.encoding, rendered.cost.characters) == ("UCS-2", 6)


pieces = some.lists(
    some.one_of(
        some.sampled_from([wildcard.markup for wildcard in wildcards.WILDCARDS.values()]),
        some.sampled_from(
            [
                "{{ Seller.City|town}}",
                "{{nobody.knows}}",
                "{{",
                "}}",
                "\uff5b\uff5bvehicle.make\uff5d\uff5d",
                " ",
                ":car:",
            ]
        ),
        some.text(max_size=5),
    ),
    max_size=8,
).map("".join)


@given(pieces, pieces, some.sampled_from(list(wordings.LONGEST)), some.booleans())
@example("\uff5b\uff5bvehicle.make\uff5d\uff5d", "", "text", True)  # made plain it is a wildcard
def test_words_need_no_values_but_those_they_ask_for(wording, subject, channel, plain):
    known = values(seller={"first_name": "“Dana”", "city": "Tucson"}, color="½ red")
    asked = wordings.tokens(channel, subject, wording, plain=plain)
    few = {token: known[token] for token in asked if token in known}
    letters = [wordings.compose(channel, subject, wording, given, plain=plain) for given in (known, few)]
    assert letters[0] == letters[1]
    assert set(letters[0].missing) <= set(asked)


def test_a_row_says_what_the_vehicle_page_says_of_all_wildcards_or_of_some(clock):
    vehicle = listing(posted_on=date(2026, 11, 12), url="https://cars.example/1", vin="4S4BSANC5K3000000")
    person = Seller(account=ACCOUNT.id, listing=vehicle.id, first_name="Dana", city="Tucson")
    following = Next(datetime(2026, 11, 25, 17, tzinfo=UTC), "America/Phoenix", "at the lot")
    row = {name: getattr(vehicle, name) for name in wordings.OF_LISTING}
    row |= {name: getattr(person, name) or None for name in wordings.OF_SELLER}  # NULL where nobody is known
    row |= {
        "source_name": "Kijiji",
        "next_at": following.at,
        "next_zone": following.zone,
        "next_place": following.place,
    }
    page = wordings.values(vehicle, person, "Kijiji", ACCOUNT, USER, following)
    ours = wordings.ours(ACCOUNT, USER)
    assert wordings.of_row(row, ACCOUNT, ours) == page
    assert (page["appointment.date"], page["appointment.time"]) == ("Wednesday, Nov 25", "10:00 AM")
    for token in wildcards.WILDCARDS:
        assert wordings.of_row(row, ACCOUNT, ours, (token, "nobody.knows")) == {token: page[token]}


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
def test_lines_end_in_one_way_and_nothing_hangs_over(ending):
    assert wordings.render(f"  one{ending}{ending}two {ending}", {}).body == "one\n\ntwo"


@given(some.text(max_size=300), some.booleans())
@example("0\r\x1b", True)
def test_rendering_what_was_rendered_changes_nothing(wording, plain):
    """The window shows the final text, and what it sends back is rendered again."""
    first = wordings.render(wording, {}, plain=plain)
    again = wordings.render(first.body, {}, plain=plain)
    assert again.body == first.body
    assert first.body.encode().decode() == first.body
    assert "\0" not in first.body


@pytest.mark.parametrize(
    ("cents", "currency", "shown"),
    [
        (1_890_000, "USD", "$18,900"),
        (99, "CAD", "$0.99"),
        (5, "USD", "$0.05"),
        (None, "USD", ""),
        (100, "EUR", "EUR 1"),
    ],
)
def test_money_shows_cents_only_where_there_are_any(cents, currency, shown):
    assert wordings.money(cents, currency) == shown

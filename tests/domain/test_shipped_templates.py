import re
from uuid import UUID

import pytest

from domain import text, wildcards
from domain.shipped_templates import PURPOSES, SHIPPED, Shipped

FULL = {token: wildcard.example for token, wildcard in wildcards.WILDCARDS.items()}
SPARSE = {
    "vehicle.year": "2009",
    "vehicle.make": "Kia",
    "vehicle.model": "Rio",
    "vehicle.title": "2009 Kia Rio",
    "dealer.name": "Ace Cars",
    "agent.first_name": "Jo",
}
LONG = FULL | {
    "seller.first_name": "Maria-Magdalena",
    "vehicle.title": "2022 Mercedes-Benz Sprinter Cargo Van 2500",
    "listing.source": "Facebook Marketplace",
    "listing.price": "$114,995.50",
    "dealer.name": "Bannister Pre-Owned Superstore of Vernon",
    "agent.first_name": "Christopher",
    "appointment.date": "Wednesday, September 24",
    "appointment.time": "11:30 AM",
    "appointment.place": "12045 West Jefferson Boulevard, Los Angeles CA 90066",
}

each = pytest.mark.parametrize("shipped", SHIPPED, ids=lambda shipped: shipped.name)


def test_every_purpose_has_a_template_in_the_order_of_the_purposes() -> None:
    assert list(dict.fromkeys(shipped.purpose for shipped in SHIPPED)) == list(PURPOSES)
    assert sum(shipped.purpose == "initial" for shipped in SHIPPED) == 2


def test_ids_and_names_are_unique() -> None:
    assert len({shipped.id for shipped in SHIPPED}) == len(SHIPPED)
    assert len({shipped.name.lower() for shipped in SHIPPED}) == len(SHIPPED)


def test_the_ids_never_change() -> None:
    # An installation knows its templates by these: a new id would be a second template beside the old one.
    assert SHIPPED[0].id == UUID("fde85bf1-7b30-47ae-949d-b63cae410cf6")
    assert SHIPPED[-1].id == UUID("09cda4bc-0f24-4e1a-8932-c85537da4523")


@each
def test_it_can_be_saved_as_it_is(shipped: Shipped) -> None:
    assert shipped.type == "text"
    assert wildcards.problems(shipped.body) == []
    assert shipped.body == text.plain(shipped.body).strip()


@each
def test_everyday_values_fit_one_segment(shipped: Shipped) -> None:
    filled = wildcards.fill(shipped.body, FULL)
    cost = text.measure(filled.body)
    assert filled.complete
    assert (cost.encoding, cost.segments) == ("GSM-7", 1), f"{cost.units} units: {filled.body}"


@each
def test_what_goes_out_in_batches_has_room_for_the_opt_out_line(shipped: Shipped) -> None:
    if shipped.purpose.startswith(("initial", "follow_up", "non_responder")):
        filled = wildcards.fill(shipped.body, FULL)
        assert text.measure(filled.body + "\nReply STOP to opt out").segments == 1


@each
def test_long_values_fit_two_segments(shipped: Shipped) -> None:
    filled = wildcards.fill(shipped.body, LONG)
    cost = text.measure(filled.body)
    assert filled.complete
    assert cost.encoding == "GSM-7"
    assert cost.segments <= 2, f"{cost.units} units: {filled.body}"


@each
def test_a_sparse_listing_is_enough_unless_it_speaks_of_an_appointment(shipped: Shipped) -> None:
    filled = wildcards.fill(shipped.body, SPARSE)
    if shipped.purpose in ("appointment_confirm", "appointment_remind"):
        assert filled.missing == ("appointment.date", "appointment.time")
    else:
        assert filled.complete
        assert filled.body.startswith("Hi there, ")
        assert "2009 Kia Rio" in filled.body


@each
def test_it_ends_with_its_one_question(shipped: Shipped) -> None:
    if shipped.purpose == "thanks":
        assert "?" not in shipped.body
    else:
        assert shipped.body.count("?") == 1
        assert shipped.body.endswith("?")


@each
def test_it_is_quiet_and_leaves_the_opt_out_line_to_the_sender(shipped: Shipped) -> None:
    assert not re.search(r"!|STOP|[A-Z]{3}|\b(free|best|top dollar|guarantee|now|today|hurry)\b", shipped.body)


def test_a_first_text_says_who_writes_and_that_it_is_a_dealership() -> None:
    for shipped in SHIPPED:
        if shipped.purpose == "initial":
            assert {"agent.first_name", "dealer.name", "vehicle.title"} <= set(wildcards.tokens(shipped.body))
            assert "dealership" in shipped.body

"""The wordings that come with Lotwire: complete, honest, short, and right with the values of any listing."""

import re
from uuid import UUID

import pytest

from domain import text, wildcards
from domain.message_templates import checking
from domain.message_templates.tables import TYPES
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
TEXTS = [shipped for shipped in SHIPPED if shipped.type == "text"]
EMAILS = [shipped for shipped in SHIPPED if shipped.type == "email"]
CHATS = [shipped for shipped in SHIPPED if shipped.type in ("facebook", "kijiji")]
FORMS = [shipped for shipped in SHIPPED if shipped.type == "form"]


def _named(shipped: Shipped) -> str:
    return f"{shipped.type}: {shipped.name}"


each = pytest.mark.parametrize("shipped", SHIPPED, ids=_named)
each_text = pytest.mark.parametrize("shipped", TEXTS, ids=_named)
each_form = pytest.mark.parametrize("shipped", FORMS, ids=_named)
each_email = pytest.mark.parametrize("shipped", EMAILS, ids=_named)


@pytest.mark.parametrize("kind", TYPES)
def test_every_purpose_has_a_template_in_the_order_of_the_purposes(kind: str) -> None:
    ones = [shipped for shipped in SHIPPED if shipped.type == kind]
    assert list(dict.fromkeys(shipped.purpose for shipped in ones)) == list(PURPOSES)
    assert sum(shipped.purpose == "initial" for shipped in ones) == 2


def test_there_are_no_others() -> None:
    assert {shipped.type for shipped in SHIPPED} == set(TYPES)


def test_ids_are_unique_and_so_are_the_names_of_a_type() -> None:
    assert len({shipped.id for shipped in SHIPPED}) == len(SHIPPED)
    assert len({(shipped.type, shipped.name.lower()) for shipped in SHIPPED}) == len(SHIPPED)


def test_the_ids_never_change() -> None:
    # An installation knows its templates by these: a new id would be a second template beside the old one.
    assert TEXTS[0].id == UUID("fde85bf1-7b30-47ae-949d-b63cae410cf6")
    assert TEXTS[-1].id == UUID("09cda4bc-0f24-4e1a-8932-c85537da4523")
    assert EMAILS[0].id == UUID("e544391f-f8ea-4d14-b822-9007ca36b039")
    assert EMAILS[-1].id == UUID("ea02baec-78f5-4548-b696-9fd028242c5e")
    assert CHATS[0].id == UUID("82217b47-9091-4031-ac6b-96c9205bdc18")
    assert CHATS[-1].id == UUID("fca66a72-732c-4926-a138-d3ecada85c29")
    assert FORMS[0].id == UUID("54bd035e-4d56-48a2-a332-8141e7ce53a2")
    assert FORMS[-1].id == UUID("75fbb351-398d-4f10-a0de-77c06f1865d0")


@each
def test_it_can_be_saved_as_it_is(shipped: Shipped) -> None:
    typed = checking.Typed(shipped.type, "local", shipped.purpose, shipped.name, shipped.body, shipped.subject)
    assert checking.cleaned(typed) == typed
    assert list(checking.wrong(typed)) == []
    assert shipped.body == text.plain(shipped.body).strip()


@each_text
def test_everyday_values_fit_one_segment(shipped: Shipped) -> None:
    filled = wildcards.fill(shipped.body, FULL)
    cost = text.measure(filled.body)
    assert filled.complete
    assert (cost.encoding, cost.segments) == ("GSM-7", 1), f"{cost.units} units: {filled.body}"


@each_text
def test_what_goes_out_in_batches_has_room_for_the_opt_out_line(shipped: Shipped) -> None:
    if shipped.purpose.startswith(("initial", "follow_up", "non_responder")):
        filled = wildcards.fill(shipped.body, FULL)
        assert text.measure(filled.body + "\nReply STOP to opt out").segments == 1


@each_text
def test_long_values_fit_two_segments(shipped: Shipped) -> None:
    filled = wildcards.fill(shipped.body, LONG)
    cost = text.measure(filled.body)
    assert filled.complete
    assert cost.encoding == "GSM-7"
    assert cost.segments <= 2, f"{cost.units} units: {filled.body}"


@each
def test_a_sparse_listing_is_enough_unless_it_speaks_of_an_appointment(shipped: Shipped) -> None:
    filled = wildcards.fill(f"{shipped.subject}\n{shipped.body}".strip(), SPARSE)
    if shipped.purpose in ("appointment_confirm", "appointment_remind"):
        assert filled.missing == ("appointment.date", "appointment.time")
    else:
        assert filled.complete
        assert "Hi there, " in filled.body or "Hi there,\n" in filled.body
        assert "2009 Kia Rio" in filled.body


@each
def test_it_asks_one_question_and_asks_it_last(shipped: Shipped) -> None:
    body = shipped.body
    if shipped.type == "email":
        body, _, goodbye = body.rpartition("\n\n")
        assert re.fullmatch(r"(Thank you|Kind regards|All the best),\n{{agent\.first_name}}", goodbye)
    if shipped.purpose == "thanks":
        assert "?" not in body
    else:
        assert body.count("?") == 1
        assert body.endswith("?")


@each
def test_it_is_quiet_and_leaves_the_opt_out_line_to_the_sender(shipped: Shipped) -> None:
    words = f"{shipped.subject} {shipped.body}".replace("your ID", "")
    assert not re.search(r"!|STOP|[A-Z]{2}|\b(free|best price|top dollar|guarantee|now|hurry)\b", words)


@each
def test_a_first_message_says_who_writes_and_that_it_is_a_dealership(shipped: Shipped) -> None:
    if shipped.purpose == "initial":
        assert {"agent.first_name", "dealer.name", "vehicle.title"} <= set(wildcards.tokens(shipped.body))
        assert "dealership" in shipped.body


@each
def test_every_message_names_the_dealership_or_its_agent(shipped: Shipped) -> None:
    replies = ("reply_details", "reply_photos", "reply_offer", "appointment_confirm")
    if shipped.type in ("email", "form") or shipped.purpose not in replies:
        assert "dealer.name" in wildcards.tokens(shipped.body)


@each
def test_a_first_message_says_how_to_end_it_where_no_line_does(shipped: Shipped) -> None:
    if shipped.purpose == "initial" and shipped.type != "text":
        assert "I will not write again" in shipped.body


@each_email
def test_a_subject_is_short_and_says_what_the_email_is_about(shipped: Shipped) -> None:
    subject = wildcards.fill(shipped.subject, FULL).body
    assert len(subject) <= 60  # what a phone shows of it
    assert subject == text.plain(subject)
    assert not subject.lower().startswith(("re:", "fw"))
    assert bool(subject) == (shipped != EMAILS[0])  # the default subject suits a first hello
    assert "\n" not in subject


@each_email
def test_an_email_is_read_in_half_a_minute(shipped: Shipped) -> None:
    assert 25 <= len(wildcards.fill(shipped.body, FULL).body.split()) <= 110


@pytest.mark.parametrize("shipped", [*CHATS, *FORMS], ids=_named)
def test_what_is_typed_into_a_small_field_is_short_and_in_one_piece(shipped: Shipped) -> None:
    filled = wildcards.fill(shipped.body, FULL)
    assert filled.complete
    assert len(filled.body) <= 320
    assert "\n" not in filled.body
    assert len(wildcards.fill(shipped.body, LONG).body) <= 500


@each_form
def test_a_form_stands_alone_and_says_who_writes(shipped: Shipped) -> None:
    assert {"agent.first_name", "dealer.name"} <= set(wildcards.tokens(shipped.body))

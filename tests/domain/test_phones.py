import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import phones
from domain.errors import Refused


@pytest.mark.parametrize(
    "raw",
    [
        "520 555 0117",
        "(520) 555-0117",
        "520.555.0117",
        "1 520 555 0117",
        "+1 520-555-0117",
        "tel:+1-520-555-0117",
        "tel:520-555-0117;phone-context=+1",
        "520-555-0117 x3",
        "+1 (520) 555-0117 ext. 4",
        "５２０ ５５５ ０１１７",
        "520\u2011555\u20110117",
        "\u202a+1 520 555 0117\u202c",
        "Cell: 520 555 0117",
    ],
)
def test_however_a_person_types_a_number_it_is_kept_as_e164(raw: str) -> None:
    assert phones.parse(raw, "US") == "+15205550117"


def test_letters_on_the_keypad_are_digits() -> None:
    assert phones.parse("1-800-FLOWERS", "US") == "+18003569377"


def test_the_country_is_only_assumed_when_none_is_given() -> None:
    assert phones.parse("020 7946 0018", "GB") == "+442079460018"
    assert phones.parse("+44 20 7946 0018", "US") == "+442079460018"
    assert phones.parse("011 44 20 7946 0018", "CA") == "+442079460018"


def test_a_number_nobody_was_given_is_kept_for_the_gate_to_judge() -> None:
    assert phones.parse("123 456 7890", "US") == "+11234567890"
    assert not phones.is_valid("+11234567890")
    assert phones.is_valid("+15205550117")


@pytest.mark.parametrize("raw", ["55-12", "911", "555 0117", "520 555 0117 0118 0119", "Dana", "no phone, text only"])
def test_what_cannot_be_a_number_is_refused_with_what_was_typed(raw: str) -> None:
    with pytest.raises(Refused) as refused:
        phones.parse(raw, "US")
    assert refused.value.message == f"“{raw}” is not a phone number in the United States. Give all ten digits."
    assert refused.value.code == "phone_invalid"
    assert refused.value.field == "phone"


def test_the_refusal_belongs_to_the_field_the_number_was_typed_into() -> None:
    with pytest.raises(Refused) as refused:
        phones.parse("55-12", "US", field="mobile")
    assert refused.value.field == "mobile"


@pytest.mark.parametrize(
    ("raw", "country", "sentence"),
    [
        ("55-12", "CA", "“55-12” is not a phone number in Canada. Give all ten digits."),
        ("+1 520", "US", "“+1 520” is not a phone number. Check the country code and give every digit after it."),
        ("12", "GB", "“12” is not a phone number in GB. Give all its digits."),
        ("", "US", "Give a phone number."),
        (" \n\t", "US", "Give a phone number."),
        ("55\n12\x00", "US", "“55 12” is not a phone number in the United States. Give all ten digits."),
        ("5" * 300, "US", f"“{'5' * 40}…” is not a phone number in the United States. Give all ten digits."),
    ],
)
def test_the_refusal_fits_what_was_typed(raw: str, country: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        phones.parse(raw, country)
    assert refused.value.message == sentence


@given(st.text(max_size=40), st.sampled_from(["US", "CA"]))
def test_any_text_is_either_a_number_or_refused(raw: str, country: str) -> None:
    try:
        e164 = phones.parse(raw, country)
    except Refused:
        return
    assert e164[0] == "+"
    assert e164[1:].isdecimal()
    assert e164.isascii()
    assert phones.parse(phones.shown(e164), country) == e164


def test_a_number_is_shown_with_its_country_code_and_spaces() -> None:
    assert phones.shown("+15205550117") == "+1 520 555 0117"
    assert phones.shown("+442079460018") == "+44 20 7946 0018"
    assert phones.shown("not a number") == "not a number"


def test_what_is_no_number_is_not_valid() -> None:
    assert not phones.is_valid("")
    assert not phones.is_valid("520 555 0117")  # no country code: not E.164


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+15205550142", "America/Phoenix"),
        ("+16045550142", "America/Vancouver"),
        ("+18005550142", ""),
        ("+447911123456", ""),
        ("nonsense", ""),
    ],
)
def test_an_area_code_tells_the_time_zone_where_it_has_one(number: str, zone: str) -> None:
    assert phones.timezone(number) == zone


@given(st.integers(200, 999), st.integers(200, 999), st.integers(0, 9999))
def test_the_last_four_digits_of_a_north_american_number_decide_nothing(area: int, exchange: int, line: int) -> None:
    number = f"+1{area}{exchange}{line:04}"
    parsed = phonenumbers.parse(number)
    assert phones.is_valid(number) == phonenumbers.is_valid_number(parsed)


def test_every_exchange_of_an_area_is_valid_or_not_as_a_whole() -> None:
    for area in (205, 505, 520, 730, 587, 684, 900):
        for exchange in range(200, 1000, 7):
            valid = {
                phonenumbers.is_valid_number(phonenumbers.parse(f"+1{area}{exchange:03}{line}"))
                for line in ("0000", "0117", "4321", "9999")
            }
            assert len(valid) == 1, (area, exchange)


@pytest.mark.parametrize(
    ("number", "landline"),
    [
        ("+442079460018", True),
        ("+447400123456", False),
        ("+15205550117", False),  # nobody but a carrier knows
        ("nonsense", False),
    ],
)
def test_a_landline_is_known_where_the_numbering_plan_tells_them_apart(number: str, landline: bool) -> None:
    assert phones.is_landline(number) is landline

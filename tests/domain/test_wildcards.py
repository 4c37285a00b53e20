import random
import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.wildcards import LONGEST_VALUE, WILDCARDS, fill, problems, tokens

TOKEN = re.compile(r"\{\{.*?\}\}", re.DOTALL)

names = st.sampled_from(sorted(WILDCARDS))
raw_values = st.one_of(
    st.text(max_size=100),
    st.sampled_from(["", " ", "\n", "\u200b", "\u00a0\u200d", "{{dealer.name}}", "}}", "{{", "{", "a\r\nb", "x" * 200]),
)
valued = st.dictionaries(names, raw_values)
literal = st.text(alphabet=st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=30)


@st.composite
def slots(draw: st.DrawFn) -> str:
    name = draw(names)
    space = draw(st.sampled_from(["", " "]))
    fallback = draw(st.sampled_from(["", "|", "| ", "|there", "|your car", "|a|b", "|\u200b"]))
    return "{{" + space + draw(st.sampled_from([name, name.title()])) + space + fallback + "}}"


wordings = st.lists(st.one_of(literal, slots()), max_size=12).map("".join)


def test_a_wording_is_filled_in() -> None:
    filled = fill(
        "Hi {{seller.first_name}}, is the {{vehicle.make}} still for sale?",
        {"seller.first_name": "Dana", "vehicle.make": "Honda"},
    )
    assert filled.body == "Hi Dana, is the Honda still for sale?"
    assert filled.used == ("seller.first_name", "vehicle.make")
    assert filled.missing == filled.fallbacks == filled.holes == ()
    assert filled.complete
    assert [filled.body[span.start : span.end] for span in filled.spans] == ["Dana", "Honda"]
    assert [span.token for span in filled.spans] == ["seller.first_name", "vehicle.make"]


def test_a_missing_value_leaves_its_token_standing_and_is_named_once() -> None:
    filled = fill(
        "Was {{listing.previous_price}}, yes {{ Listing.Previous_Price }}, {{vehicle.make}}", {"vehicle.make": " "}
    )
    assert filled.body == "Was {{listing.previous_price}}, yes {{ Listing.Previous_Price }}, {{vehicle.make}}"
    assert filled.missing == ("listing.previous_price", "vehicle.make")
    assert [filled.body[hole.start : hole.end] for hole in filled.holes] == [
        "{{listing.previous_price}}",
        "{{ Listing.Previous_Price }}",
        "{{vehicle.make}}",
    ]
    assert not filled.complete


def test_a_fallback_stands_in_for_a_missing_value_only() -> None:
    body = "In {{seller.city|your area}}"
    assert fill(body, {"seller.city": "Tucson"}).body == "In Tucson"
    assert fill(body, {"seller.city": "Tucson"}).fallbacks == ()
    assert fill(body, {}).body == "In your area"
    assert fill(body, {}).fallbacks == ("seller.city",)


def test_an_empty_fallback_is_none() -> None:
    assert fill("{{seller.city|}}{{seller.city| }}", {}).missing == ("seller.city",)
    assert fill("{{seller.first_name|}}", {}).body == "there"


def test_a_seller_without_a_name_is_there_and_a_vehicle_without_a_title_a_vehicle() -> None:
    filled = fill("{{seller.name}} {{seller.first_name}} {{seller.first_name|neighbor}} {{vehicle.title}}", {})
    assert filled.body == "there there neighbor vehicle"
    assert filled.fallbacks == ("seller.name", "seller.first_name", "vehicle.title")


def test_capitals_and_spaces_inside_the_braces_do_not_matter() -> None:
    assert fill("{{ Vehicle.Make }}", {"vehicle.make": "Honda"}).body == "Honda"
    assert tokens("{{ Vehicle.Make | car }}{{vehicle.make}} {{nonsense}}") == ("vehicle.make", "nonsense")


def test_an_unknown_token_is_missing_whatever_its_fallback() -> None:
    filled = fill("{{vehicle.colour|red}}", {"vehicle.colour": "blue", "vehicle.color": "blue"})
    assert filled.body == "{{vehicle.colour|red}}"
    assert filled.missing == ("vehicle.colour",)


def test_a_value_that_looks_like_a_token_is_plain_text_for_good() -> None:
    values = {"seller.first_name": "{{dealer.phone}}", "dealer.phone": "+1 520 555 0100"}
    filled = fill("Hi {{seller.first_name}}", values)
    assert filled.body == "Hi ((dealer.phone))"
    assert fill(filled.body, values).body == filled.body


@pytest.mark.parametrize(
    ("value", "put"),
    [
        ("  Dana\r\n\tLee ", "Dana Lee"),
        ("Da\x00na\x1b[31m", "Dana[31m"),
        ("\u202eanaD\u202c", "anaD"),
        ("12\u00a0500 $", "12 500 $"),
        ("x" * 100, "x" * 80),
        ("x" * 79 + " yz", "x" * 79),
        ("x" * 79 + "e\u0301", "x" * 79),  # no letter without its accent
        ("a\ud800b", "ab"),
        ("\\1 \\g<0> %s {0}", "\\1 \\g<0> %s (0)"),
        ("<b>Dana</b> & Co", "<b>Dana</b> & Co"),  # escaping is the channel's business
    ],
)
def test_a_value_is_one_line_of_plain_text_of_80_characters_at_most(value: str, put: str) -> None:
    assert fill("{{vehicle.trim}}", {"vehicle.trim": value}).body == put


@given(st.text(alphabet="ab.{}| \t\n\x00\x7f", max_size=100))
@example("a  b")
@example(" a")
@example("a ")
@example("{a")
@example("a}")
@settings(max_examples=300)
def test_printed_words_are_put_in_as_they_are_or_tidied(value: str) -> None:
    seen = "".join(char for char in value if char.isprintable() or char.isspace())
    tidied = " ".join(seen.translate({ord("{"): "(", ord("}"): ")"}).split())[:LONGEST_VALUE].rstrip()
    assert fill("{{vehicle.trim}}", {"vehicle.trim": value}).body == (tidied or "{{vehicle.trim}}")


@pytest.mark.parametrize(
    "value", ["", " ", "\n", "\x00", "\u200b\ufeff", "\u00a0", "\u3164", "\u00ad" * 90 + "x", "\u2800"]
)
def test_a_value_nobody_can_see_is_missing(value: str) -> None:
    assert fill("{{vehicle.trim}}", {"vehicle.trim": value}).missing == ("vehicle.trim",)


def test_an_address_to_click_is_never_cut() -> None:
    body = "{{listing.link|the ad}}"
    short, long = "https://cars.example/" + "a" * 59, "https://cars.example/" + "a" * 60
    assert fill(body, {"listing.link": short}).body == short
    assert fill(body, {"listing.link": long}).body == "the ad"
    assert fill("{{listing.link}}", {"listing.link": long}).missing == ("listing.link",)


@given(wordings, valued)
@settings(max_examples=400)
def test_when_nothing_is_missing_no_token_and_no_hole_remains(body: str, values: dict[str, str]) -> None:
    filled = fill(body, values)
    assert filled.complete == (not filled.missing)
    if not filled.missing:
        assert "{" not in filled.body
        assert "}" not in filled.body
        assert filled.holes == ()
    for span in filled.spans:
        put = filled.body[span.start : span.end]
        assert 0 < len(put) <= LONGEST_VALUE
        assert put == put.strip()
        assert put.isprintable() or not put.isascii()
        assert span.token in WILDCARDS
    for hole in filled.holes:
        assert TOKEN.fullmatch(filled.body[hole.start : hole.end])
    assert set(filled.missing) | set(filled.used) == set(tokens(body))
    assert set(filled.fallbacks) <= set(filled.used)


@given(wordings, valued)
def test_what_stands_between_the_tokens_is_not_touched(body: str, values: dict[str, str]) -> None:
    filled = fill(body, values)
    rest, read = [], 0
    for span in sorted((*filled.spans, *filled.holes)):
        rest.append(filled.body[read : span.start])
        read = span.end
    assert [*rest, filled.body[read:]] == TOKEN.split(body)


@given(wordings, valued)
def test_filling_again_changes_nothing(body: str, values: dict[str, str]) -> None:
    once = fill(body, values)
    again = fill(once.body, values)
    assert again.body == once.body
    assert again.missing == once.missing


@given(st.text(alphabet="{}|. avehiclemk\n", max_size=80), valued)
@settings(max_examples=400)
def test_a_wording_without_problems_and_without_gaps_leaves_nothing_raw(body: str, values: dict[str, str]) -> None:
    filled = fill(body, values)
    if not problems(body):
        assert filled.complete == (not filled.missing)
    if filled.complete:
        assert "{{" not in filled.body
        assert "}}" not in filled.body


@given(wordings)
def test_a_wording_of_known_tokens_has_no_problems(body: str) -> None:
    assert problems(body) == []


def test_a_hundred_thousand_wordings_and_listings_leave_no_raw_and_no_empty_slot() -> None:
    chance = random.Random(7)
    markups = [wildcard.markup for wildcard in WILDCARDS.values()]
    markups += [f"{{{{{token}|something}}}}" for token in WILDCARDS]
    bodies = [
        " and ".join(f"<{markup}>" for markup in chance.choices(markups, k=chance.randrange(1, 7))) for _ in range(1000)
    ]
    odd = ["", "  ", "\u200b", "{{today}}", "a\nb", "{", "y" * 99]
    listings = [
        {
            token: chance.choice(odd) if chance.random() < 0.3 else wildcard.example
            for token, wildcard in WILDCARDS.items()
            if chance.random() < 0.8
        }
        for _ in range(100)
    ]
    raw = empty = complete = 0
    for body in bodies:
        for values in listings:
            filled = fill(body, values)
            if filled.complete:
                complete += 1
                raw += "{" in filled.body or "}" in filled.body
                empty += "<>" in filled.body
    assert complete > 20_000  # else this proves little
    assert (raw, empty) == (0, 0)


@pytest.mark.parametrize(
    ("body", "position", "sentence"),
    [
        (
            "The {{vehicle.colour}} one",
            4,
            "“{{vehicle.colour}}” at character 5 is not a wildcard. Did you mean {{vehicle.color}}?",
        ),
        ("{{first_name}}", 0, "“{{first_name}}” at character 1 is not a wildcard. Did you mean {{seller.first_name}}?"),
        ("{{Asking Price}}", 0, "“{{Asking Price}}” at character 1 is not a wildcard. Did you mean {{listing.price}}?"),
        ("{{mileage}}", 0, "“{{mileage}}” at character 1 is not a wildcard. Did you mean {{vehicle.odometer}}?"),
        (
            "{{seller.zip}}",
            0,
            "“{{seller.zip}}” at character 1 is not a wildcard. Did you mean {{seller.postal_code}}?",
        ),
        ("{{qqqq}}", 0, "“{{qqqq}}” at character 1 is not a wildcard. Pick one from the wildcard buttons."),
        ("Hi {{ }}", 3, "The braces at character 4 are empty. Put a wildcard between them, or remove them."),
        (
            "Hi {{vehicle.make",
            3,
            "The braces at character 4 are not closed. Write {{vehicle.make}}, two on each side.",
        ),
        (
            "Hi {{vehicle.make}",
            3,
            "The braces at character 4 are not closed. Write {{vehicle.make}}, two on each side.",
        ),
        ("vehicle.make}}", 12, "The braces at character 13 close nothing. Write {{vehicle.make}}, two on each side."),
        (
            "{vehicle.make|car}",
            0,
            "“{vehicle.make|car}” at character 1 needs two braces on each side: {{vehicle.make}}.",
        ),
        (
            "{{{vehicle.make}}",
            0,
            "There is one brace too many at character 1. Write {{vehicle.make}}, two on each side.",
        ),
    ],
)
def test_a_problem_is_a_sentence_that_points_at_its_place(body: str, position: int, sentence: str) -> None:
    [problem] = problems(body)
    assert (problem.message, problem.position) == (sentence, position)
    assert body[position:].startswith(problem.token)


def test_problems_come_in_the_order_they_stand() -> None:
    found = problems("}} {{nope}} {{vehicle.make}} {{")
    assert [problem.position for problem in found] == [0, 3, 29]


def test_a_lone_brace_is_just_a_brace() -> None:
    assert problems("a } smile :-{ and {base}") == []
    assert fill("a } smile :-{ and {base}", {}).complete


def test_half_a_token_never_leaves_the_house() -> None:
    assert not fill("Hi {{seller.first_name", {"seller.first_name": "Dana"}).complete


def test_every_wildcard_has_a_name_a_button_and_an_example_that_fits() -> None:
    assert len({wildcard.label for wildcard in WILDCARDS.values()}) == len(WILDCARDS) == 39
    for token, wildcard in WILDCARDS.items():
        assert token == wildcard.token == token.lower()
        assert wildcard.markup == "{{" + token + "}}"
        assert wildcard.group in {"vehicle", "listing", "seller", "agent", "dealer", "appointment", "other"}
        assert token == "today" or token.startswith(wildcard.group + ".")
        assert fill(wildcard.markup, {token: wildcard.example}).body == wildcard.example


def test_1600_characters_are_filled_in_a_millisecond() -> None:
    values = {token: wildcard.example for token, wildcard in WILDCARDS.items()}
    body = (" ".join(wildcard.markup for wildcard in WILDCARDS.values()) * 3)[:1590]
    taken = []
    for _ in range(200):
        start = time.perf_counter()
        fill(body, values)
        taken.append(time.perf_counter() - start)
    # Three quarters of the runs, so that another program's turn on the processor does not count.
    assert sorted(taken)[150] < 0.001

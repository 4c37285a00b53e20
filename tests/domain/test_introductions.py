"""The line that says who writes and how to stop: what it says beside which wording, and that it is found again."""

import pytest

from domain import introductions, text
from domain.introductions import OPT_OUT_LINE
from domain.shipped_templates import TEXTS
from domain.wildcards import WILDCARDS, fill

VALUES = {"agent.first_name": "Robin", "dealer.name": "Harbor Motors"}
LINE = "This is Robin with Harbor Motors. Reply STOP to opt out."


def test_an_empty_text_gets_the_whole_line_in_one_segment() -> None:
    assert introductions.line(VALUES) == LINE
    assert text.measure(LINE).segments == 1


@pytest.mark.parametrize(
    ("wording", "wanted"),
    [
        ("Is it still for sale?", LINE),
        ("Hi, Robin here. Is it sold?", LINE),  # a first name alone does not say for whom
        ("Hi, I buy cars for Harbor Motors.", "Reply STOP to opt out."),
        ("harbor motors here", "Reply STOP to opt out."),
        ("{{dealer.name}} here", "Reply STOP to opt out."),
        ("The Harbor Motorsports team", LINE),
        ("Text STOP and I leave you alone.", "This is Robin with Harbor Motors."),
        ("Please stop by!", LINE),
        ("Robin, Harbor Motors. STOP ends this.", ""),
    ],
)
def test_what_the_wording_says_is_not_said_twice(wording: str, wanted: str) -> None:
    assert introductions.line(VALUES, wording) == wanted


def test_a_name_is_the_same_with_plain_characters() -> None:
    values = {**VALUES, "dealer.name": "Dana’s Cars"}
    assert introductions.line(values, "Hi from Dana's Cars.") == "Reply STOP to opt out."


@pytest.mark.parametrize("missing", ["agent.first_name", "dealer.name"])
def test_a_name_that_is_not_known_leaves_no_braces(missing: str) -> None:
    line = introductions.line({**VALUES, missing: ""}, "Is it sold?")
    assert line == "Reply STOP to opt out."


def test_every_shipped_first_hello_needs_only_how_to_stop() -> None:
    values = {token: wildcard.example for token, wildcard in WILDCARDS.items()}
    first = [fill(each.body, values).body for each in TEXTS if each.purpose == "initial"]
    assert first
    assert {introductions.line(values, each) for each in first} == {"Reply STOP to opt out."}


@pytest.mark.parametrize("wording", ["", "Hi Dana", "It costs ", "One\n\nTwo", "I am with Harbor Motors.", "Or STOP"])
def test_what_was_joined_is_parted_again(wording: str) -> None:
    line = introductions.line(VALUES, wording)
    joined = introductions.joined(wording, line)
    assert joined.endswith(f"\n{line}")
    assert introductions.parted(joined, VALUES) == (wording, line)
    assert introductions.parted(f"{joined}\n", VALUES) == (wording, line)
    assert introductions.parted(text.plain(joined), VALUES) == (wording, line)


def test_nothing_is_joined_as_it_is() -> None:
    assert introductions.joined("Hi Dana", "") == "Hi Dana"


@pytest.mark.parametrize(
    "body",
    [
        "Hi Dana",
        f"Hi Dana {LINE}",
        f"{LINE} Bye!",
        f"{LINE}\nIs it sold?",
        "Hi\nThis is Ben with Harbor Motors. Reply STOP to opt out.",
    ],
)
def test_a_line_that_was_touched_is_the_agents_own_words(body: str) -> None:
    assert introductions.parted(body, VALUES) == (body, "")


@pytest.mark.parametrize("body", ["", " \n", LINE, f"\n{LINE}\n", OPT_OUT_LINE, "Reply STOP to opt out."])
def test_the_line_alone_is_nothing(body: str) -> None:
    assert introductions.is_nothing(body, VALUES)


@pytest.mark.parametrize("body", [f"Hi\n{LINE}", "STOP", "This is Robin."])
def test_a_word_beside_it_is_something(body: str) -> None:
    assert not introductions.is_nothing(body, VALUES)


def test_the_opt_out_line_comes_below_the_wording_once() -> None:
    once = introductions.with_opt_out("Is your {{vehicle.title}} for sale?\n")
    assert once == "Is your {{vehicle.title}} for sale?\nReply STOP to opt out"
    assert introductions.with_opt_out(once) == once
    assert introductions.with_opt_out("Hi. reply stop to OPT OUT.") == "Hi. reply stop to OPT OUT."
    assert introductions.with_opt_out("Text STOP to end.") == "Text STOP to end.\nReply STOP to opt out"
    assert introductions.with_opt_out("") == OPT_OUT_LINE

"""What a listing is found by, and how it is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import listings


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (("Ford F-150",), ["ford", "f150"]),
        (("José NÚÑEZ",), ["jose", "nunez"]),
        (("(520) 555-0117",), ["520", "5550117"]),
        (("+15205550117",), ["15205550117"]),
        (("  ", "--", ""), []),
        (("ＦＯＲＤ",), ["ford"]),
    ],
)
def test_words_are_folded(texts: tuple[str, ...], words: list[str]) -> None:
    assert listings.search_words(*texts) == words


@given(st.text())
def test_a_word_holds_nothing_that_a_pattern_would_mean(text: str) -> None:
    assert all(word.isalnum() for word in listings.search_words(text))


@pytest.mark.parametrize(
    ("year", "make", "model", "title"),
    [(2019, "Toyota", "Tacoma", "2019 Toyota Tacoma"), (None, "Toyota", "", "Toyota"), (None, "", "", "")],
)
def test_a_title_leaves_out_what_is_missing(year: int | None, make: str, model: str, title: str) -> None:
    assert listings.title(year, make, model) == title

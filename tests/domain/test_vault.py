"""Credentials at rest: sealed, opened only with the key they were sealed with."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.errors import Unavailable
from domain.vault import seal, unseal


@given(some.text())
def test_what_was_sealed_comes_out_again(secret):
    assert unseal(seal(secret)) == secret


def test_a_sealed_secret_shows_nothing_of_itself():
    sealed = seal("dialpad-key-4711")
    assert "4711" not in sealed
    assert seal("dialpad-key-4711") != sealed, "equal secrets must not look equal"


def test_nothing_stays_nothing():
    assert (seal(""), unseal("")) == ("", "")


def test_another_key_opens_nothing_and_says_what_to_do(configure):
    sealed = seal("secret")
    configure(LOTWIRE_SECRET_KEY="another key that is long enough, too")
    with pytest.raises(Unavailable, match="Restore LOTWIRE_SECRET_KEY or connect again"):
        unseal(sealed)
    assert unseal(seal("new")) == "new"


@pytest.mark.parametrize(
    "broken",
    ["x", "gAAAAA", seal("secret")[:-6], seal("secret").swapcase()],
    ids=["no token", "a beginning", "without its end", "in other letters"],
)
def test_what_was_tampered_with_is_not_opened(broken):
    with pytest.raises(Unavailable):
        unseal(broken)

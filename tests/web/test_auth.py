"""Whose address it is, and where a URL may lead."""

from typing import Any

import pytest

from web import auth


def scope(peer: str | None, *forwarded: str) -> Any:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    return {"client": (peer, 1) if peer else None, "headers": headers}


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "client"),
    [
        ("", "198.51.100.7", ("203.0.113.9",), "198.51.100.7"),
        ("10.0.0.0/8", "198.51.100.7", ("203.0.113.9",), "198.51.100.7"),
        ("10.0.0.0/8", "10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        ("10.0.0.0/8", "10.0.0.1", ("6.6.6.6, 203.0.113.9",), "203.0.113.9"),
        ("10.0.0.0/8, 192.0.2.1", "10.0.0.1", ("6.6.6.6, 203.0.113.9, 192.0.2.1",), "203.0.113.9"),
        ("10.0.0.0/8", "10.0.0.1", ("6.6.6.6", "203.0.113.9"), "203.0.113.9"),
        ("10.0.0.0/8", "10.0.0.1", ("nonsense",), "10.0.0.1"),
        ("::1", "::1", ("2001:db8::9",), "2001:db8::9"),
        ("127.0.0.1", "::ffff:127.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        ("10.0.0.0/8", None, ("203.0.113.9",), ""),
    ],
)
def test_only_trusted_proxies_say_who_the_client_is(
    configure, trusted: str, peer: str | None, forwarded: tuple[str, ...], client: str
) -> None:
    configure(LOTWIRE_TRUSTED_PROXIES=trusted)
    assert auth.client_address(scope(peer, *forwarded)) == client


@pytest.mark.parametrize("url", ["/listings", "/listings?view=all&q=a%20b", "/"])
def test_a_path_of_ours_may_be_gone_on_to(url: str) -> None:
    assert auth.local_path(url) == url


@pytest.mark.parametrize(
    "url", ["", "listings", "//evil.example", "/\\evil.example", "https://evil.example", "/a\nb", "/\tevil", " /x"]
)
def test_nothing_else_may(url: str) -> None:
    assert auth.local_path(url) == ""


def test_each_purpose_has_a_key_of_its_own() -> None:
    assert auth.key_for("csrf") != auth.key_for("notice")

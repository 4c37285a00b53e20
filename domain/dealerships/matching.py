"""By what a reported seller is known again, and which ads that finds."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

MOST_VALUES = 10_000  # in one statement; both databases take 32,766


class Identity(NamedTuple):
    """One thing a seller is known by: any one of them is enough.

    kind     phone | email | address | name
    value    E.164; the address in small letters; else folded as `domain.seller_keys` does
    """

    kind: str
    value: str


# kind -> the columns of `seller` that hold such a value
COLUMNS = {"phone": ("phone", "mobile"), "email": ("email",), "address": ("address_key",), "name": ("name_key",)}


def identities(seller: Mapping[str, Any], by_name: bool) -> tuple[Identity, ...]:
    """What these columns of a seller say of who it is, each once; the name only if it shall count."""
    found = (
        Identity(kind, seller[column].casefold())
        for kind, columns in COLUMNS.items()
        for column in columns
        if seller[column] and (by_name or kind != "name")
    )
    return tuple(dict.fromkeys(found))


def matching(account: UUID, listing: UUID, known: Iterable[Identity]) -> tuple[str, list[Any]]:
    """SQL with its arguments: the ids, as `listing`, of this ad and of all of the account that share an identity."""
    parts = ["SELECT id AS listing FROM listing WHERE id = {}"]
    arguments: list[Any] = [listing]
    for kind, values in by_kind(known).items():
        for column in COLUMNS[kind]:  # an index of its own each, which holds the rows that are not empty
            parts.append(
                f"SELECT listing FROM seller WHERE account = {{}} AND {column} <> '' AND {column} IN ({holes(values)})"
            )
            arguments += [account, *values]
    return " UNION ".join(parts), arguments


def by_kind(known: Iterable[Identity]) -> dict[str, list[str]]:
    """kind -> the values of it."""
    grouped: dict[str, list[str]] = {}
    for kind, value in known:
        grouped.setdefault(kind, []).append(value)
    return grouped


def addresses(known: Iterable[Identity]) -> list[str]:
    """Those that a message can be sent to."""
    return [value for kind, value in known if kind in ("phone", "email")]


def holes(values: Iterable[Any]) -> str:
    """A `{}` for each."""
    return ", ".join("{}" for _ in values)

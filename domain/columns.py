"""The few kinds of column the tables share, so that no table gets a default or a nullability wrong at birth."""

from typing import Any

from piccolo.columns import UUID, ForeignKey, Timestamptz
from piccolo.columns.base import OnDelete

from domain import clock, ids


def key() -> UUID:
    """The primary key: a UUIDv7 made here, never by the database."""
    return UUID(primary_key=True, default=ids.new)


def parent(table: Any, *, null: bool = False, index: bool = True) -> ForeignKey:
    """A reference that keeps its target from being deleted."""
    return ForeignKey(references=table, null=null, default=None, on_delete=OnDelete.restrict, index=index)


def moment(*, index: bool = False) -> Timestamptz:
    """A time that may not have come yet: aware UTC, or None."""
    return Timestamptz(null=True, default=None, index=index)


def made() -> Timestamptz:
    """When the row was made."""
    return Timestamptz(default=clock.now)

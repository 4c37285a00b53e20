"""Why we may write to somebody, append-only, and what is left of those who asked to be erased."""

from domain.consents.capturing import Seen, captured
from domain.consents.tables import Consent, Tombstone
from domain.consents.tombstones import (
    Entry,
    Kept,
    bury,
    digest,
    lift,
    person_with_erased,
    salt_where_erased,
    tombstoned,
    tombstoned_among,
    with_erased,
)

__all__ = [
    "Consent",
    "Entry",
    "Kept",
    "Seen",
    "Tombstone",
    "bury",
    "captured",
    "digest",
    "lift",
    "person_with_erased",
    "salt_where_erased",
    "tombstoned",
    "tombstoned_among",
    "with_erased",
]

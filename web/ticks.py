"""The rows of the inventory that are ticked, carried from one of its pages to the next in a word of the address."""

import base64
import binascii
from collections.abc import Sequence
from uuid import UUID

from domain import drafts

MOST = 240  # carried along: proxies refuse an address of more than 8 KB


def read(kept: str, ticked: Sequence[str]) -> list[UUID]:
    """What was ticked on other pages and what on the one before, each once; what cannot be read is nothing."""
    return list(dict.fromkeys([*_unpacked(kept), *drafts.typed_ids(ticked)]))


def packed(ids: Sequence[UUID]) -> str:
    """A third as long as the ids written out."""
    return base64.urlsafe_b64encode(b"".join(each.bytes for each in ids)).decode().rstrip("=")


def _unpacked(kept: str) -> list[UUID]:
    try:
        found = base64.urlsafe_b64decode(kept[: MOST * 24] + "=" * (-len(kept[: MOST * 24]) % 4))
    except (ValueError, binascii.Error):
        return []
    return [UUID(bytes=found[at : at + 16]) for at in range(0, len(found) - 15, 16)]

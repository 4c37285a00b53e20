"""What looking into a file comes to: the file as it is kept, or the reason why it is not taken."""

import re
from typing import AnyStr, NamedTuple

MEGABYTES = 25
LARGEST = MEGABYTES * 1_000_000  # bytes
PIECE, OVERLAP = 1 << 17, 128  # characters or bytes searched at a time, and again with the next


class Looked(NamedTuple):
    """A file as it is kept. Width and height are in pixels, of a picture; the thumbnail is a JPEG."""

    name: str
    media_type: str
    data: bytes
    width: int | None = None
    height: int | None = None
    thumb: bytes | None = None


class Unfit(Exception):
    """Why a file is not taken: what follows its name in the sentence that people read."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def search(pattern: re.Pattern[AnyStr], text: AnyStr) -> re.Match[AnyStr] | None:
    """The first match, of at most 128 characters. A search lets no other thread run, so a long one goes in pieces."""
    for start in range(0, len(text), PIECE):
        if found := pattern.search(text, start, start + PIECE + OVERLAP):
            return found
    return None

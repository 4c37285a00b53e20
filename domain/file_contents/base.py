"""What looking into a file comes to: the file as it is kept, or the reason why it is not taken."""

from typing import NamedTuple

MEGABYTES = 25
LARGEST = MEGABYTES * 1_000_000  # bytes


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

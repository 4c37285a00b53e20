"""Where the files of a picture lie below the data directory, named by what is in them."""

from pathlib import Path

from domain.settings import settings


def path(sha256: str, thumb: bool = False) -> Path:
    """`pictures/ab/abcd….jpg`, the small one `pictures/ab/abcd….thumb.jpg`."""
    return settings().data_dir / "pictures" / sha256[:2] / f"{sha256}{'.thumb' if thumb else ''}.jpg"


def read(sha256: str, thumb: bool = False) -> bytes | None:
    """The bytes of the file; None when it is gone. Blocks: call it in a thread."""
    try:
        return path(sha256, thumb).read_bytes()
    except FileNotFoundError:
        return None

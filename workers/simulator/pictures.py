"""The pictures that came with texts: kept once each beside the ledger, and shown on the phones."""

import base64
import binascii
import hashlib
import os
import re
import tempfile
from pathlib import Path

LARGEST = 500 * 1024  # bytes, before base64: the API description's limit of `media`
STARTS = {b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png", b"GIF87a": "gif", b"GIF89a": "gif"}
MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif"}
NAME = re.compile(r"[0-9a-f]{64}\.(jpg|png|gif)")


class WrongPicture(Exception):
    """What came as media and cannot go to a phone: one sentence."""


def read(media: object) -> bytes:
    """The bytes of a request's `media`; none when there is none. Raises WrongPicture."""
    if media is None:
        return b""
    try:
        data = base64.b64decode(media, validate=True) if isinstance(media, str) else b""
    except binascii.Error:
        data = b""
    if not data:
        raise WrongPicture("media must be a file in base64.")
    if len(data) > LARGEST:
        raise WrongPicture("media is larger than 500 KiB.")
    if not any(map(data.startswith, STARTS)):
        raise WrongPicture("media is no picture: send JPEG, PNG or GIF.")
    return data


class Pictures:
    """The folder. A picture's name is its SHA-256 and what it is, so the same one is kept once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, data: bytes) -> str:
        """Stores what `read` let pass; answers its name."""
        kind = next(kind for start, kind in STARTS.items() if data.startswith(start))
        name = f"{hashlib.sha256(data).hexdigest()}.{kind}"
        if not (self._folder / name).exists():
            self._folder.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as aside:  # two may bring it at once
                aside.write(data)
            os.replace(aside.name, self._folder / name)
        return name

    def get(self, name: str) -> tuple[bytes, str] | None:
        """A picture and its media type, or None."""
        path = self._folder / name
        if not NAME.fullmatch(name) or not path.is_file():
            return None
        return path.read_bytes(), MEDIA_TYPES[name.rpartition(".")[2]]

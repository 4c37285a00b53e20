"""Pictures of ads: fetched from public addresses only, looked at before they are believed, kept as files of ours.

A picture is two files named by what is in them, below `pictures/` in the data directory: the picture and its thumbnail.
"""

import asyncio
import errno
import hashlib
import io
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import aiohttp
from PIL import Image, ImageOps
from yarl import URL

from domain import clock, db, picture_files
from domain.images import MOST_PIXELS, flat, jpeg
from domain.listings import Picture
from domain.public_addresses import Address, NotPublic, connector, is_public, may_lead_there

TIMEOUT = 10.0  # seconds, redirects included
LARGEST_FILE = 10_000_000  # bytes
MOST_REDIRECTS = 3
SIDE = 1600  # pixels, the longer side of what is kept
THUMB = (480, 640)  # pixels, width and height at most
THUMB_BYTES = 25_000
BACK_OFF = (timedelta(minutes=1), timedelta(minutes=10))  # after the first and the second try; the third is the last
TRIES = len(BACK_OFF) + 1
LEASE = timedelta(minutes=2)  # until another worker may try a picture whose worker is gone
AT_ONCE = 4
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")

log = logging.getLogger(__name__)


class PictureError(Exception):
    """Why there is no picture, in a sentence; `permanent` when trying again is no use."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent


class Kept(NamedTuple):
    """A stored picture: its name, and its size in pixels."""

    sha256: str
    width: int
    height: int


@dataclass(frozen=True)
class Rules:
    """Where pictures may come from."""

    schemes: frozenset[str] = frozenset({"https"})
    allowed: Callable[[Address], bool] = is_public


RULES = Rules()


async def fetch_due(limit: int = 50, rules: Rules = RULES) -> int:
    """Fetches wanted pictures whose time has come; how many were tried. Each ends kept, failed, or wanted for later."""
    claimed = await _claim(limit)
    if not claimed:
        return 0
    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    turns = _Turns()
    async with aiohttp.ClientSession(
        connector=connector(rules.allowed, limit=AT_ONCE),
        timeout=timeout,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # a packed answer could be a thousand times what came over the wire
        headers={"User-Agent": "Lotwire", "Accept": "image/*", "Accept-Encoding": "identity"},
    ) as session:
        await asyncio.gather(*(_fetch_one(row, session, rules, turns) for row in claimed))
    return len(claimed)


def store(data: bytes) -> Kept:
    """Makes our own picture and thumbnail of an image file and keeps both. Takes a moment: call it in a thread.

    Turned as its EXIF says; every word about place, time and camera is left out. Raises PictureError (permanent) when
    it is no picture.
    """
    picture, thumb, size = _made(data)
    sha256 = hashlib.sha256(picture).hexdigest()
    _write(picture_files.path(sha256, thumb=True), thumb)
    _write(picture_files.path(sha256), picture)  # last, so that where this one is, both are
    return Kept(sha256, *size)


async def fetch(session: aiohttp.ClientSession, url: str, rules: Rules = RULES) -> bytes:
    """What lies at a URL, following up to three redirects, each looked at like the first. Raises PictureError."""
    try:
        async with asyncio.timeout(TIMEOUT):
            here = _checked(url, rules)
            for _ in range(MOST_REDIRECTS + 1):
                async with session.get(here, allow_redirects=False) as response:
                    if response.status not in (301, 302, 303, 307, 308):
                        return await _read(response)
                    here = _checked(str(here.join(URL(response.headers.get("Location", "")))), rules)
            raise PictureError("The site sends from one address to the next without end.", permanent=True)
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, NotPublic):
            raise PictureError(_PRIVATE, permanent=True) from error
        raise PictureError("The site could not be reached.") from error
    except TimeoutError as error:
        raise PictureError("The site took too long to answer.") from error
    except (aiohttp.InvalidURL, ValueError) as error:
        raise PictureError("This is not a web address.", permanent=True) from error
    except (aiohttp.ClientError, OSError) as error:
        raise PictureError("The connection to the site broke.") from error


_PRIVATE = "The address leads into a private network."


def _checked(url: str, rules: Rules) -> URL:
    """The URL when its scheme is allowed and its host, if written as an address, too: those meet no resolver."""
    parsed = URL(url)
    if parsed.scheme not in rules.schemes:
        raise PictureError("The address does not start with https://.", permanent=True)
    host = parsed.host or ""
    if not host or parsed.user is not None:
        raise PictureError("This is not a web address.", permanent=True)
    if not may_lead_there(url, rules.allowed):
        raise PictureError(_PRIVATE, permanent=True)
    return parsed


async def _read(response: aiohttp.ClientResponse) -> bytes:
    if response.status in (404, 410):
        raise PictureError("The site has no such picture any more.", permanent=True)
    if response.status in (408, 425, 429) or response.status >= 500:
        raise PictureError("The site is busy.")
    if response.status != 200:
        raise PictureError("The site does not give the picture away.", permanent=True)
    too_large = PictureError(f"The picture is larger than {LARGEST_FILE // 1_000_000} MB.", permanent=True)
    if (response.content_length or 0) > LARGEST_FILE:
        raise too_large
    data = bytearray()
    async for part in response.content.iter_chunked(65536):
        data += part
        if len(data) > LARGEST_FILE:
            response.close()
            raise too_large
    return bytes(data)


def _made(data: bytes) -> tuple[bytes, bytes, tuple[int, int]]:
    """The picture and the thumbnail as JPEG, and the picture's size."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise PictureError("The picture has too many pixels.", permanent=True)
            opened.draft("RGB", (SIDE, SIDE))  # a JPEG is decoded no larger than needed
            image = flat(ImageOps.exif_transpose(opened))
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError("The picture has too many pixels.", permanent=True) from error
    except Exception as error:  # broken files make decoders raise nearly anything
        raise PictureError("This is not a picture.", permanent=True) from error
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    thumb = image.copy()
    thumb.thumbnail(THUMB, Image.Resampling.LANCZOS)
    small = b""
    for quality in (78, 66, 54, 42, 30):
        small = jpeg(thumb, quality)
        if len(small) <= THUMB_BYTES:
            break
    return jpeg(image, 84), small, image.size


def _write(path: Path, data: bytes) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f"{path.name}.{os.urandom(4).hex()}")
    try:
        aside.write_bytes(data)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


async def _claim(limit: int) -> list[dict[str, Any]]:
    now = clock.now()
    due = Picture.select(Picture.id).where((Picture.state == "wanted") & (Picture.not_before <= now))
    due = due.order_by(Picture.not_before, Picture.id).limit(limit)
    if db.on_postgres():
        due = due.lock_rows("UPDATE", skip_locked=True)
    claim = Picture.update({Picture.tries: Picture.tries + 1, Picture.not_before: now + LEASE})
    return await claim.where(Picture.id.is_in(due)).returning(Picture.id, Picture.url, Picture.tries)


class _Turns:
    """How many go at once: some over the network, one through the decoder, where a large one takes 200 MB."""

    def __init__(self) -> None:
        self.fetching = asyncio.Semaphore(AT_ONCE)
        self.decoding = asyncio.Semaphore(1)


async def _fetch_one(row: dict[str, Any], session: aiohttp.ClientSession, rules: Rules, turns: _Turns) -> None:
    async with turns.fetching:
        try:
            if row["tries"] > TRIES:  # the last try took its worker down with it
                raise PictureError("The picture could not be read.", permanent=True)
            data = await fetch(session, row["url"], rules)
            async with turns.decoding:
                kept = await asyncio.to_thread(store, data)
        except PictureError as error:
            await _failed(row, error)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            log.error("A picture could not be kept: %s", error)
            await _failed(row, PictureError("The disk is full." if full else "The picture could not be kept."))
        else:
            values: dict[Any, Any] = {Picture.state: "kept", Picture.reason: "", Picture.sha256: kept.sha256}
            values |= {Picture.width: kept.width, Picture.height: kept.height}
            await _update(row["id"], values)


async def _failed(row: dict[str, Any], error: PictureError) -> None:
    if error.permanent or row["tries"] >= TRIES:
        await _update(row["id"], {Picture.state: "failed", Picture.reason: error.reason})
    else:
        later = clock.now() + BACK_OFF[row["tries"] - 1]
        await _update(row["id"], {Picture.reason: error.reason, Picture.not_before: later})


async def _update(picture: UUID, values: dict[Any, Any]) -> None:
    await Picture.update(values).where((Picture.id == picture) & (Picture.state == "wanted"))

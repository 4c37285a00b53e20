"""Pictures: decoded within bounds, turned as their EXIF says, and drawn anew in the colours every screen shows.

Nothing is kept but what can be seen: no place, time or camera, and nothing hidden in or behind the file. HEIC becomes
JPEG; an animated GIF or WebP stays animated, an animated PNG becomes its first frame.
"""

import io
from collections.abc import Iterator
from typing import Any

import pi_heif
from PIL import Image, ImageCms, ImageOps, ImageSequence

from domain.file_contents.base import Looked, Unfit
from domain.images import MOST_PIXELS, flat, jpeg, within

THUMB = 240  # pixels, the longer side
MOST_FRAMES = 500
QUALITY = 88
SIDES = (2560, 2048, 1600, 1280, 1024, 800, 640, 480, 320)  # pixels, the longer one, of what is made smaller

BROKEN = "is broken or cut short. Save the picture again and send that."
TOO_MANY_PIXELS = f"has more than {MOST_PIXELS // 1_000_000} million pixels. Make the picture smaller and send that."
TOO_LONG = "is too long an animation. Make it shorter or smaller and send that."

# The brands of ISO/IEC 23008-12 whose pictures are coded as HEVC, and the two that say nothing of the coding.
_HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_SRGB = ImageCms.createProfile("sRGB")
_PNG_MODES = {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"}


def kind(data: bytes) -> str:
    """JPEG, PNG, GIF, WEBP or HEIF, by how the file begins; else empty."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    return "HEIF" if data[4:8] == b"ftyp" and data[8:12] in _HEIF else ""


def look(data: bytes) -> Looked:
    """The picture drawn anew, with its thumbnail. Raises Unfit."""
    try:
        return _heif(data) if kind(data) == "HEIF" else _looked(data, kind(data))
    except Unfit:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unfit(TOO_MANY_PIXELS) from None
    except Exception:  # broken files make decoders raise nearly anything
        raise Unfit(BROKEN) from None


def shrunk(data: bytes, most_bytes: int) -> tuple[bytes, str] | None:
    """One of our pictures made smaller until it fits, and its media type; None when it cannot be made so small."""
    with Image.open(io.BytesIO(data)) as opened:
        if getattr(opened, "is_animated", False):
            return _smaller_animation(opened, most_bytes)
        opened.draft("RGB", (SIDES[0], SIDES[0]))  # a JPEG is decoded no larger than needed
        image = flat(opened)
    for side in (SIDES[0], *(side for side in SIDES[1:] if side < max(image.size))):
        image = within(image, side)
        for quality in (85, 75, 62):
            made = jpeg(image, quality)
            if len(made) <= most_bytes:
                return made, "image/jpeg"
            if len(made) > 3 * most_bytes:
                break  # no quality makes up for that
    return None


def _looked(data: bytes, format: str) -> Looked:
    with Image.open(io.BytesIO(data), formats=(format,)) as opened:
        _check_size(opened.size)
        if format in ("GIF", "WEBP") and getattr(opened, "is_animated", False):
            frames, timing = _frames(opened)
            made = _animation(frames, timing, format)
            return _whole(f"image/{format.lower()}", made, frames[0])
        image = _in_srgb(ImageOps.exif_transpose(opened))
    if format == "JPEG":
        image = flat(image)
        return _whole("image/jpeg", jpeg(image, QUALITY), image)
    return _whole(f"image/{format.lower()}", _still(image, format), image)


def _heif(data: bytes) -> Looked:
    found = pi_heif.open_heif(io.BytesIO(data))  # turns the picture itself
    _check_size(found.size)
    image = flat(_in_srgb(found.to_pillow()))
    return _whole("image/jpeg", jpeg(image, QUALITY), image)


def _whole(media_type: str, data: bytes, image: Image.Image) -> Looked:
    return Looked("", media_type, data, *image.size, jpeg(flat(within(image, THUMB)), 80))


def _check_size(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        raise Unfit(TOO_MANY_PIXELS)


def _in_srgb(image: Image.Image) -> Image.Image:
    """Phones write wider colours with a profile; without it they would look pale."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK"):
        return image
    try:
        theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        return ImageCms.profileToProfile(image, theirs, _SRGB, outputMode=mode) or image
    except (ImageCms.PyCMSError, OSError):
        return image  # a broken profile is as good as none


def _still(image: Image.Image, format: str) -> bytes:
    if format == "PNG" and image.mode not in _PNG_MODES:
        image = image.convert("RGB")
    transparent = {"transparency": image.info["transparency"]} if "transparency" in image.info else {}
    image.info = {}  # all of it would be written again
    file = io.BytesIO()
    quality = {"quality": QUALITY} if format == "WEBP" else {}
    image.save(file, format, **quality, **transparent)
    return file.getvalue()


Timing = dict[str, Any]  # durations in milliseconds, one a frame, and how often it runs


def _frames(opened: Image.Image) -> tuple[list[Image.Image], Timing]:
    """Every frame as it is seen. All frames together have no more pixels than a picture may have."""
    frames: list[Image.Image] = []
    durations, pixels = [], 0
    for frame in ImageSequence.Iterator(opened):
        pixels += frame.width * frame.height
        if len(frames) >= MOST_FRAMES or pixels > MOST_PIXELS:
            raise Unfit(TOO_LONG)
        frames.append(frame.convert("RGBA"))
        durations.append(int(frame.info.get("duration", 0)))
    loop = {"loop": opened.info["loop"]} if "loop" in opened.info else {}
    return frames, {"duration": durations, **loop}


def _animation(frames: list[Image.Image], timing: Timing, format: str) -> bytes:
    if all(frame.getchannel("A").getextrema() == (255, 255) for frame in frames):
        frames = [frame.convert("RGB") for frame in frames]
        how: dict[str, Any] = {}
    else:
        how = {"disposal": 2} if format == "GIF" else {}  # else what became transparent would stay
    if format == "WEBP":
        how = {"quality": 80, "method": 2}
    file = io.BytesIO()
    rest = list(_bare(frames[1:]))
    next(_bare(frames[:1])).save(file, format, save_all=True, append_images=rest, **timing, **how)
    return file.getvalue()


def _bare(frames: list[Image.Image]) -> Iterator[Image.Image]:
    for frame in frames:
        frame.info = {}
        yield frame


def _smaller_animation(opened: Image.Image, most_bytes: int) -> tuple[bytes, str] | None:
    format = opened.format or "GIF"
    frames, timing = _frames(opened)
    for side in (480, 360, 270, 200, 150):
        if side < max(opened.size):
            made = _animation([within(frame, side) for frame in frames], timing, format)
            if len(made) <= most_bytes:
                return made, f"image/{format.lower()}"
    return None

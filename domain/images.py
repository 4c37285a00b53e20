"""Pictures of our own, made of picture files that came from outside. Pure.

Whatever a file said beside its picture stays behind: where and when it was taken, with what, and anything hidden in it.
"""

import tempfile

from PIL import Image

MOST_PIXELS = 40_000_000  # decoded, such a picture takes 160 MB of memory

Image.MAX_IMAGE_PIXELS = MOST_PIXELS


def flat(image: Image.Image) -> Image.Image:
    """Three colours, nothing transparent, first frame: on white, as a page would show it."""
    if image.mode in ("RGBA", "LA", "PA", "P") or "transparency" in image.info:
        layered = image.convert("RGBA")
        ground = Image.new("RGB", layered.size, "white")
        ground.paste(layered, mask=layered.getchannel("A"))
        return ground
    plain = image.convert("RGB")
    return plain.copy() if plain is image else plain


def jpeg(image: Image.Image, quality: int) -> bytes:
    """A JPEG of a flat picture, without a word beside it."""
    image.info.clear()  # EXIF, comments and profiles would be written again
    with tempfile.TemporaryFile() as file:  # into memory Pillow would write without letting any other thread run
        image.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
        file.seek(0)
        return file.read()


def within(image: Image.Image, side: int) -> Image.Image:
    """The picture with its longer side at most `side` pixels."""
    if max(image.size) <= side:
        return image
    smaller = image.copy()
    smaller.thumbnail((side, side), Image.Resampling.LANCZOS)
    return smaller

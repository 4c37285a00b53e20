"""Pictures of ads, from the files we keep, to the people of the account."""

import asyncio

from litestar import Response
from litestar.params import FromQuery

from domain import picture_files
from domain.errors import NotFound
from web.lookups import ThePicture


async def show(picture: ThePicture, size: FromQuery[str] = "") -> Response:
    """The picture itself; `size=thumb` the small one. It never changes: another file is another id."""
    content = await asyncio.to_thread(picture_files.read, picture.sha256, size == "thumb")
    if content is None:
        raise NotFound
    headers = {
        "Cache-Control": "private, max-age=86400, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": "inline",
    }
    return Response(content, media_type="image/jpeg", headers=headers)

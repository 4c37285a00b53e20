"""A file that a provider fetches to bring it to a seller."""

import re
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath

from domain import attachments
from domain.errors import NotFound
from web import files
from web.handlers.file_links import FOR_STRANGERS

NUMBER = re.compile(r"\d{1,12}", re.ASCII)


async def show(
    request: Request[Any, Any, Any],
    attachment_id: FromPath[str],
    most_bytes: FromPath[str],
    until: FromPath[str],
    token: FromPath[str],
) -> Response[Any]:
    """The file, for whoever has the whole address: no session, no cookie."""
    if not NUMBER.fullmatch(most_bytes) or not NUMBER.fullmatch(until):
        raise NotFound
    try:
        named = UUID(attachment_id)
    except ValueError:
        raise NotFound from None
    attachment, media = await attachments.handed_over(named, int(most_bytes), int(until), token)
    attachment.name, attachment.media_type = media.name, media.media_type  # a picture made smaller is another kind
    return files.download(media.data, attachment, FOR_STRANGERS)

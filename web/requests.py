"""The request whose forms are read within bounds, and whose files only for somebody signed in.

Litestar's own keeps the last 1,024 posted forms, passwords and all, in a process-wide cache, and the CSRF guard reads
a form before any guard of a route runs.
"""

from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import parse_qsl, urlencode

import litestar
from litestar.datastructures import FormMultiDict
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException, HTTPException, InternalServerException
from litestar.status_codes import HTTP_413_REQUEST_ENTITY_TOO_LARGE

from web import auth, forms

LARGEST_BODY = 1_000_000  # bytes; routes that take files say so themselves
MOST_FIELDS = 10_000


class Request(litestar.Request[Any, Any, Any]):
    """What every handler and the CSRF guard get."""

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body, piece by piece. A browser that goes away meanwhile is no fault of ours: nobody reads the answer,
        and nothing is to be mended."""
        try:
            async for part in super().stream():
                yield part
        except InternalServerException as error:
            raise ClientException(error.detail) from None

    async def form(self) -> FormMultiDict:
        """Raises NotSignedIn for a file of a visitor, before any of it is read or kept."""
        kind, _ = self.content_type
        known = self.scope.get("user") is not None  # a guard has let them in, also by a token of the API
        if kind == RequestEncodingType.MULTI_PART and not known and not await auth.is_signed_in(self):
            raise auth.NotSignedIn
        if kind != RequestEncodingType.URL_ENCODED:
            return await super().form()
        text = (await self.body()).decode("latin-1")  # what is not percent-encoded is ASCII
        try:
            return FormMultiDict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
        except ValueError:
            raise HTTPException(status_code=HTTP_413_REQUEST_ENTITY_TOO_LARGE) from None


def clean_query(query: bytes) -> bytes:
    """The query string whose names and values are as those of a posted form: without control characters, which no
    database takes and no page may repeat. One that has none stays as it came."""
    if b"%" not in query and query.isascii():
        return query
    typed = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    kept = [(forms.clean(name), forms.clean(value)) for name, value in typed]
    return query if kept == typed else urlencode(kept).encode()

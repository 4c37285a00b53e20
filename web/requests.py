"""The request whose forms are read within bounds, and whose files only for somebody signed in.

Litestar's own keeps the last 1,024 posted forms, passwords and all, in a process-wide cache, and the CSRF guard reads
a form before any guard of a route runs.
"""

import traceback
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode

import litestar
from litestar.datastructures import FormMultiDict
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException, HTTPException, InternalServerException
from litestar.status_codes import HTTP_413_REQUEST_ENTITY_TOO_LARGE

from domain.errors import Refused
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
        """Raises NotSignedIn for a file of a visitor, before any of it is read or kept, and Refused at the field whose
        bytes are no text: with marks in their place it would reach a seller."""
        kind, _ = self.content_type
        known = self.scope.get("user") is not None  # a guard has let them in, also by a token of the API
        if kind == RequestEncodingType.MULTI_PART and not known and not await auth.is_signed_in(self):
            raise auth.NotSignedIn
        if kind != RequestEncodingType.URL_ENCODED:
            return await self._of_parts()
        body = await self.body()
        try:
            text = body.decode()
            return FormMultiDict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"))
        except UnicodeDecodeError:
            raise _no_text(_first_unread(body)) from None
        except ValueError:
            raise HTTPException(status_code=HTTP_413_REQUEST_ENTITY_TOO_LARGE) from None

    async def _of_parts(self) -> FormMultiDict:
        try:
            return await super().form()
        except (UnicodeError, LookupError) as error:  # of the bytes, or of the character set a part says it has
            raise _no_text(_part_of(error)) from None
        except ClientException as error:
            if error.__cause__ is None:
                raise
            told = "This form cannot be read. Give the files plain names and send it again."
            raise Refused(told) from None


def _no_text(field: str) -> Refused:
    named = f"“{field}”" if field else "This form"
    return Refused(f"{named} holds characters that cannot be read. Type them again, or send them as UTF-8.", field)


def _part_of(error: Exception) -> str:
    """The part that Litestar's reader was at: the error does not tell, its frames do."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    part = next((frame.f_locals["segment"] for frame in frames if frame.f_locals.get("segment")), None)
    return forms.clean(part.name) if part else ""


def _first_unread(body: bytes) -> str:
    """The first field of an urlencoded form that is no UTF-8."""
    for piece in body.split(b"&"):
        name, _, value = piece.replace(b"+", b" ").partition(b"=")
        try:
            unquote_to_bytes(value).decode()
        except UnicodeDecodeError:
            return forms.clean(unquote_to_bytes(name).decode(errors="replace"))
    return ""


def clean_query(query: bytes) -> bytes:
    """The query string whose names and values are as those of a posted form: without control characters, which no
    database takes and no page may repeat. One that has none stays as it came."""
    if b"%" not in query and query.isascii():
        return query
    typed = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    kept = [(forms.clean(name), forms.clean(value)) for name, value in typed]
    return query if kept == typed else urlencode(kept).encode()

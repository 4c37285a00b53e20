"""A seller ends our emails by one click, in the mail program or on a page: no session, no cookie, no script."""

from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath

from domain import unsubscribes
from domain.errors import NotFound
from domain.messages import Message
from web import render

AnyRequest = Request[Any, Any, Any]

ENDED = "You will get no more emails from us. If one was on its way already, please forgive it."
USELESS = "It is not complete. Answer the email with the word STOP instead."


async def show(request: AnyRequest, listing_id: FromPath[str], token: FromPath[str]) -> Response[str]:
    """Looking ends nothing: mail scanners look, too."""
    try:
        message = await _asked(listing_id, token)
    except NotFound:
        return render.problem(request, 404, "This link does not work", USELESS)
    ends = render.url_for("unsubscribes.create", listing_id=listing_id, token=token)
    return render.page(request, "unsubscribes/show.html", to=message.to_address, ends=ends, page_title="Unsubscribe")


async def create(request: AnyRequest, listing_id: FromPath[str], token: FromPath[str]) -> Response[str]:
    """Of a mail program nobody reads the answer; it follows no redirect."""
    try:
        message = await _asked(listing_id, token)
    except NotFound:
        return render.problem(request, 404, "This link does not work", USELESS)
    await unsubscribes.unsubscribe(message)
    return render.page(request, "unsubscribes/done.html", sentence=ENDED, page_title="You are unsubscribed")


async def _asked(listing_id: str, token: str) -> Message:
    try:
        return await unsubscribes.asked(UUID(listing_id), token)
    except ValueError:
        raise NotFound from None

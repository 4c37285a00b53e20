"""A message that is too long for the history, whole; an email with what it quotes, its lists, tables and links."""

import asyncio
from typing import Any

from litestar import Request, Response
from markupsafe import Markup

from domain import email_bodies, email_html, mails
from domain.errors import NotFound
from web import filters, render
from web.lookups import TheAccount, TheMessage

AnyRequest = Request[Any, Any, Any]


async def show(request: AnyRequest, account: TheAccount, message: TheMessage) -> Response[str]:
    if message.origin not in ("hook", "app", "log"):  # what was sent from here stands whole in the history
        raise NotFound
    html = await mails.html_of(message.id) if message.channel == "email" else ""
    # In a thread: what a stranger made large takes long, and the others' pages do not wait for it.
    made = (email_html.cleaned, html) if html else (email_bodies.as_html, message.body)
    letter = await asyncio.to_thread(*made)
    return render.page(
        request,
        "letters/show.html",
        message=message,
        letter=Markup(letter),
        when=f"{filters.day(message.at, account.timezone)}, {filters.clock_time(message.at, account.timezone)}",
        page_title=message.subject or ("Email" if message.channel == "email" else "Message"),
    )

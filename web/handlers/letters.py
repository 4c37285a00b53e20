"""An email that came in, whole: with what it quotes, and its lists, tables and links."""

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
    if message.channel != "email" or message.direction != "in":
        raise NotFound
    html = await mails.html_of(message.id)
    # In a thread: what a stranger made large takes long, and the others' pages do not wait for it.
    letter = await asyncio.to_thread(email_html.cleaned, html) if html else email_bodies.as_html(message.body)
    return render.page(
        request,
        "letters/show.html",
        message=message,
        letter=Markup(letter),
        when=f"{filters.day(message.at, account.timezone)}, {filters.clock_time(message.at, account.timezone)}",
        page_title=message.subject or "Email",
    )

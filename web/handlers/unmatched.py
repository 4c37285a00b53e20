"""The inbox of messages that matched no listing."""

from typing import Any

from litestar import Request, Response
from litestar.params import FromQuery

from domain import phones, unmatched, users
from domain.accounts import Account
from domain.history import Cursor
from domain.users import Permission
from web import render
from web.filters import clock_time, day
from web.lookups import Me, TheAccount, TheMessage


async def index(request: Request, me: Me, account: TheAccount, before: FromQuery[str] = "") -> Response:
    rows, more = await unmatched.page(account.id, Cursor.read(before))
    older = Cursor(rows[-1]["at"], rows[-1]["id"]) if more else None
    return render.page(
        request,
        "unmatched/index.html",
        rows=[_row(account, row) for row in rows],
        next_url=f"{render.url_for('unmatched.index')}?before={older}" if older else None,
        can_edit=users.may(me, Permission.SETTLE_UNMATCHED),
        page_title="Unmatched messages",
    )


async def destroy(request: Request, me: Me, message: TheMessage) -> Response:
    discarded = await unmatched.discard(message, me)
    notice = "The message is discarded." if discarded else "The message was settled already."
    return render.go(request, render.url_for("unmatched.index"), notice=notice)


def _row(account: Account, row: dict[str, Any]) -> dict[str, Any]:
    seller = row["from_address"] if row["direction"] == "in" else row["to_address"]
    return {
        "id": row["id"],
        "e164": seller,
        "shown": phones.shown(seller) if seller.startswith("+") else seller,
        "text": row["body"] if row["direction"] == "in" else f"You: {row['body']}",
        "time": f"{day(row['at'], account.timezone)}, {clock_time(row['at'], account.timezone)}",
        "datetime": row["at"].isoformat(),
        "channel": {"text": "Text", "email": "Email"}.get(row["channel"], row["channel"].title()),
        "channel_icon": "mail" if row["channel"] == "email" else "message-square",
        "listings_url": None,
    }

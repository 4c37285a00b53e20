"""The page before a batch leaves: numbers that sum, every row with what mends it, the messages worst first."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from domain import connections, gate, users
from domain.accounts import Account
from domain.batches import drafts, estimating, reading
from domain.batches.looking import Summary
from domain.batches.reading import Sample
from domain.batches.tables import Batch
from domain.introductions import OPT_OUT_LINE
from domain.listings import title
from domain.sellers import full_name
from domain.users import Permission, User
from web import batch_moments, filters, mending, previews, returning
from web.render import url_for

ONE_AND_MANY = {
    "text": ("text", "texts"),
    "email": ("email", "emails"),
    "form": ("form message", "form messages"),
}
WAITS = {
    "quiet_hours": ("waits for the seller’s morning", "wait for the seller’s morning"),
    "review_open": (
        "waits until somebody has read what the seller wrote",
        "wait until somebody has read what the seller wrote",
    ),
    "over_quota": ("waits until tomorrow: you used up today’s texts", "wait until tomorrow: you used up today’s texts"),
}


async def context(
    account: Account,
    me: User,
    sender: User,
    batch: Batch,
    summary: Summary,
    channel: str,
    code: str,
    after: str,
    place: str,
) -> dict[str, Any]:
    """All that batches/look.html shows, in six queries at most. It is the sender's batch; `me` may be a colleague."""
    last = int(after) if after.isascii() and after.isdigit() and len(after) < 8 else None
    rows = await reading.page(batch, channel, code, last)
    more, rows = len(rows) > reading.PAGE, rows[: reading.PAGE]
    wanted = int(place) if place.isascii() and place.isdigit() and len(place) < 8 else 1
    may_start = bool(summary.sendable) and sender.id == me.id
    carriers = await connections.carriers(account.id, sender.id) if may_start or batch.files == "link" else None
    sample = await reading.sample(batch, account, sender, summary, wanted, carriers)
    estimate = await estimating.estimate(account, me, summary, batch.scheduled_at, carriers) if may_start else None
    by = batch.channel, await _by_name(account, summary)
    here = url_for("batch_drafts.look", batch_id=batch.id)
    narrowed = {**({"channel": channel} if channel else {}), **({"code": code} if code else {})}
    return {
        "batch": batch,
        "summary": {"sendable": summary.sendable, "skipped": summary.codes.total(), "size": batch.size},
        "channels": [
            {"label": counted(slug, number), "url": f"{here}?{urlencode({'channel': slug})}#rows"}
            for slug, number in summary.channels.most_common()
        ],
        "reasons": [
            {**reason(slug, *by), "number": number, "url": f"{here}?{urlencode({'code': slug})}#rows"}
            for slug, number in summary.codes.most_common()
        ],
        "waits": [
            {"said": f"{number:,} {WAITS[slug][number != 1]}", "url": f"{here}?{urlencode({'code': slug})}#rows"}
            for slug, number in summary.waits.most_common()
        ],
        "sender": {"name": sender.name, "email": sender.email, "is_me": sender.id == me.id},
        "looked_at": filters.clock_time(batch.changed_at, account.timezone),
        "opt_out_line": OPT_OUT_LINE if batch.channel in ("auto", "text") else "",
        "locked_from": drafts.LOCKED_FROM,
        "segments": summary.segments,
        "later": await batch_moments.later(batch, account),
        "estimate": _estimated(estimate, summary, account) if estimate else None,
        "send_label": send_label(summary, later=bool(batch.schedule_rule)),
        "rows": [_row(row, batch, me, by) for row in rows],
        "shown": _shown(channel, code, by),
        "all_url": f"{here}#rows",
        "next_url": f"{here}?{urlencode({**narrowed, 'after': rows[-1]['n']})}#rows" if more else None,
        "first_url": f"{here}?{urlencode(narrowed)}#rows" if last is not None else None,
        "sample": _sample(sample, batch, account, here, narrowed) if sample else None,
    }


def send_label(summary: Summary, *, later: bool = False) -> str:
    """`Send 482 texts`, `Send 400 texts and 82 emails`: what leaves, by its number."""
    parts = [counted(slug, number) for slug, number in summary.channels.most_common()]
    verb = "Schedule" if later else "Send"
    return f"{verb} {' and '.join([', '.join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)}"


def counted(channel: str, number: int) -> str:
    one, many = ONE_AND_MANY.get(channel, ("message", "messages"))
    return f"{number:,} {one if number == 1 else many}"


async def _by_name(account: Account, summary: Summary) -> str:
    """The name of the provider of texts, where all send as one by it, and where a reason speaks of it."""
    if not gate.BY_NAME.keys() & summary.codes.keys():
        return ""
    carrier = await connections.carrying(account.id, "text")
    return connections.as_one(carrier.kind) if carrier else ""


def reason(code: str, channel: str, provider: str = "") -> dict[str, str]:
    """The gate's sentence of a code and what to do; without a code of the gate, the code itself in words."""
    known = code.partition(":")[0]
    if known not in gate.CODES:
        return {"code": code, "message": f"{known.replace('_', ' ').capitalize()}.", "next_step": ""}
    refused = _refusal(code, channel, provider)
    message = refused.message.removesuffix(previews.CLICK_HERE).strip()
    return {"code": code, "message": message, "next_step": refused.next_step}


def _refusal(code: str, channel: str, provider: str) -> gate.Refusal:
    known, _, detail = code.partition(":")
    return gate.refusal(known, detail, channel if channel in ("email", "form") else "text", provider)


def _shown(channel: str, code: str, by: tuple[str, str]) -> str:
    """What the rows are narrowed to, in words."""
    if code:
        return reason(code, *by)["message"]
    return {"text": "Texts", "email": "Emails", "form": "Form messages"}.get(channel, "")


def _row(row: Mapping[str, Any], batch: Batch, me: User, by: tuple[str, str]) -> dict[str, Any]:
    refused = row["code"] or row["waits"]
    told = reason(refused, *by) if refused else None
    url = None
    if told:
        known, _, detail = refused.partition(":")
        url = mending.page(_refusal(refused, *by), row["listing"], me, hidden=bool(row["hidden"]))
        if known == "missing_wildcard" and users.may(me, Permission.EDIT_LISTING) and not row["hidden"]:
            url = url_for("listings.edit", listing_id=row["listing"])
        elif known in ("missing_wildcard", "too_long", "attachment_unsupported") or (known == "no_contact" and detail):
            url = url_for("batch_drafts.edit", batch_id=batch.id)
        if url and url != url_for("batch_drafts.edit", batch_id=batch.id):
            url = returning.with_back(url, url_for("batch_drafts.look", batch_id=batch.id))
    return {
        "title": title(row["year"], row["make"], row["model"]),
        "url": url_for("listings.show", listing_id=row["listing"]),
        "seller": full_name(row["first_name"] or "", row["last_name"] or ""),
        "source": row["source"],
        "goes": counted(row["channel"], 1).partition(" ")[2].capitalize() if row["channel"] else None,
        "segments": row["segments"] if row["channel"] == "text" else 0,
        "fallbacks": row["fallbacks"],
        "waits": told["message"] if told and row["waits"] else None,
        "why": told["message"] if told and row["code"] else None,
        "next_step": told["next_step"] if told else "",
        "fix_url": url,
    }


def _estimated(estimate: estimating.Estimate, summary: Summary, account: Account) -> dict[str, Any]:
    at = estimate.leaves_at
    return {
        "at": f"{filters.day(at, account.timezone)}, {filters.clock_time(at, account.timezone)}",
        "waiting": bool(summary.waits),
        "canaries": estimate.canaries,
        "an_hour": estimate.an_hour,
        "a_day": estimate.a_day,
        "cost": filters.money(estimate.cost, account.currency),
        "first": summary.first,
        "answers": estimate.answers,
        "known": estimate.known,
    }


def _sample(sample: Sample, batch: Batch, account: Account, here: str, narrowed: Mapping[str, str]) -> dict[str, Any]:
    letter = sample.letter
    kind = letter.channel if letter.channel in ("text", "email") else "plain"

    def at(place: int) -> str:
        return f"{here}?{urlencode({**narrowed, 'place': place})}#sample"

    return {
        "kind": kind,
        "goes": ONE_AND_MANY.get(letter.channel, ("message",))[0].capitalize(),
        "url": url_for("listings.show", listing_id=sample.listing),
        "title": sample.title,
        "seller": sample.seller,
        "parts": previews.parts(letter.rendered),
        "subject": letter.subject,
        "html": Markup(letter.html),  # made by email_bodies, of escaped text alone
        "count": previews.counted(letter.rendered.cost)
        if letter.channel == "text"
        else f"{len(letter.body):,} characters",
        "fallbacks": letter.rendered.fallbacks,
        "waits": WAITS[sample.waits][0] if sample.waits else None,
        "dealer_name": account.name,
        "place": sample.place,
        "of": sample.of,
        "previous_url": at(sample.place - 1) if sample.place > 1 else None,
        "next_url": at(sample.place + 1) if sample.place < sample.of else None,
    }

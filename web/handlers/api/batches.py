"""Batches over the API: looked at, started once a key, watched, paused, stopped, tried again."""

from collections.abc import Mapping, Sequence
from heapq import nlargest
from typing import Any
from uuid import UUID

from litestar import Request, Response

from domain import connections, enclosures, idempotency, message_templates, plans, template_files, users
from domain.accounts import Account
from domain.batches import choosing, estimating, requesting, starting, steering, watching
from domain.batches.drafts import Words
from domain.batches.looking import Verdict
from domain.batches.tables import Batch
from domain.errors import NotFound, Refused
from domain.history import PAGE
from domain.message_templates import TemplateVersion
from domain.users import Permission, User
from web import batch_pages, queue
from web.handlers.api import bodies, messages, narrowing, planning, problems
from web.handlers.api.batch_schemas import STATES
from web.handlers.api.listings import CURSOR, LIMIT
from web.handlers.api.problems import Problem, Problems
from web.handlers.api.shapes import Schema
from web.lookups import Me, TheAccount, TheBatch

AnyRequest = Request[Any, Any, Any]

LONGEST = 20  # messages of a preview
SKIPPED = 500
RECIPIENTS_QUERY: dict[str, Schema] = {
    "state": {"type": "string", "enum": STATES},
    "code": {"type": "string", "maxLength": 100},
    "cursor": CURSOR,
    "limit": LIMIT,
}
# The domain's field -> the request's.
FIELDS = {
    "to_field": "to_number",
    "attachment": "attachments",
    "file_choice": "files",
}


async def preview(request: AnyRequest, me: Me, account: TheAccount) -> dict[str, Any]:
    """Who would get what, who would not and why. Nothing is stored."""
    body = await bodies.read(request, "BatchPreviewInput")
    chosen, words = await _composed(account, me, body)
    words, leaves, summary, found = await _told(requesting.look(account, me, chosen, words), body)
    estimate = await estimating.estimate(account, me, summary, leaves.at if leaves else None)
    sendable = [each for each in found if each.sendable]
    return {
        "size": summary.size,
        "sendable": summary.sendable,
        "channels": {name: summary.channels[name] for name in ("text", "email", "form")},
        "codes": _codes(summary.codes),
        "waits": _codes(summary.waits),
        "segments": summary.segments,
        "cost": estimate.cost / 100 if estimate.cost is not None else None,
        "first_contacts": summary.first,
        "canaries": estimate.canaries,
        "leaves_at": estimate.leaves_at if summary.sendable else None,
        "messages": [_message(each) for each in nlargest(LONGEST, sendable, key=_length)],
        "skipped": [
            {"listing_id": each.listing, "code": each.refusal.code, "message": each.refusal.message}
            for each in found
            if each.refusal
        ][:SKIPPED],
    }


async def create(request: AnyRequest, me: Me, account: TheAccount) -> Response[Any]:
    """Takes a batch on (202), once a key; it begins at once, or at `send_at`."""
    users.require(me, Permission.BATCH)
    key = messages.key_of(request)
    body = await bodies.read(request, "BatchInput")
    if earlier := await idempotency.first_batch(account.id, key, body):
        return _accepted(earlier, replayed=True)
    chosen, words = await _composed(account, me, body)
    batch = await _told(requesting.start(account, me, chosen, words, key, body), body)
    await queue.kick(request, "expand_batches", job_id=queue.slot("expand_batches"))
    return _accepted(batch)


async def show(me: Me, account: TheAccount, batch: TheBatch) -> dict[str, Any]:
    """How it goes: counts by state and by code, each summing to the selection."""
    await _may_read(me, account)
    return await _batch(batch)


async def recipients(request: AnyRequest, me: Me, account: TheAccount, batch: TheBatch) -> dict[str, Any]:
    """Those that are messages by now, in the order they were made."""
    await _may_read(me, account)
    query = bodies.query(request, RECIPIENTS_QUERY)
    limit = query.get("limit", PAGE)
    rows = await watching.recipients(
        batch, code=query.get("code", ""), after=_cursor(query), limit=limit, state=query.get("state", "")
    )
    more, rows = len(rows) > limit, rows[:limit]
    return {"items": [_recipient(row) for row in rows], "next": str(rows[-1]["id"]) if more else None}


async def pause(me: Me, batch: TheBatch) -> dict[str, Any]:
    """From now on nothing of it begins."""
    if not await steering.pause(batch, me):
        raise problems.one(409, "not_under_way", "This batch is not under way.")
    return await _batch(await _fresh(batch))


async def resume(request: AnyRequest, me: Me, batch: TheBatch) -> dict[str, Any]:
    """It goes on where it was."""
    if not await steering.resume(batch, me):
        raise problems.one(409, "not_paused", "This batch is not paused.")
    await queue.kick(request, "expand_batches", job_id=queue.slot("expand_batches"))
    await queue.kick(request, "dispatch", job_id=queue.slot("dispatch"))
    return await _batch(await _fresh(batch))


async def stop(me: Me, batch: TheBatch) -> dict[str, Any]:
    """What has not left is cancelled, for good."""
    if batch.state == "draft":
        raise problems.one(409, "not_begun", steering.NOT_BEGUN)
    if not await steering.stop(batch, me):
        raise problems.one(409, "ended", "This batch has ended already.")
    return await _batch(await _fresh(batch))


async def retry(request: AnyRequest, me: Me, batch: TheBatch) -> dict[str, Any]:
    """One more attempt of those that failed, and of no other."""
    number = await steering.retry_failed(batch, me)
    await queue.kick(request, "dispatch", job_id=queue.slot("dispatch"))
    return {"retried": number, "batch": await _batch(await _fresh(batch))}


async def _may_read(me: User, account: Account) -> None:
    users.require(me, Permission.READ_BATCHES)
    if not await plans.includes(account, "batch"):
        raise problems.one(403, "tier", "Batches are not part of this dealership's plan. Compare plans.")


async def _composed(account: Account, me: User, body: Mapping[str, Any]) -> tuple[list[UUID], Words]:
    """The listings and what is said to their sellers. Raises Problems (422) with all that is wrong."""
    await plans.require(account, "batch")
    wrong: list[Problem] = []
    chosen = await _chosen(account, body, wrong)
    if body.get("body") is not None and body.get("template_id"):
        wrong.append(Problem("template_id", "invalid", "Give body or template_id, not both."))
    elif body.get("body") is None and not body.get("template_id") and not body.get("attachments"):
        wrong.append(Problem("body", "required", "Write a message first: give body or template_id."))
    if app := await _outside_plan(account, body["channel"]):
        wrong.append(messages.outside_plan(app))
    version = await _version(account, me, body, wrong)
    files = await _files(account, body.get("attachments"), version, wrong)
    plan = planning.plan_of(body, account, wrong)
    if wrong:
        raise Problems(422, wrong)
    line = body.get("opt_out_line")
    return chosen, Words(
        wording=version.body if version else body.get("body") or "",
        channel=body["channel"],
        to_field=body.get("to_number") or "mobile",
        subject=body.get("subject") or (version.subject if version else ""),
        template_version=version.id if version else None,
        opt_out_line=line is None or line,
        files=files,
        file_choice=body.get("files") or "skip",
        plan=plan,
    )


async def _outside_plan(account: Account, channel: str) -> str:
    """The app of a chosen channel, where the plan does not include it. Auto takes what there is."""
    features = (await plans.table()).get(account.tier, frozenset())
    return connections.lacking(channel, await connections.carrying(account.id, channel), features)


async def _chosen(account: Account, body: Mapping[str, Any], wrong: list[Problem]) -> list[UUID]:
    asked = body.get("listing_ids")
    by_view = any(body.get(name) is not None for name in ("view", *narrowing.QUERY))
    if (asked is not None) == by_view:
        said = "Give listing_ids, or a view with or without what narrows it, not both."
        wrong.append(Problem("listing_ids", "invalid", said))
        return []
    if asked is None:
        chosen, unread = narrowing.wanted(body)
        wrong += unread
        try:
            return [] if unread else await choosing.matching(account, chosen)
        except Refused as refused:
            wrong.append(Problem("view", refused.code, refused.message))
            return []
    found = await choosing.known(account, [UUID(each) for each in asked])
    there = set(found)
    wrong += [
        Problem(f"listing_ids[{place}]", "not_found", "There is no such listing. Check its id.")
        for place, each in enumerate(asked)
        if UUID(each) not in there
    ]
    return found


async def _version(account: Account, me: User, body: Mapping[str, Any], wrong: list[Problem]) -> TemplateVersion | None:
    if not body.get("template_id"):
        return None
    kind = "text" if body["channel"] == "auto" else body["channel"]
    try:
        return await message_templates.wording(account.id, me.id, UUID(body["template_id"]), kind)
    except NotFound:
        wrong.append(Problem("template_id", "not_found", "There is no such template for this channel."))
        return None


async def _files(
    account: Account, asked: Sequence[str] | None, version: TemplateVersion | None, wrong: list[Problem]
) -> tuple[UUID, ...]:
    if asked is None:
        return tuple(each.id for each in await template_files.files_of(version.id)) if version else ()
    ids = tuple(dict.fromkeys(map(UUID, asked)))
    there = {each.id for each in (await enclosures.read(account.id, ids, "")).files}
    wrong += [
        Problem(f"attachments[{place}]", "not_found", "There is no such file. Upload it first.")
        for place, each in enumerate(asked)
        if UUID(each) not in there
    ]
    return ids


async def _told(asked: Any, body: Mapping[str, Any]) -> Any:
    """What the domain answers; its no as a problem at the request's field."""
    try:
        return await asked
    except Refused as refused:
        if refused.code in (idempotency.CONFLICT, "no_permission"):
            raise
        at = FIELDS.get(refused.field) or planning.field(body, refused.field)
        raise problems.one(422, refused.code, refused.message, at) from None


async def _fresh(batch: Batch) -> Batch:
    return await starting.of(batch.account, batch.id)


async def _batch(batch: Batch) -> dict[str, Any]:
    counts = await watching.counts(batch)
    return {
        "id": batch.id,
        "state": batch.state,
        "size": batch.size,
        "channel": batch.channel,
        "body": batch.wording,
        "subject": batch.subject,
        "states": counts.states,
        "codes": _codes(counts.codes, counts.reasons),
        "held_reason": batch.held_reason,
        "send_at": batch.scheduled_at,
        "send_local": batch.schedule_wall,
        "send_zone": "seller" if batch.schedule_rule == "seller" else batch.schedule_zone,
        "leaves_at": await watching.leaves_at(batch, counts),
        "created_at": batch.created_at,
        "started_at": batch.started_at,
        "finished_at": batch.finished_at,
    }


def _codes(codes: Mapping[str, int], reasons: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    said = reasons or {}
    return [
        {"code": code, "message": batch_pages.told(code, said.get(code, "")) if code else "", "number": number}
        for code, number in sorted(codes.items(), key=lambda each: (-each[1], each[0]))
        if number
    ]


def _length(verdict: Verdict) -> tuple[int, int]:
    return (len(verdict.letter.body) if verdict.letter else 0, verdict.fallbacks)


def _message(verdict: Verdict) -> dict[str, Any]:
    letter = verdict.letter
    return {
        "listing_id": verdict.listing,
        "channel": verdict.channel,
        "subject": letter.subject if letter else "",
        "body": letter.body if letter else "",
        "segments": verdict.segments,
        "fallbacks": verdict.fallbacks,
    }


def _recipient(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("state", "code", "reason", "segments", "attempts", "changed_at")
    return {
        "message_id": row["id"],
        "listing_id": row["listing"],
        "channel": row["channel"] if row["to_address"] else "",
        "to": row["to_address"],
        **{name: row[name] for name in names},
    }


def _cursor(query: Mapping[str, Any]) -> UUID | None:
    if not query.get("cursor"):
        return None
    try:
        return UUID(query["cursor"])
    except ValueError:
        message = "This is not a cursor of this list. Give `next` of the page before."
        raise problems.one(422, "invalid", message, field="cursor") from None


def _accepted(batch: UUID, *, replayed: bool = False) -> Response[Any]:
    headers = {"Idempotency-Replayed": "true"} if replayed else {}
    return Response({"id": batch, "state": "expanding"}, status_code=202, headers=headers)

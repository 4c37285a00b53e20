"""Messages over the API: sent, previewed, shown, cancelled."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from litestar import Request, Response

from domain import (
    api_records,
    composing,
    departures,
    enclosures,
    idempotency,
    introductions,
    listings,
    message_templates,
    plans,
    scenes,
    template_files,
    users,
)
from domain import messages as all_messages
from domain.accounts import Account
from domain.composing import Draft
from domain.enclosures import Enclosures
from domain.errors import NotFound, Refused
from domain.gate import Refusal
from domain.message_templates import TemplateVersion
from domain.scenes import Scene
from domain.users import Permission, User
from domain.wildcards import WILDCARDS
from domain.wordings import Letter
from web import queue
from web.handlers.api import answers, bodies, planning, problems
from web.handlers.api.problems import Problem, Problems
from web.lookups import Me, TheAccount, TheMessage

AnyRequest = Request[Any, Any, Any]

LONGEST_KEY = 255
# A refusal is told at the field a program can change; the others are about the whole request.
FIELDS = {
    "stage_dnc": "listing_id",
    "stage_pass": "listing_id",
    "no_contact": "to_number",
    "phone_invalid": "to_number",
    "email_invalid": "channel",
    "opted_out": "to_number",
    "no_connection": "channel",
    "attachment_unsupported": "attachments",
}


async def create(request: AnyRequest, me: Me, account: TheAccount) -> Response[Any]:
    """Takes a message on (202), once a key; it leaves at `send_at`, else at once, without waiting for undo."""
    users.require(me, Permission.SEND)
    key = key_of(request)
    body = await bodies.read(request, "MessageInput")
    if earlier := await idempotency.first(account.id, key, body):
        return _accepted(earlier, body, replayed=True)
    scene, draft = await _composed(account, me, body)
    try:
        message_id = await idempotency.send(scene, draft, key, body)
    except Refused as error:
        if error.code == idempotency.CONFLICT:
            raise
        against = await _against(scene, draft, composing.composed(scene, draft), body)
        raise Problems(422, against or [planning.problem(body, error)]) from None
    await queue.kick(request, "dispatch", job_id=queue.slot("dispatch"))
    await queue.hint(request, [scene.listing.id])
    return _accepted(message_id, body)


async def preview(request: AnyRequest, me: Me, account: TheAccount) -> dict[str, Any]:
    """What the seller would read, what it costs, and everything that stands against it. Nothing is stored."""
    body = await bodies.read(request, "PreviewInput")
    scene, draft = await _composed(account, me, body)
    letter = composing.composed(scene, draft)
    return answers.preview(letter, await _against(scene, draft, letter, body))


async def show(account: TheAccount, message: TheMessage) -> dict[str, Any]:
    """One message with every attempt and every receipt."""
    return answers.message_detail(await api_records.message(account.id, message.id))


async def unschedule(request: AnyRequest, me: Me, message: TheMessage) -> dict[str, Any]:
    """Takes back what has not left yet; 409 when it has."""
    users.require(me, Permission.SEND)
    if not await all_messages.cancel(message, me):
        raise problems.one(409, "already_left", "It is too late: this message has left.")
    await queue.hint(request, [message.listing])
    return {"id": message.id, "state": (await all_messages.by_id(message.account, message.id)).state}


def key_of(request: AnyRequest) -> str:
    """What a program calls this request. Raises Problems (400) without one."""
    key = request.headers.get("idempotency-key", "").strip()
    if not key:
        message = "Send the header Idempotency-Key: a new value for each message, the same when you try again."
        raise problems.one(400, "required", message, field="Idempotency-Key")
    if len(key) > LONGEST_KEY or not (key.isascii() and key.isprintable()):
        message = f"An idempotency key has {LONGEST_KEY} printable ASCII characters at most, such as a UUID."
        raise problems.one(400, "invalid", message, field="Idempotency-Key")
    return key


def _wrong(body: Mapping[str, Any]) -> list[Problem]:
    """What fits the schema and does not fit together."""
    wrong = []
    if body.get("subject") and body["channel"] != "email":
        wrong.append(Problem("subject", "invalid", "Only an email has a subject. Leave it out."))
    if body.get("opt_out_line") and body["channel"] != "text":
        wrong.append(Problem("opt_out_line", "invalid", "Only a text has an opt-out line. Leave it out."))
    if body.get("body") is not None and body.get("template_id"):
        wrong.append(Problem("template_id", "invalid", "Give body or template_id, not both."))
    elif body.get("body") is None and not body.get("template_id") and not body.get("attachments"):
        wrong.append(Problem("body", "required", "Write a message first: give body or template_id."))
    return wrong


async def _composed(account: Account, me: User, body: Mapping[str, Any]) -> tuple[Scene, Draft]:
    """The listing's surroundings and what to send. Raises Problems (422)."""
    wrong = _wrong(body)
    plan = planning.plan_of(body, account, wrong)
    listing, version = None, None
    try:
        listing = await listings.of(account.id, UUID(body["listing_id"]))
    except NotFound:
        wrong.append(Problem("listing_id", "not_found", "There is no such listing. Check its id."))
    if body.get("template_id"):
        try:
            version = await message_templates.wording(account.id, me.id, UUID(body["template_id"]), body["channel"])
        except NotFound:
            wrong.append(Problem("template_id", "not_found", "There is no such template for this channel."))
    files = await _files(account, body.get("attachments"), version, wrong)
    if wrong or listing is None:
        raise Problems(422, wrong)
    wording = version.body if version else body.get("body") or ""
    draft = Draft(
        body=introductions.with_opt_out(wording) if body.get("opt_out_line") else wording,
        channel=body["channel"],
        subject=body.get("subject") or (version.subject if version else ""),
        to_field=body.get("to_number") or "",
        template_version=version.id if version else None,
        files=files,
        origin="api",
        plan=plan,
    )
    return await scenes.of(account, me, listing), draft


async def _files(
    account: Account, asked: Sequence[str] | None, version: TemplateVersion | None, wrong: list[Problem]
) -> tuple[UUID, ...]:
    """The files that were asked for, once each, else those of the template."""
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


async def _against(scene: Scene, draft: Draft, letter: Letter, body: Mapping[str, Any]) -> list[Problem]:
    """Everything that stands against a draft: what the gate says, then what is wrong with its words."""
    enclosed = await enclosures.read(scene.account.id, draft.files, draft.body)
    known = tuple(token for token in letter.missing if token in WILDCARDS)  # others are told as unknown
    asked = (scene, draft.channel, draft.to_field, known, enclosed)
    if draft.plan is None:
        refusals = (await composing.judge(*asked)).refusals
    else:
        try:
            departure = await departures.of(scene, draft.plan)
        except Refused as error:
            return [planning.problem(body, error)]
        refusals = departures.against(await composing.judge(*asked, kind="scheduled", at=departure.at))
    refused = [_refused(each, scene, draft.channel, letter) for each in refusals]
    told = {each.field for each in refused}
    return refused + [each for each in _wording_problems(scene, draft, enclosed) if each.field not in told - {"body"}]


def _wording_problems(scene: Scene, draft: Draft, enclosed: Enclosures) -> list[Problem]:
    found = [Problem(each.field, "unknown_wildcard", each.message) for each in composing.problems(scene, draft)]
    if found:
        return found
    try:
        composing.checked(scene, draft, enclosed)
    except Refused as error:
        return [Problem(error.field, error.code, error.message)]
    return []


def _refused(refusal: Refusal, scene: Scene, channel: str, letter: Letter) -> Problem:
    code, _, token = refusal.code.partition(":")
    field = FIELDS.get(code, "")
    if code == "no_connection" and (app := scene.lacking(channel)):
        return outside_plan(app)
    if code == "missing_wildcard":
        field = "body" if token in letter.rendered.missing else "subject"
    elif field == "to_number" and channel != "text":
        field = "channel"
    return Problem(field, refusal.code, refusal.message)


def outside_plan(app: str) -> Problem:
    """Of a message by an app that cannot be connected either."""
    return Problem("channel", "tier", f"{plans.lacks(app)} Compare plans.")


def _accepted(message_id: UUID, body: Mapping[str, Any], *, replayed: bool = False) -> Response[Any]:
    """The same for every request with the same key, whatever has become of the message since."""
    headers = {"Idempotency-Replayed": "true"} if replayed else {}
    state = "pending" if planning.is_planned(body) else "queued"
    return Response({"id": message_id, "state": state}, status_code=202, headers=headers)

"""Messages over the API: sent, previewed, shown, cancelled."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from litestar import Request, Response

from domain import api_records, composing, idempotency, listings, message_templates, users, wildcards, wordings
from domain import messages as all_messages
from domain.accounts import Account
from domain.composing import Draft, GateRefused, Scene
from domain.errors import NotFound, Refused
from domain.gate import Refusal
from domain.users import Permission, User
from web import queue
from web.handlers.api import answers, bodies, problems
from web.handlers.api.problems import Problem, Problems
from web.lookups import Me, TheAccount, TheMessage

AnyRequest = Request[Any, Any, Any]

LONGEST_KEY = 255
NOT_YET = {"email": "Email", "facebook": "Facebook", "kijiji": "Kijiji", "form": "The contact form"}
# A refusal is told at the field a program can change; the others are about the whole request.
FIELDS = {
    "stage_dnc": "listing_id",
    "stage_pass": "listing_id",
    "no_contact": "to_number",
    "phone_invalid": "to_number",
    "opted_out": "to_number",
    "no_connection": "channel",
}


async def create(request: AnyRequest, me: Me, account: TheAccount) -> Response[Any]:
    """Takes a message on (202), once a key; it leaves at once, without waiting for undo."""
    users.require(me, Permission.SEND)
    key = _key(request)
    body = await bodies.read(request, "MessageInput")
    if earlier := await idempotency.first(account.id, key, body):
        return _accepted(earlier, replayed=True)
    scene, draft = await _composed(account, me, body)
    try:
        message_id = await idempotency.send(scene, draft, key, body)
    except Refused as error:
        if error.code == idempotency.CONFLICT:
            raise
        raise Problems(422, await _all_problems(scene, draft, error)) from None
    await queue.kick(request, "dispatch", job_id=queue.slot("dispatch"))
    await queue.hint(request, [scene.listing.id])
    return _accepted(message_id)


async def preview(request: AnyRequest, me: Me, account: TheAccount) -> dict[str, Any]:
    """What the seller would read, what it costs, and everything that stands against it. Nothing is stored."""
    body = await bodies.read(request, "PreviewInput")
    scene, draft = await _composed(account, me, body)
    rendered = wordings.render(draft.body, scene.values(), plain=scene.account.plain_texts)
    decision = await composing.judge(scene, draft.to_field, _known(rendered.missing))
    refusals = [Problem("", each.code, each.message) for each in decision.refusals]
    refusals += _wording_problems(scene, draft)
    return {
        "body": rendered.body,
        "subject": "",
        "encoding": rendered.cost.encoding,
        "characters": rendered.cost.characters,
        "segments": rendered.cost.segments,
        "missing": list(rendered.missing),
        "refusals": [{"code": each.code, "message": each.message} for each in refusals],
    }


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


def _key(request: AnyRequest) -> str:
    key = request.headers.get("idempotency-key", "").strip()
    if not key:
        message = "Send the header Idempotency-Key: a new value for each message, the same when you try again."
        raise problems.one(400, "required", message, field="Idempotency-Key")
    if len(key) > LONGEST_KEY or not (key.isascii() and key.isprintable()):
        message = f"An idempotency key has {LONGEST_KEY} printable ASCII characters at most, such as a UUID."
        raise problems.one(400, "invalid", message, field="Idempotency-Key")
    return key


def _not_there_yet(body: Mapping[str, Any]) -> list[Problem]:
    wrong = []
    if body["channel"] in NOT_YET:
        sentence = f"{NOT_YET[body['channel']]} is not connected. Use the channel text."
        wrong.append(Problem("channel", "no_connection", sentence))
    if body.get("subject"):
        wrong.append(Problem("subject", "invalid", "A text has no subject. Leave it out."))
    if body.get("send_at"):
        sentence = "Messages cannot be scheduled yet. Leave send_at out, and it leaves at once."
        wrong.append(Problem("send_at", "not_available", sentence))
    if body.get("attachments"):
        wrong.append(Problem("attachments", "attachment_unsupported", "Texts take no attachments. Leave them out."))
    if body.get("body") is not None and body.get("template_id"):
        wrong.append(Problem("template_id", "invalid", "Give body or template_id, not both."))
    elif body.get("body") is None and not body.get("template_id"):
        wrong.append(Problem("body", "required", "Write a message first: give body or template_id."))
    return wrong


async def _composed(account: Account, me: User, body: Mapping[str, Any]) -> tuple[Scene, Draft]:
    """The listing's surroundings and what to send. Raises Problems (422)."""
    wrong = _not_there_yet(body)
    listing, words, version = None, body.get("body") or "", None
    try:
        listing = await listings.of(account.id, UUID(body["listing_id"]))
    except NotFound:
        wrong.append(Problem("listing_id", "not_found", "There is no such listing. Check its id."))
    if body.get("template_id"):
        try:
            found = await message_templates.wording(account.id, me.id, UUID(body["template_id"]), body["channel"])
            words, version = found.body, found.id
        except NotFound:
            wrong.append(Problem("template_id", "not_found", "There is no such template for this channel."))
    if wrong or listing is None:
        raise Problems(422, wrong)
    draft = Draft(
        body=words,
        channel=body["channel"],
        to_field=body.get("to_number") or "",
        template_version=version,
        origin="api",
    )
    return await composing.scene(account, me, listing), draft


async def _all_problems(scene: Scene, draft: Draft, error: Refused) -> Iterable[Problem]:
    """The domain stops at the first thing that stands against a message; a program is told of all of them."""
    if isinstance(error, GateRefused):
        return map(_refused, error.refusals)
    wording = _wording_problems(scene, draft)
    if not wording:
        return [Problem(error.field, error.code, error.message)]
    rendered = wordings.render(draft.body, scene.values(), plain=scene.account.plain_texts)
    decision = await composing.judge(scene, draft.to_field, _known(rendered.missing))
    return [*map(_refused, decision.refusals), *wording]


def _wording_problems(scene: Scene, draft: Draft) -> list[Problem]:
    found = [Problem("body", "unknown_wildcard", each.message) for each in wildcards.problems(draft.body)]
    if found:
        return found
    try:
        composing.checked(scene, draft)
    except Refused as error:
        return [Problem(error.field, error.code, error.message)]
    return []


def _known(missing: Iterable[str]) -> tuple[str, ...]:
    """Unknown wildcards are told as such, not as missing values."""
    return tuple(token for token in missing if token in wildcards.WILDCARDS)


def _refused(refusal: Refusal) -> Problem:
    code = refusal.code
    field = "body" if code.startswith("missing_wildcard") else FIELDS.get(code, "")
    return Problem(field, code, refusal.message)


def _accepted(message_id: UUID, *, replayed: bool = False) -> Response[Any]:
    """The same for every request with the same key, whatever has become of the message since."""
    headers = {"Idempotency-Replayed": "true"} if replayed else {}
    return Response({"id": message_id, "state": "queued"}, status_code=202, headers=headers)

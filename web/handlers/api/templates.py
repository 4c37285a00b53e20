"""Saved wordings over the API: listed, shown, written, changed, deleted."""

from typing import Any
from uuid import UUID

from litestar import Request, Response

from domain import message_templates, template_files
from domain.errors import NotFound, Refused
from domain.message_templates import SCOPES, TYPES, MessageTemplate, TemplateVersion, keeping
from domain.message_templates.keeping import NotSaved, Typed
from web.handlers.api import answers, bodies, problems
from web.handlers.api.problems import Problem, Problems
from web.handlers.api.shapes import MOST_ITEMS, Schema
from web.lookups import Me, TheAccount, TheTemplate

AnyRequest = Request[Any, Any, Any]

INDEX_QUERY: dict[str, Schema] = {
    "type": {"type": "string", "enum": list(TYPES)},
    "scope": {"type": "string", "enum": list(SCOPES)},
    "q": {"type": "string", "maxLength": 200, "description": "Words of name, subject or body."},
    "cursor": {"type": "string", "description": "`next` of the page before."},
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": message_templates.PAGE},
}
STATUS = {keeping.CONFLICT: 409, keeping.DELETED: 404, "no_permission": 403}
FIELDS = {"attachment": "attachments"}
WORDS = {  # for programs, which hold no window open
    keeping.CONFLICT: "This template has a newer version than yours. Read it again and send your change with that one.",
    keeping.DELETED: "This template was deleted. Make a new one to keep your words.",
}


async def index(request: AnyRequest, me: Me, account: TheAccount) -> dict[str, Any]:
    """The templates that this user may pick, in the order of the selector."""
    query = bodies.query(request, INDEX_QUERY)
    cursor = query.get("cursor", "")
    if cursor and not message_templates.is_cursor(cursor):
        sentence = "This is not a cursor of this list. Give `next` of the page before."
        raise problems.one(422, "invalid", sentence, field="cursor")
    narrowed = (query.get("type", ""), query.get("scope", ""), query.get("q", ""))
    limit = query.get("limit", message_templates.PAGE)
    page = await message_templates.page(account.id, me.id, *narrowed, after=cursor, limit=limit)
    files = await template_files.listed([row["version"] for row in page.rows])
    return {"items": [answers.template(row, files.get(row["version"], ())) for row in page.rows], "next": page.next}


async def show(template: TheTemplate) -> dict[str, Any]:
    """One template as it is now."""
    return await _shown(_there(template))


async def create(request: AnyRequest, me: Me, account: TheAccount) -> Response[Any]:
    """A new template (201)."""
    body = await bodies.read(request, "TemplateInput")
    typed = Typed(**_given(body))
    try:
        template = await keeping.create(account, me, typed)
    except Refused as refused:
        raise _problems(refused) from None
    return Response(await _shown(template), status_code=201)


async def update(request: AnyRequest, me: Me, account: TheAccount, template: TheTemplate) -> dict[str, Any]:
    """Changes what is given; other words or files are a new version."""
    body = await bodies.read(request, "TemplateChange")
    version = await keeping.current(_there(template).id)
    try:
        await keeping.change(account, me, template, await _changed(template, version, body), body.get("version"))
    except Refused as refused:
        raise _problems(refused) from None
    return await _shown(await message_templates.of(account.id, me.id, template.id))


async def destroy(me: Me, account: TheAccount, template: TheTemplate) -> dict[str, Any]:
    """Takes it out of every list; 404 when that was done already."""
    try:
        if not await keeping.archive(account, me, _there(template)):
            raise NotFound
    except Refused as refused:
        raise _problems(refused) from None
    return await _shown(template)


def _there(template: MessageTemplate) -> MessageTemplate:
    if template.archived_at:
        raise NotFound
    return template


async def _shown(template: MessageTemplate) -> dict[str, Any]:
    version = await keeping.current(template.id)
    files = await template_files.listed([version.id])
    words = {"subject": version.subject, "body": version.body, "n": version.n, "changed_at": version.created_at}
    return answers.template({**template.to_dict(), **words}, files.get(version.id, ()))


async def _changed(template: MessageTemplate, version: TemplateVersion, body: dict[str, Any]) -> Typed:
    """The template as it would be: what is given, and of the rest what is there."""
    given = {name: each for name, each in body.items() if name != "version"}
    if "attachments" not in given:
        given["attachments"] = [str(each.id) for each in await template_files.files_of(version.id)]
    there = {name: getattr(template, name) for name in ("type", "scope", "purpose", "name")}
    return Typed(**_given({**there, "subject": version.subject, "body": version.body, **given}))


def _given(body: dict[str, Any]) -> dict[str, Any]:
    files = tuple(UUID(each) for each in body.get("attachments", ()))
    return {**{name: each for name, each in body.items() if name != "attachments"}, "files": files}


def _problems(refused: Refused) -> Problems:
    """Everything that stands against it, at the fields of the request."""
    refusals = refused.refusals if isinstance(refused, NotSaved) else (refused,)
    told = [
        Problem(FIELDS.get(each.field, each.field), each.code, WORDS.get(each.code, each.message)) for each in refusals
    ]
    return Problems(STATUS.get(refused.code, 422), told)

"""What people do with saved wordings: write, change, copy, delete, put shipped ones away."""

from typing import Any
from uuid import UUID

from domain import audit, clock, db, template_files, users
from domain.accounts import Account
from domain.db import DUPLICATE, is_duplicate, writing
from domain.errors import NotFound, Refused
from domain.message_templates.checking import LONGEST_NAME, NotSaved, Typed, check, cleaned
from domain.message_templates.picking import GONE
from domain.message_templates.tables import (
    TYPES,
    HiddenTemplate,
    MessageTemplate,
    TemplateVersion,
    name_key,
    search_text,
)
from domain.users import Permission, User

__all__ = ["NotSaved", "Typed", "archive", "change", "copy", "create", "current", "hide", "show", "versions"]

MOST_COPIES = 50
DELETED = "deleted"
CONFLICT = "version_conflict"


async def create(account: Account, me: User, typed: Typed) -> MessageTemplate:
    """A new template. Raises NotSaved, and Refused when the name is taken or the person may not write such ones."""
    _require(account, me, typed.scope)
    typed = cleaned(typed)
    await check(account, typed)
    template = MessageTemplate(
        account=account.id,
        owner=me.id if typed.scope == "local" else None,
        type=typed.type,
        scope=typed.scope,
        **_described(typed),
    )
    try:
        async with writing():
            await MessageTemplate.insert(template)
            await _add_version(template.id, 1, typed, me)
            await _note(account, me, template, "created")
    except DUPLICATE as error:
        if not is_duplicate(error):
            raise
        raise await _taken(template) from error
    return template


async def change(account: Account, me: User, template: MessageTemplate, typed: Typed, seen: int | None = None) -> bool:
    """Writes what changed; whether the wording did, which makes a new version.

    `seen` is the number of the version that was on the screen. Raises NotSaved, and Refused when the name is taken,
    when somebody changed (`version_conflict`) or deleted (`deleted`) it meanwhile, or when it is not theirs to change.
    """
    may_change(account, me, template)
    if template.archived_at:
        raise _deleted()
    typed = cleaned(typed, template)
    await check(account, typed)
    try:
        async with writing():
            kept = (MessageTemplate.id == template.id) & MessageTemplate.archived_at.is_null()
            if not await MessageTemplate.update(_described(typed)).where(kept).returning(MessageTemplate.id):
                raise _deleted()
            version = await current(template.id)
            if seen is not None and version.n != seen:
                raise _changed_meanwhile()
            changed = await _renew(version, typed, me)
            if changed or (typed.name, typed.purpose) != (template.name, template.purpose):
                await _note(account, me, template, "changed", name=typed.name, version=version.n + changed)
    except DUPLICATE as error:
        if not is_duplicate(error):
            raise
        raise await _taken(template, typed.name) from error
    return changed


async def archive(account: Account, me: User, template: MessageTemplate) -> bool:
    """Deletes it for everybody who could pick it; its versions stay with what was sent. False when it was deleted
    already. Raises Refused when it is not theirs to delete."""
    may_change(account, me, template)
    async with writing():
        kept = (MessageTemplate.id == template.id) & MessageTemplate.archived_at.is_null()
        gone = MessageTemplate.update({MessageTemplate.archived_at: clock.now()}).where(kept)
        archived = bool(await gone.returning(MessageTemplate.id))
        if archived:
            await _note(account, me, template, "deleted")
    return archived


async def copy(account: Account, me: User, template: MessageTemplate, scope: str) -> MessageTemplate:
    """The same words and files as a template of one's own or everybody's, under a free name “… (copy)”."""
    version = await current(template.id)
    files = [each.id for each in await template_files.files_of(version.id)]
    for n in range(1, MOST_COPIES + 1):
        typed = Typed(
            template.type, scope, template.purpose, _copied(template.name, n), version.body, version.subject, files
        )
        try:
            return await create(account, me, typed)
        except Refused as refused:
            if refused.code != "name_taken":
                raise
    raise Refused("There are too many copies of this template. Delete or rename some first.", field="name")


async def hide(account: Account, me: User, template: MessageTemplate) -> None:
    """Puts a shipped template away for the whole dealership. Raises Refused for any other."""
    users.require(me, Permission.GLOBAL_TEMPLATES, account)
    if template.scope != "shipped":
        raise Refused("Only templates that come with Lotwire can be hidden. Delete this one instead.")
    async with writing():
        row = HiddenTemplate(account=account.id, template=template.id, hidden_by=me.id)
        once = (HiddenTemplate.account, HiddenTemplate.template)
        if await HiddenTemplate.insert(row).on_conflict(target=once, action="DO NOTHING"):
            await audit.record(account.id, me.id, "template.hidden", template.id, name=template.name)


async def show(account: Account, me: User, template: MessageTemplate) -> None:
    """Takes a hidden one out again."""
    users.require(me, Permission.GLOBAL_TEMPLATES, account)
    async with writing():
        hidden = (HiddenTemplate.account == account.id) & (HiddenTemplate.template == template.id)
        if await HiddenTemplate.delete().where(hidden).returning(HiddenTemplate.id):
            await audit.record(account.id, me.id, "template.shown", template.id, name=template.name)


def may_change(account: Account, me: User, template: MessageTemplate) -> None:
    """Raises Refused unless this person may change and delete it, NotFound for somebody else's."""
    if template.scope == "shipped":
        sentence = "This template comes with Lotwire. Copy it, then change the copy; or hide it."
        raise Refused(sentence, code="shipped")
    if template.account != account.id or (template.scope == "local" and template.owner != me.id):
        raise NotFound
    _require(account, me, template.scope)


async def current(template_id: UUID) -> TemplateVersion:
    """What a template says now."""
    where = (TemplateVersion.template == template_id) & TemplateVersion.current.eq(True)
    version: TemplateVersion = await db.found(TemplateVersion.objects().get(where))
    return version


async def versions(template_id: UUID) -> list[dict[str, Any]]:
    """Every version, newest first, as {id, n, current, subject, body, created_at, by (a name or None), files (names)}.
    Two queries."""
    rows: list[dict[str, Any]] = await MessageTemplate.raw(
        """SELECT v.id, v.n, v.current, v.subject, v.body, v.created_at, a.name AS "by"
           FROM template_version v LEFT JOIN app_user a ON a.id = v.created_by
           WHERE v.template = {} ORDER BY v.n DESC""",
        template_id,
    )
    files = await template_files.listed([row["id"] for row in rows])
    named = {version: [each["name"] for each in there] for version, there in files.items()}
    return [{**row, "current": bool(row["current"]), "files": named.get(row["id"], [])} for row in rows]


def _require(account: Account, me: User, scope: str) -> None:
    if scope == "global" and not users.may(me, Permission.GLOBAL_TEMPLATES, account):
        local_too = users.may(me, Permission.LOCAL_TEMPLATES)
        sentence = "Only managers of your dealership change templates for everyone."
        step = "Save it for yourself instead." if local_too else "Ask one of them."
        raise Refused(f"{sentence} {step}", field="scope", code="no_permission")
    users.require(me, Permission.LOCAL_TEMPLATES)


def _described(typed: Typed) -> dict[Any, Any]:
    return {
        "purpose": typed.purpose,
        "name": typed.name,
        "name_key": name_key(typed.name),
        "search": search_text(typed.name, typed.subject, typed.body),
    }


async def _renew(version: TemplateVersion, typed: Typed, me: User) -> bool:
    """Writes the next version unless nothing in it is new. Its template's row is held by the caller's update."""
    files = [each.id for each in await template_files.files_of(version.id)]
    if (version.subject, version.body, files) == (typed.subject, typed.body, list(typed.files)):
        return False
    await TemplateVersion.update({TemplateVersion.current: False}).where(TemplateVersion.id == version.id)
    await _add_version(version.template, version.n + 1, typed, me)
    return True


async def _add_version(template_id: UUID, n: int, typed: Typed, me: User) -> None:
    version = TemplateVersion(template=template_id, n=n, subject=typed.subject, body=typed.body, created_by=me.id)
    await TemplateVersion.insert(version)
    await template_files.attach(version.id, typed.files)


async def _note(account: Account, me: User, template: MessageTemplate, what: str, **detail: Any) -> None:
    """Global ones concern everybody, so it is kept who did what with them."""
    if template.scope == "global":
        named = {"name": template.name, "type": template.type, **detail}
        await audit.record(account.id, me.id, f"template.{what}", template.id, **named)


async def _taken(template: MessageTemplate, name: str | None = None) -> Refused:
    """Names the template that has the name already."""
    key = name_key(name or template.name)
    same = (MessageTemplate.name_key == key) & (MessageTemplate.type == template.type)
    if template.scope == "local":
        same &= (MessageTemplate.scope == "local") & (MessageTemplate.owner == template.owner)
    else:
        same &= (MessageTemplate.scope == "global") & (MessageTemplate.account == template.account)
    other = await MessageTemplate.objects().get(same & MessageTemplate.archived_at.is_null())
    whose = "You have" if template.scope == "local" else "Everyone has"
    kind = TYPES[template.type].lower() if template.type in ("text", "email", "form") else TYPES[template.type]
    there = other.name if other else name or template.name
    sentence = f"{whose} a {kind} template named “{there}” already. Choose another name."
    return Refused(sentence.replace(" a email ", " an email "), field="name", code="name_taken")


def _deleted() -> Refused:
    return Refused(f"{GONE} Save it as a new template to keep it.", code=DELETED)


def _changed_meanwhile() -> Refused:
    sentence = "Somebody changed this template while you wrote. Your text is still here; save again to replace theirs."
    return Refused(sentence, code=CONFLICT)


def _copied(name: str, n: int) -> str:
    """`Name (copy)`, `Name (copy 2)` …, cut so that it is not too long."""
    ending = " (copy)" if n == 1 else f" (copy {n})"
    return name[: LONGEST_NAME - len(ending)].rstrip() + ending

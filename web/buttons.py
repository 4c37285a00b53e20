"""What the buttons of the Send Message window do to its fields: templates, values, emoji, files, another channel."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from domain import (
    attachments,
    drafts,
    emojis,
    introductions,
    message_templates,
    template_files,
    text,
    users,
    wildcards,
)
from domain.errors import NotFound, Refused
from domain.message_templates import TemplateVersion
from domain.scenes import Scene
from domain.users import Permission
from web import composer, introducing
from web.forms import Form
from web.render import url_for
from web.typed import Typed


@dataclass(frozen=True)
class Pressed:
    """The fields afterwards.

    picked     the wording of the template that was put in
    question   {template_id, name}: text was typed already, Replace or Append?
    notice     a sentence about what could not be done
    leads_to   where the person wants to go; the draft is kept
    saved      the draft, where it was read or written
    conflict   the draft as it stands elsewhere, where it could not be written
    """

    typed: Typed
    picked: str = ""
    question: dict[str, str] | None = None
    notice: str | None = None
    leads_to: str = ""
    saved: drafts.Saved | None = None
    conflict: drafts.Conflict | None = None


async def window(scene: Scene, done: Pressed, **more: Any) -> dict[str, Any]:
    """The window with what was done to it."""
    if (done.saved or done.conflict) and not more.get("draft"):
        revision = done.typed.revision
        zone = scene.account.timezone
        more["draft"] = composer.draft_state(done.saved, zone, revision=revision, conflict=done.conflict)
    context = await composer.window(scene, done.typed, question=done.question, picked=done.picked, **more)
    return {**context, "notice": {"text": done.notice, "tone": "warn"} if done.notice else None}


async def opened(
    scene: Scene, saved: drafts.Saved | None, to: str = "", channel: str = "", template_id: str = ""
) -> Pressed:
    """The fields of a window that opens: those of the draft, for the number that was clicked or the channel that was
    asked for, with the words of a template. Without words a first text begins with its line."""
    typed = Typed.kept(saved) if saved else Typed()
    if to in ("mobile", "phone"):
        typed = replace(typed, to=to, channel=channel or typed.channel or "text")
    elif channel:
        typed = replace(typed, channel=channel)
    done = await filled(scene, replace(typed, template_id=template_id)) if template_id else Pressed(typed)
    kept, now = saved.writing if saved else drafts.Writing(), done.typed
    if not kept.body.strip() or (kept.channel, kept.to_field) != (now.channel, now.to):
        done = replace(done, typed=introducing.turned(scene, now))
    return done


async def pressed(scene: Scene, typed: Typed, form: Form) -> Pressed:
    """What the button of a form that was posted as a whole asks for."""
    if channel := form.value("pick"):
        return Pressed(introducing.turned(scene, replace(typed, channel=channel, template_id="")))
    if token := form.value("insert"):
        return Pressed(introducing.added(scene, typed, composer.value(scene, token)))
    if emoji := form.value("insert_emoji"):
        return Pressed(introducing.added(scene, typed, await _picked_emoji(scene, emoji)))
    if file := drafts.typed_ids([form.value("detach")]):
        return Pressed(replace(typed, files=_without(typed.files, file)))
    if file := drafts.typed_ids([form.value("share")]):
        return await _shared(scene, typed, file[0])
    match form.value("do"):
        case "attach":
            return await _attached(scene, typed, form)
        case "save-template" | "edit-template" as deed:
            return await _on_to_templates(scene, typed, deed)
        case "theirs":
            saved = await drafts.of(scene.user.id, scene.listing.id)
            return Pressed(
                replace(Typed.kept(saved), nonce=typed.nonce, seen=typed.seen) if saved else typed, saved=saved
            )
        case "save" | "mine" as deed:
            return await _kept(scene, typed, anyway=deed == "mine")
        case "load" | "replace" | "append" | "normalize" as deed:
            return await filled(scene, typed, "" if deed == "load" else deed)
        case _:  # the preview, or a panel beside the fields
            turned = form.value("was") not in ("", f"{typed.channel} {typed.to}")
            return Pressed(introducing.turned(scene, typed) if turned else typed)


async def filled(scene: Scene, typed: Typed, deed: str = "") -> Pressed:
    """The fields after a template was picked: its words with this vehicle's values in them, its subject and files.

    `deed` replace or append answers the question that typed text raises; normalize makes the text plain, and number
    was chosen anew. The line of a first text stays below the words.
    """
    if deed == "normalize":
        return Pressed(replace(typed, body=text.plain(typed.body)))
    if deed == "number":
        return Pressed(introducing.turned(scene, typed))
    template = drafts.typed_ids([typed.template_id])
    if not template:
        return Pressed(typed)
    channel = typed.channel or "text"
    try:
        picked = await message_templates.of(scene.account.id, scene.user.id, template[0])
        version = await message_templates.wording(scene.account.id, scene.user.id, template[0], picked.type)
    except NotFound:
        return Pressed(replace(typed, template_id=""), notice=message_templates.GONE)
    if picked.type != channel and typed.channel:
        return Pressed(replace(typed, template_id=""), notice="This template is for another type of message.")
    values = scene.values()
    body = wildcards.fill(version.body, values).body
    wording, below = introductions.parted(typed.body, values)
    if deed == "append" and wording.strip():
        body = f"{wording.rstrip()}\n\n{body}"
    elif deed != "replace" and wording.strip() and wording.strip() != body.strip():
        return Pressed(typed, question={"template_id": typed.template_id, "name": picked.name})
    if introducing.due(scene, picked.type, typed.to) and (below or deed != "append"):
        below = introductions.line(values, body)
    body = introductions.joined(body, below)
    return await _put(scene, replace(typed, channel=picked.type), body, version, deed)


async def version(scene: Scene, typed: Typed) -> UUID | None:
    """The version of the template whose words were put in, to be kept with the message, whatever became of the template
    since; None when none was."""
    if typed.version is None:
        return None
    return await message_templates.known_version(scene.account.id, typed.version)


async def _put(scene: Scene, typed: Typed, body: str, version: TemplateVersion, deed: str) -> Pressed:
    subject = "" if deed == "replace" else typed.subject
    if version.subject and not subject.strip():
        subject = wildcards.fill(version.subject, scene.values()).body
    brought = tuple(each.id for each in await template_files.files_of(version.id))
    files = tuple(dict.fromkeys((*typed.files, *brought)))
    return Pressed(replace(typed, body=body, subject=subject, files=files, version=version.id), picked=version.body)


async def _picked_emoji(scene: Scene, emoji: str) -> str:
    await emojis.used(scene.user, emoji)
    return emojis.toned(emoji, scene.user.skin_tone)


async def _attached(scene: Scene, typed: Typed, form: Form) -> Pressed:
    """The chosen files, uploaded with the form; those that cannot be kept are told of, and the others stay."""
    users.require(scene.user, Permission.SEND, scene.account)
    added: list[UUID] = []
    problems: list[str] = []
    for upload in form.files:
        try:
            added.append((await attachments.upload(scene.account.id, scene.user.id, upload)).id)
        except Refused as refused:
            problems.append(refused.message)
    if not form.files:
        problems.append("Choose a file first, then press Attach.")
    return Pressed(replace(typed, files=(*typed.files, *added)), notice=" ".join(problems) or None)


async def _shared(scene: Scene, typed: Typed, file: UUID) -> Pressed:
    """The file becomes a link at the end of the text."""
    users.require(scene.user, Permission.SEND, scene.account)
    found = await attachments.of(scene.account.id, [file])
    if not found:
        raise NotFound
    try:
        link = await attachments.share(found[0], scene.listing.id, scene.user)
    except Refused as refused:
        return Pressed(typed, notice=refused.message)
    wording, below = introductions.parted(typed.body, scene.values())
    body = introductions.joined(f"{wording.rstrip()}\n{attachments.url(link, found[0])}".lstrip(), below)
    return Pressed(replace(typed, body=body, files=_without(typed.files, (file,))))


async def _on_to_templates(scene: Scene, typed: Typed, deed: str) -> Pressed:
    """To the page of a template and back: what was typed waits as the draft."""
    kept = await _kept(scene, typed)
    if kept.conflict:
        return kept
    query = f"?type={typed.channel or 'text'}&listing={scene.listing.id}"
    template = drafts.typed_ids([typed.template_id])
    if deed == "edit-template" and template:
        return replace(kept, leads_to=url_for("message_templates.edit", template_id=template[0]) + query)
    return replace(kept, leads_to=url_for("message_templates.new") + query)


async def _kept(scene: Scene, typed: Typed, *, anyway: bool = False) -> Pressed:
    users.require(scene.user, Permission.SEND, scene.account)
    nonce, writing = typed.message_nonce(scene.user) or "", typed.writing(scene.values())
    try:
        saved = await drafts.save(scene.user, scene.listing, writing, typed.revision, nonce, anyway=anyway)
    except drafts.Conflict as conflict:
        return Pressed(typed, conflict=conflict)
    return Pressed(replace(typed, revision=saved.revision if saved else 0), saved=saved)


def _without(ids: tuple[UUID, ...], gone: tuple[UUID, ...]) -> tuple[UUID, ...]:
    return tuple(each for each in ids if each not in gone)

"""The window in which one wording is written to many: its fields, and what its buttons do to them."""

from typing import Any
from uuid import UUID

from domain import attachments, departures, email_bodies, imprints, message_templates, plans
from domain import drafts as kept_drafts
from domain.accounts import Account
from domain.batches import drafts
from domain.batches.drafts import Words
from domain.batches.tables import Batch
from domain.errors import NotFound
from domain.introductions import OPT_OUT_LINE
from domain.message_templates import checking
from domain.message_templates.checking import Typed
from domain.users import User
from domain.wildcards import WILDCARDS
from web import batch_pages, composer, planned, template_pages
from web import files as kept_files
from web.forms import Form

CHANNELS = (
    ("auto", "Auto", "zap"),
    ("text", "Text", "message-square"),
    ("email", "Email", "mail"),
    ("form", "Form", "clipboard-list"),
)
FILE_CHOICES = (
    ("skip", "Skip those sellers"),
    ("without", "Send to them without the files"),
    ("link", "Send them a link to each file"),
)
NO_LISTING = UUID(int=0)  # of the made-up seller in the preview
FIELDS = ("body", "subject", "channel", "to_field", "attachment", "file_choice", "date", "time", "zone")


def filled(batch: Batch, words: Words) -> Form:
    """The fields as the draft was left."""
    form = Form(
        {
            "channel": words.channel,
            "to_field": words.to_field,
            "subject": words.subject,
            "body": words.wording,
            "template_version": words.template_version,
            "opt_out_line": "1" if words.opt_out_line else "",
            "opt_out_shown": "1",
            "file_choice": words.file_choice,
            "date": f"{words.plan.wall:%Y-%m-%d}" if words.plan else "",
            "time": f"{words.plan.wall:%H:%M}" if words.plan else "",
            "zone": ("seller" if words.plan.rule == "seller" else words.plan.zone) if words.plan else "",
            "stays_on_reply": "1" if words.stays_on_reply else "",
            "seen": drafts.mark_of(words),
        }
    )
    form.lists["attachment"] = [str(each) for each in words.files]
    return form


def type_of(form: Form) -> str:
    """Whose templates and rules are shown: those of texts for Auto."""
    channel = form.value("channel")
    return channel if channel in ("text", "email", "form") else "text"


def words(form: Form, account: Account) -> Words:
    """What was typed. Where the tick of the opt-out line was not shown, it stands as it does by default. Raises Refused
    at `date` or `time`."""
    email = type_of(form) == "email"
    return Words(
        wording=form.value("body"),
        channel=form.value("channel") or "auto",
        to_field=form.value("to_field") or "mobile",
        subject=form.value("subject") if email or form.value("channel") == "auto" else "",
        template_version=next(iter(kept_drafts.typed_ids([form.value("template_version")])), None),
        opt_out_line=form.ticked("opt_out_line") or not form.ticked("opt_out_shown"),
        files=kept_drafts.typed_ids(form.all("attachment")),
        file_choice=form.value("file_choice") or "skip",
        plan=departures.read(form.value("date"), form.value("time"), form.value("zone"), account),
        stays_on_reply=form.ticked("stays_on_reply"),
    )


async def pressed(account: Account, me: User, form: Form) -> dict[str, Any]:
    """What a button of the window did: {question, problem, file_problem}. The fields are changed in the form."""
    told: dict[str, Any] = {"question": None, "problem": "", "file_problem": ""}
    deed = form.value("do")
    if token := form.value("insert"):
        known = WILDCARDS.get(token)
        if known is None:
            raise NotFound
        form.values["body"] = form.value("body") + known.markup
    elif deed in ("load", "replace", "append"):
        told |= await _loaded(account, me, form, deed)
    ids, told["file_problem"] = await kept_files.keep(account, me, form)
    form.lists["attachment"] = [str(each) for each in ids]
    return told


async def _loaded(account: Account, me: User, form: Form, deed: str) -> dict[str, Any]:
    """The words of the picked template, with their wildcards; typed text is never written over without asking."""
    template = kept_drafts.typed_ids([form.value("template_id")])
    if not template:
        return {}
    try:
        version = await message_templates.wording(account.id, me.id, template[0], type_of(form))
    except NotFound:
        form.values["template_id"] = ""
        return {"problem": message_templates.GONE}
    typed = form.value("body").strip()
    if deed == "load" and typed and typed != version.body.strip():
        return {"question": True}
    form.values["body"] = f"{form.value('body').rstrip()}\n\n{version.body}" if deed == "append" else version.body
    form.values["subject"] = version.subject or form.value("subject")
    form.values["template_version"] = str(version.id)
    return {}


async def theirs(batch: Batch, form: Form) -> dict[str, Any]:
    """What somebody else wrote meanwhile, {name, subject, body}. From now on it is what was seen."""
    fresh = await drafts.now(batch)
    words = drafts.words_of(fresh, await drafts.files_of(fresh))
    form.values["seen"] = drafts.mark_of(words)
    writer = await User.objects().get(User.id == fresh.user)
    return {"name": writer.name if writer else "", "subject": words.subject, "body": words.wording}


async def context(
    account: Account, me: User, batch: Batch, form: Form, told: dict[str, Any] | None = None
) -> dict[str, Any]:
    """All that the window shows."""
    kind = type_of(form)
    offered = await message_templates.offered(account.id, me.id, kind)
    files = await attachments.of(account.id, kept_drafts.typed_ids(form.all("attachment")))
    locked = form.value("channel") in ("auto", "text") and await drafts.is_locked(account, me)
    return {
        "batch": batch,
        "may_discard": batch_pages.may_discard(me, batch.user, batch.state),
        "form": form,
        "channels": CHANNELS,
        "channel": form.value("channel") or "auto",
        "type": kind,
        "templates": composer.grouped(offered),
        "template_id": form.value("template_id"),
        "buttons": [template_pages.button(token) for token in composer.BUTTONS],
        "in_a_row": composer.IN_A_ROW,
        "longest_subject": checking.LONGEST_SUBJECT,
        "subject_default": email_bodies.DEFAULT_SUBJECT,
        "files": [kept_files.row(each) for each in files],
        "file_choices": FILE_CHOICES,
        "opt_out_line": OPT_OUT_LINE,
        "locked": locked,
        "locked_from": drafts.LOCKED_FROM,
        "when": await _when(account, form),
        "sender": {"name": me.name, "email": me.email},
        "preview": preview(account, me, form),
        "question": None,
        "theirs": None,
        "problem": "",
        "file_problem": "",
        **(told or {}),
    }


async def _when(account: Account, form: Form) -> dict[str, Any] | None:
    """The fields of a later moment; None where the dealership schedules nothing."""
    if not account.scheduled_messages or not await plans.includes(account, "scheduled"):
        return None
    zone = form.value("zone")
    return {
        "date": form.value("date"),
        "time": form.value("time"),
        "zone": zone or account.timezone,
        "zones": [
            (value, "Each seller’s own clock" if value == "seller" else label)
            for value, label in planned.zones(account, zone)
        ],
        "open": bool(form.value("date") or form.value("time")),
        **planned.bounds(account),
    }


def preview(account: Account, me: User, form: Form) -> dict[str, Any]:
    """What a seller would read, with made-up values, and how long a text of it is."""
    kind = type_of(form)
    line = form.ticked("opt_out_line") or not form.ticked("opt_out_shown")
    body = Words(form.value("body"), opt_out_line=line).of(kind)
    typed = Typed(type=kind, scope="", purpose="", name="", body=body, subject=form.value("subject"))
    below = imprints.below(account, NO_LISTING, "") if imprints.wanted("batch", kind) else ""
    return template_pages.preview(account, me, typed, below)

"""What the Templates pages show: the list, the form with its preview, the versions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from markupsafe import Markup

from domain import (
    attachments,
    drafts,
    email_bodies,
    message_templates,
    template_files,
    users,
    wildcards,
    wordings,
)
from domain.accounts import Account
from domain.attachments import Attachment
from domain.message_templates import SCOPES, TYPES, MessageTemplate, checking, keeping
from domain.message_templates.keeping import Typed
from domain.shipped_templates import PURPOSES
from domain.users import Permission, User
from domain.wildcards import WILDCARDS
from web import files as web_files
from web import previews
from web.filters import ago, clock_time, day
from web.forms import Form
from web.render import url_for

SHOWN = {"": "All", "local": "Only mine", "global": "Everyone’s", "shipped": "Shipped", "hidden": "Hidden"}
EXCERPT = 160  # characters

# The wildcards that stand as buttons above the text; the others are in the menu behind them.
FIRST = (
    *("seller.first_name", "vehicle.title", "vehicle.year", "vehicle.make", "vehicle.model", "listing.price"),
    *("agent.first_name", "dealer.name"),
)


async def index(account: Account, me: User, type: str, scope: str, q: str, after: str, before: str) -> dict[str, Any]:
    """All that message_templates/index.html shows, in two queries."""
    counts = await message_templates.counts(account.id, me.id)
    types = types_of(account, [slug for slug, (_, own) in counts.items() if own])
    type = type if type in types else next(iter(types))
    scopes = {slug: label for slug, label in SHOWN.items() if slug != "hidden" or _may_hide(account, me)}
    scope = scope if scope in scopes else ""
    page = await message_templates.page(account.id, me.id, type, scope, q, after, before)
    narrowed = {"type": type, **({"whose": scope} if scope else {}), **({"q": q} if q else {})}
    here = url_for("message_templates.index")
    return {
        "tabs": [
            {
                "label": label,
                "count": f"{counts.get(slug, (0, 0))[0]:,}",
                "url": f"{here}?{urlencode({**narrowed, 'type': slug})}",
                "current": slug == type,
            }
            for slug, label in types.items()
        ],
        "type": type,
        "type_label": types[type],
        "scope": scope,
        "scopes": list(scopes.items()),
        "q": q,
        "rows": [_row(account, me, row) for row in page.rows],
        "next_url": f"{here}?{urlencode({**narrowed, 'after': page.next})}" if page.next else None,
        "previous_url": f"{here}?{urlencode({**narrowed, 'before': page.previous})}" if page.previous else None,
        "here": f"{here}?{urlencode({**narrowed, **({'after': after} if after else {})})}",
        "new_url": f"{url_for('message_templates.new')}?type={type}",
        "may_write": users.may(me, Permission.LOCAL_TEMPLATES),
        "may_hide": _may_hide(account, me),
    }


def types_of(account: Account, there: Sequence[str] = ()) -> dict[str, str]:
    """The message types this dealership writes, and those it wrote templates for anyway."""
    active = {"text", "email", "form"}
    active |= {"facebook"} if account.facebook else set()
    active |= {"kijiji"} if account.kijiji and account.country == "CA" else set()
    return {slug: label for slug, label in TYPES.items() if slug in active or slug in there}


def results(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a search in the Send Message window found."""
    return [
        {
            "id": row["id"],
            "name": row["name"],
            "favorite": row["favorite"],
            "whose": _whose(row["scope"]),
            "purpose": PURPOSES.get(row["purpose"], "Other"),
            "excerpt": _shortened(row["excerpt"]),
        }
        for row in rows
    ]


async def starting(me: User, type: str, listing: str) -> Form:
    """The fields of a new template: empty, or with what this person is writing about the listing they come from."""
    form = Form({"type": type, "scope": "local", "purpose": "", "listing": listing, "name": ""})
    ids = drafts.typed_ids([listing])
    saved = await drafts.of(me.id, ids[0]) if ids else None
    if saved is not None and (saved.writing.channel or "text") == (type or "text"):
        form.values |= {"body": saved.writing.body, "subject": saved.writing.subject if type == "email" else ""}
    return form


async def standing(template: MessageTemplate, listing: str) -> tuple[Form, list[UUID]]:
    """The fields of a template as it is now, and its files."""
    version = await keeping.current(template.id)
    named = {name: getattr(template, name) for name in ("type", "scope", "purpose", "name")}
    words = {"subject": version.subject, "body": version.body, "version": version.n}
    files = await template_files.files_of(version.id)
    return Form({**named, **words, "listing": listing}), [each.id for each in files]


def typed(form: Form, template: MessageTemplate | None = None) -> Typed:
    """What was typed. A subject stays in the form of another type than email, where nobody sees it."""
    type = template.type if template else form.value("type")
    return Typed(
        type=type,
        scope=form.value("scope"),
        purpose=form.value("purpose"),
        name=form.value("name"),
        body=form.value("body"),
        subject=form.value("subject") if type == "email" else "",
        files=drafts.typed_ids(form.all("attachment")),
    )


async def context(
    account: Account,
    me: User,
    form: Form,
    files: Sequence[UUID],
    template: MessageTemplate | None = None,
    file_problem: str = "",
) -> dict[str, Any]:
    """The form, in the page and in the dialog of the Send Message window."""
    type = template.type if template else form.value("type")
    listing = drafts.typed_ids([form.value("listing")])
    back = url_for("message_templates.index") + (f"?type={type}" if type in TYPES else "")
    if listing:
        back = url_for("sends.new", listing_id=listing[0])
    return {
        "saved": {"id": template.id, "name": template.name} if template else None,
        "form": form,
        "listing": str(listing[0]) if listing else "",
        "back_url": back,
        "types": list(types_of(account, [type]).items()),
        "type": type,
        "type_label": TYPES.get(type, ""),
        "scopes": _scopes(account, me),
        "scope_label": SCOPES.get(template.scope, "") if template else "",
        "purposes": list(PURPOSES.items()),
        "buttons": [button(token) for token in (*FIRST, *(each for each in WILDCARDS if each not in FIRST))],
        "first": len(FIRST),
        "longest_name": checking.LONGEST_NAME,
        "longest_subject": checking.LONGEST_SUBJECT,
        "subject_default": email_bodies.subject("", examples(account, me)),
        "versions_url": url_for("message_templates.versions", template_id=template.id) if template else None,
        **file_rows(await attachments.of(account.id, files), file_problem),
        "preview": preview(account, me, typed(form, template)),
    }


def file_rows(files: Sequence[Attachment], problem: str = "") -> dict[str, Any]:
    """The files of the form."""
    return {"files": [web_files.row(each) for each in files], "file_problem": problem}


def preview(account: Account, me: User, typed: Typed, below: str = "") -> dict[str, Any]:
    """What a seller would read, with made-up values for the vehicle and the seller, and what is wrong with it. `below`
    is what an email ends with."""
    kind = typed.type if typed.type in TYPES else "text"
    short = replace(typed, body=typed.body[: checking.LONGEST_OTHER_BODY], subject=typed.subject[:1000])
    signature = me.signature if kind == "email" else ""
    last = {"signature": signature, "below": below}
    letter = wordings.compose(kind, short.subject, short.body, examples(account, me), plain=account.plain_texts, **last)
    cost = letter.rendered.cost
    problems = [each for words in (typed.subject, typed.body) for each in wildcards.problems(words[:20_000])]
    return {
        "kind": kind if kind in ("text", "email") else "plain",
        "dealer_name": account.name,
        "parts": previews.parts(letter.rendered),
        "subject": letter.subject,
        "html": Markup(letter.html),  # made by email_bodies, of escaped text alone
        "count": previews.counted(cost) if kind == "text" else None,
        "culprits": cost.culprits[:3] if kind == "text" else (),
        "problems": [each.message for each in problems[:3]],
    }


def examples(account: Account, me: User) -> dict[str, str]:
    """Typical values, and those of this dealership and person that are known."""
    made = {token: wildcard.example for token, wildcard in WILDCARDS.items()}
    known = {
        "agent.name": me.name,
        "agent.first_name": me.name.split(" ")[0],
        "agent.email": me.email,
        "agent.title": me.title,
        "dealer.name": account.name,
        "dealer.city": account.city,
        "dealer.website": account.website,
        "dealer.address": wordings.address(account),
    }
    return made | {token: value for token, value in known.items() if value}


def versions(account: Account, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every version of a template, newest first."""
    return [
        {
            **{name: row[name] for name in ("id", "n", "current", "subject", "body", "files")},
            "by": row["by"] or "Lotwire",
            "when": f"{day(row['created_at'], account.timezone)}, {clock_time(row['created_at'], account.timezone)}",
            "datetime": row["created_at"].isoformat(),
        }
        for row in rows
    ]


def _row(account: Account, me: User, row: dict[str, Any]) -> dict[str, Any]:
    shipped = row["scope"] == "shipped"
    may = _may_hide(account, me) if row["scope"] == "global" else users.may(me, Permission.LOCAL_TEMPLATES)
    return {
        **{name: row[name] for name in ("id", "name", "subject", "favorite", "hidden")},
        "purpose": PURPOSES.get(row["purpose"], "Other"),
        "whose": _whose(row["scope"]),
        "tone": {"local": "accent", "global": "good"}.get(row["scope"], ""),
        "excerpt": _shortened(row["body"]),
        "used": ago(row["used_at"], account.timezone) or None,
        "shipped": shipped,
        "may_change": may and not shipped,
    }


def _may_hide(account: Account, me: User) -> bool:
    return users.may(me, Permission.GLOBAL_TEMPLATES, account)


def _whose(scope: str) -> str:
    return {"local": "Only mine", "global": "Everyone’s"}.get(scope, "Shipped")


def _scopes(account: Account, me: User) -> list[tuple[str, str]]:
    return [(slug, SCOPES[slug]) for slug in ("local", "global") if slug == "local" or _may_hide(account, me)]


def button(token: str) -> dict[str, str]:
    return {"token": token, "label": WILDCARDS[token].label, "example": WILDCARDS[token].example}


def _shortened(body: str) -> str:
    line = " ".join(body.split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1].rstrip() + "…"

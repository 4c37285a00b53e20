"""What the Send Message window shows: numbers, channels, templates, buttons, preview, and the reason why not."""

import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from domain import composing, gate, message_templates, messages, phones, text, wildcards, wordings
from domain.composing import Scene
from domain.errors import NotFound
from domain.listings import title
from domain.shipped_templates import PURPOSES
from web import filters
from web.forms import Form
from web.render import url_for

CLICK_HERE = "Click here to connect."

# The wildcards an agent reaches for while writing to one seller, in the order of a sentence.
BUTTONS = (
    "seller.first_name",
    "vehicle.title",
    "vehicle.year",
    "vehicle.make",
    "vehicle.model",
    "vehicle.trim",
    "vehicle.color",
    "vehicle.odometer",
    "listing.price",
    "listing.source",
    "listing.days_online",
    "seller.city",
    "agent.first_name",
    "agent.name",
    "agent.phone",
    "dealer.name",
    "dealer.phone",
    "dealer.address",
    "today",
)


@dataclass(frozen=True)
class Typed:
    """What stands in the window's fields."""

    body: str = ""
    to: str = ""
    template_id: str = ""
    nonce: str = ""
    seen: str = ""

    @classmethod
    def of(cls, form: Form) -> "Typed":
        return cls(*(form.value(name) for name in ("body", "to", "template_id", "nonce", "seen")))


async def window(
    scene: Scene, typed: Typed, form: Form | None = None, question: dict[str, str] | None = None
) -> dict[str, Any]:
    """The whole window. `form` carries the sentences of a refused send, `question` asks about typed text."""
    offered = await message_templates.offered(scene.account.id, scene.user.id, "text")
    field, _ = scene.address(typed.to)
    newest = await messages.newest(scene.listing.id)
    seen = typed.seen or (str(newest["id"]) if newest else "none")
    return {
        "listing": _listing(scene),
        "seller": seller(scene),
        "dealer_name": scene.account.name,
        "sender": {"name": scene.user.name, "email": scene.user.email},
        "templates": _by_purpose(offered),
        "template_id": typed.template_id or None,
        "body": typed.body,
        "question": question,
        "numbers": _numbers(scene, field),
        "to": field,
        "buttons": _buttons(scene),
        "nonce": typed.nonce or secrets.token_urlsafe(18),
        "seen": seen,
        "form": form or Form(),
        **await _judged(scene, replace(typed, seen=seen), offered, newest),
    }


async def preview(scene: Scene, typed: Typed) -> dict[str, Any]:
    """What the seller will read, what it costs, and whether it may go: {preview, send, channels, channel …}."""
    offered = await message_templates.offered(scene.account.id, scene.user.id, "text") if typed.template_id else []
    return await _judged(scene, typed, offered, await messages.newest(scene.listing.id))


async def _judged(
    scene: Scene, typed: Typed, offered: Sequence[dict[str, Any]], newest: dict[str, Any] | None
) -> dict[str, Any]:
    problems = wildcards.problems(typed.body)
    rendered = wordings.render(typed.body, scene.values(), plain=scene.account.plain_texts)
    _, to = scene.address(typed.to)
    decision = await composing.judge(scene, typed.to, rendered.missing)
    refusals = [_refusal(each, scene) for each in decision.refusals if not each.code.startswith("missing_wildcard")]
    reason = _reason(rendered, problems, refusals)
    return {
        "listing": _listing(scene),
        "seller": seller(scene),
        "dealer_name": scene.account.name,
        "channels": _channels(scene, to),
        "channel": "text",
        "channel_reason": None,
        "send": {"label": _label(scene, to), "enabled": not reason, "reason": reason or None},
        "preview": {
            "parts": _parts(rendered, _picked_values(scene, typed, offered)),
            "missing": [
                {"token": rendered.body[start:end], "label": wildcards.WILDCARDS[token].label}
                for start, end, token in rendered.holes
                if token in wildcards.WILDCARDS
            ],
            "characters": rendered.cost.characters,
            "segments": rendered.cost.segments,
            "encoding": rendered.cost.encoding,
            "limit": wordings.LONGEST_TEXT,
            "hint": _hint(rendered.cost),
            "culprits": [_culprit(each) for each in rendered.cost.culprits[:3]],
            "refusals": refusals,
            "warnings": [problem.message for problem in problems[:3]],
            "news": _news(scene, typed.seen, newest),
            "from_number": phones.shown(scene.link.numbers.split()[0]) if scene.link and scene.link.numbers else None,
        },
    }


async def wording(scene: Scene, template_id: str) -> tuple[str, str]:
    """A template's name and its text with this vehicle's values in it. Raises NotFound."""
    for each in await message_templates.offered(scene.account.id, scene.user.id, "text"):
        if str(each["id"]) == template_id:
            return each["name"], wildcards.fill(each["body"], scene.values()).body
    raise NotFound


async def version_of(scene: Scene, template_id: str) -> UUID | None:
    """The version of the template that was picked, to be kept with the message; None when it is gone meanwhile."""
    try:
        version = await message_templates.wording(scene.account.id, scene.user.id, UUID(template_id))
    except (ValueError, NotFound):
        return None
    return version.id


def value(scene: Scene, token: str) -> str:
    """What a wildcard button inserts: the value, or the token itself when there is none. Raises NotFound."""
    known = wildcards.WILDCARDS.get(token)
    if known is None:
        raise NotFound
    return wildcards.fill(known.markup, scene.values()).body


def seller(scene: Scene) -> dict[str, Any]:
    name = f"{scene.seller.first_name} {scene.seller.last_name}".strip()
    return {
        "id": scene.seller.id,
        "first_name": scene.seller.first_name,
        "name": name,
        "initials": filters.initials(name),
    }


def _listing(scene: Scene) -> dict[str, Any]:
    listing = scene.listing
    return {
        "id": listing.id,
        "title": f"{title(listing.year, listing.make, listing.model)} {listing.trim}".strip(),
        "url": url_for("listings.show", listing_id=listing.id),
    }


def _label(scene: Scene, to: str) -> str:
    whom = scene.seller.first_name or "the seller"
    return f"Send text to {whom}, {phones.shown(to)}" if to else f"Send text to {whom}"


def _by_purpose(offered: Sequence[dict[str, Any]]) -> list[tuple[str, list[tuple[str, str]]]]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for each in offered:
        groups.setdefault(PURPOSES.get(each["purpose"], "Other"), []).append((str(each["id"]), each["name"]))
    order = list(PURPOSES.values())
    return sorted(groups.items(), key=lambda group: order.index(group[0]) if group[0] in order else len(order))


def _numbers(scene: Scene, field: str) -> list[dict[str, Any]]:
    return [
        {"field": name, "label": label, "e164": number, "shown": phones.shown(number), "current": name == field}
        for name, label, number in (("mobile", "Mobile", scene.seller.mobile), ("phone", "Phone", scene.seller.phone))
        if number
    ]


def _buttons(scene: Scene) -> list[dict[str, Any]]:
    values = scene.values()
    made = []
    for token in BUTTONS:
        filled = wildcards.fill(wildcards.WILDCARDS[token].markup, values)
        label = wildcards.WILDCARDS[token].label
        made.append({"token": token, "label": label, "value": filled.body, "missing": bool(filled.missing)})
    return made


def _channels(scene: Scene, to: str) -> list[dict[str, Any]]:
    reason = None
    if scene.connection is None or scene.connection.state != "connected":
        reason = "Dialpad is not connected."
    elif not to:
        reason = "This seller has no phone number."
    return [
        {
            "slug": "text",
            "label": "Text",
            "icon": "message-square",
            "available": reason is None,
            "reason": reason,
            "current": True,
        },
        {
            "slug": "email",
            "label": "Email",
            "icon": "mail",
            "available": False,
            "reason": "Email is not connected.",
            "current": False,
        },
    ]


def _refusal(refusal: gate.Refusal, scene: Scene) -> dict[str, Any]:
    """The gate's sentence with a link where there is a page that mends it."""
    message, step, url = refusal.message, refusal.next_step, None
    if refusal.code == "no_connection":
        message, step = message.removesuffix(CLICK_HERE).strip(), CLICK_HERE
        url = url_for("apps.show", kind="dialpad")
    elif refusal.code in ("sender_not_linked", "sender_without_number"):
        url = url_for("apps.show", kind="dialpad")
    elif refusal.code == "tier":
        url = url_for("plans.index")
    elif refusal.code in ("no_contact", "phone_invalid"):
        url = url_for("listings.edit", listing_id=scene.listing.id)
    elif refusal.code == "stage_pass":
        url = url_for("listings.show", listing_id=scene.listing.id)
    return {"code": refusal.code, "message": message, "next_step": step, "url": url}


def _reason(
    rendered: wordings.Rendered, problems: Sequence[wildcards.Problem], refusals: Sequence[dict[str, Any]]
) -> str:
    """Why Send is off, in one sentence; empty when it is on."""
    if refusals:
        first = refusals[0]
        return f"{first['message']} {first['next_step']}" if first["code"] == "no_connection" else first["message"]
    if not rendered.body:
        return "Write a message first."
    if problems:
        return problems[0].message
    if rendered.missing:
        return "Fill in what is marked red, or take it out."
    if len(rendered.body) > wordings.LONGEST_TEXT:
        return f"A text holds {wordings.LONGEST_TEXT:,} characters. Shorten it."
    return ""


def _hint(cost: text.Cost) -> str | None:
    if not cost.over:
        return None
    return f"Remove {cost.over} {'character' if cost.over == 1 else 'characters'} to save a segment."


def _culprit(character: str) -> dict[str, Any]:
    plain = text.plain(character)
    name = unicodedata.name(character[0], "special character").lower()
    return {"character": character, "name": name, "replacement": plain if plain != character else None}


def _picked_values(scene: Scene, typed: Typed, offered: Sequence[dict[str, Any]]) -> list[str]:
    """The values the picked template put in, so that the preview can point at them."""
    body = next((each["body"] for each in offered if str(each["id"]) == typed.template_id), "")
    values = scene.values()
    return [values[token] for token in wildcards.tokens(body) if len(values.get(token, "")) > 1]


def _parts(rendered: wordings.Rendered, picked: Sequence[str]) -> list[tuple[str, bool]]:
    """The body cut where a value begins and ends: (text, is it a value or a hole)."""
    marks = [(start, end) for start, end, _ in (*rendered.spans, *rendered.holes)]
    for each in picked:
        start = rendered.body.find(each)
        if start >= 0 and all(start >= e or start + len(each) <= s for s, e in marks):
            marks.append((start, start + len(each)))
    parts, at = [], 0
    for start, end in sorted(marks):
        parts += [(rendered.body[at:start], False), (rendered.body[start:end], True)]
        at = end
    return [part for part in [*parts, (rendered.body[at:], False)] if part[0]]


def _news(scene: Scene, seen: str, newest: dict[str, Any] | None) -> str | None:
    """Somebody wrote since the window was opened."""
    if not seen or newest is None or str(newest["id"]) == seen:
        return None
    when = filters.clock_time(newest["at"], scene.account.timezone)
    if newest["direction"] == "in":
        return f"{scene.seller.first_name or 'The seller'} wrote at {when}. Read it before you send."
    if newest["user"] != scene.user.id:
        return f"{newest['person'] or 'Somebody'} wrote to this seller at {when}."
    return None

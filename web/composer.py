"""What the Send Message window shows: channels, templates, fields, files, drafts and guides."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain import (
    email_bodies,
    enclosures,
    file_rules,
    message_templates,
    offers,
    phones,
    users,
    wildcards,
)
from domain.drafts import Conflict, Saved
from domain.errors import NotFound
from domain.listings import title
from domain.scenes import Scene
from domain.shipped_templates import PURPOSES
from domain.users import Permission
from web import emoji_panel, filters, introducing, planned, previews, sent_from
from web import files as files_of
from web.forms import Form
from web.looking import Look, look
from web.render import url_for
from web.typed import Typed

ICONS = {"text": "message-square", "email": "mail", "form": "clipboard-list", "facebook": "messages-square"}

# Every wildcard, in the order an agent reaches for them: the first stand in a row, all others in a menu.
IN_A_ROW = 10
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
    "agent.email",
    "agent.title",
    "dealer.name",
    "dealer.phone",
    "dealer.address",
    "dealer.city",
    "dealer.website",
    "today",
    "seller.name",
    "seller.last_name",
    "seller.state",
    "seller.postal_code",
    "listing.previous_price",
    "listing.posted",
    "listing.link",
    "vehicle.vin",
    "vehicle.body_style",
    "vehicle.transmission",
    "vehicle.drivetrain",
    "vehicle.fuel",
    "vehicle.engine",
    "appointment.date",
    "appointment.time",
    "appointment.place",
)


async def window(
    scene: Scene,
    typed: Typed,
    form: Form | None = None,
    question: dict[str, str] | None = None,
    draft: Mapping[str, Any] | None = None,
    picked: str = "",
    panel: str = "",
) -> dict[str, Any]:
    """The whole window. `form` carries the sentences of a refused send, `question` asks about typed text, `draft` is
    `draft_state` where something was saved, `picked` the wording of a template that was just loaded."""
    typed = replace(typed, nonce=typed.nonce or secrets.token_urlsafe(18))
    looked = await look(scene, typed)
    typed = replace(typed, seen=typed.seen or str(looked.mark))
    looked = replace(looked, typed=typed)
    return {
        **_frame(looked),
        **await picker(looked),
        **channel_parts(looked),
        **await previews.of(looked, picked),
        "body": typed.body,
        "line": introducing.opening(scene),
        "question": question,
        "when": planned.fields(scene, typed),
        "buttons": _buttons(scene),
        "in_a_row": IN_A_ROW,
        "nonce": typed.nonce,
        "template_version": typed.version,
        "seen": typed.seen,
        "form": form or Form(),
        "draft": draft or draft_state(None, revision=typed.revision),
        "guides_url": url_for("guides.index"),
        "emoji_url": url_for("emojis.index"),
        "panel": panel,
        "emoji": await emoji_panel.in_window(scene.user, form or Form(), scene.listing.id)
        if panel == "emoji"
        else None,
    }


async def picker(looked: Look) -> dict[str, Any]:
    """The template selector with the templates of this type alone."""
    scene, typed = looked.scene, looked.typed
    offered = await message_templates.offered(scene.account.id, scene.user.id, looked.type)
    return {
        "listing": listing(scene),
        "channel": looked.channel,
        "type": looked.type,
        "templates": grouped(offered),
        "template_id": typed.template_id or None,
        "template": _template(scene, offered, typed.template_id),
        "templates_url": {
            "new": f"{url_for('message_templates.new')}?type={looked.type}&listing={scene.listing.id}",
            "search": f"{url_for('message_templates.search')}?type={looked.type}",
        },
    }


def channel_parts(looked: Look) -> dict[str, Any]:
    """What depends on the channel beside the templates: where it goes, the subject, what files it takes."""
    scene, typed, channel = looked.scene, looked.typed, looked.channel
    rules = scene.file_rules(channel) if channel else None
    field, _ = scene.number(typed.to)
    return {
        **_frame(looked),
        "channels": channels(looked),
        "channel": channel,
        "channel_reason": looked.choice.reason if channel in (looked.choice.channel, "") else None,
        "numbers": _numbers(scene, field) if looked.type == "text" else [],
        "to": field,
        "address": _address(looked),
        "subject": typed.subject,
        "subject_default": email_bodies.subject("", scene.values()),
        "file_rules": scene.what_files(channel) if channel else None,
        "accept": file_rules.accept(rules),
        "files": files(looked),
    }


def channels(looked: Look) -> list[dict[str, Any]]:
    """The rows of the menu, each with the reason why not."""
    return [
        {
            "slug": offer.channel,
            "label": offers.LABELS[offer.channel],
            "icon": ICONS.get(offer.channel, "message-square"),
            "available": offer.available,
            "reason": offer.reason or None,
            "current": offer.channel == looked.channel,
        }
        for offer in looked.scene.offers(looked.typed.to).values()
    ]


def files(looked: Look) -> list[dict[str, Any]]:
    """The rows of what goes along: each with why it cannot, if so, and links with their address."""
    rules = looked.scene.file_rules(looked.channel) if looked.channel else None
    label = offers.ONE.get(looked.channel, "")
    to = looked.scene.address(looked.channel, looked.typed.to)
    wrong = {each.file: each for each in file_rules.problems(looked.enclosed.files, rules, label, to)} if label else {}
    rows = [files_of.row(each, wrong.get(each.id)) for each in looked.enclosed.files]
    rows += [files_of.gone(each, enclosures.LOST) for each in looked.enclosed.lost]
    return rows + [files_of.linked(each.link, each.attachment, looked.scene.account) for each in looked.enclosed.links]


def value(scene: Scene, token: str) -> str:
    """What a wildcard button inserts: the value, or the token itself when there is none. Raises NotFound."""
    known = wildcards.WILDCARDS.get(token)
    if known is None:
        raise NotFound
    return wildcards.fill(known.markup, scene.values()).body


def draft_state(
    saved: Saved | None,
    zone: str = "UTC",
    *,
    revision: int = 0,
    restored: bool = False,
    conflict: Conflict | None = None,
) -> dict[str, Any]:
    """What the window says of the draft. A conflict without a time is about a draft that is gone."""
    return {
        "saved": filters.clock_time(saved.at, zone) if saved else None,
        "revision": saved.revision if saved else revision,
        "restored": restored,
        "conflict": _conflict(conflict, zone) if conflict else None,
    }


def _conflict(conflict: Conflict, zone: str) -> dict[str, Any]:
    saved = conflict.saved
    if saved is None:
        return {"when": None, "body": ""}
    return {"when": filters.clock_time(saved.at, zone), "body": saved.writing.body}


def seller(scene: Scene) -> dict[str, Any]:
    name = f"{scene.seller.first_name} {scene.seller.last_name}".strip()
    return {
        "id": scene.seller.id,
        "first_name": scene.seller.first_name,
        "name": name,
        "initials": filters.initials(name),
    }


def listing(scene: Scene) -> dict[str, Any]:
    car = scene.listing
    return {
        "id": car.id,
        "title": f"{title(car.year, car.make, car.model)} {car.trim}".strip(),
        "url": url_for("listings.show", listing_id=car.id),
    }


def _frame(looked: Look) -> dict[str, Any]:
    scene = looked.scene
    return {
        "listing": listing(scene),
        "seller": seller(scene),
        "dealer_name": scene.account.name,
        "sender": sent_from.of(scene, looked.type),
    }


def grouped(offered: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Favorites, one's own, everyone's, then the shipped ones by purpose; they come in that order."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for each in offered:
        if each["favorite"]:
            group = "Favorites"
        elif each["scope"] == "shipped":
            group = PURPOSES.get(each["purpose"], "Other")
        else:
            group = "Yours" if each["scope"] == "local" else "Everyone’s"
        groups.setdefault(group, []).append((str(each["id"]), each["name"]))
    return list(groups.items())


def _template(scene: Scene, offered: Sequence[Mapping[str, Any]], template_id: str) -> dict[str, Any] | None:
    """The picked one and what this person may do with it."""
    picked = next((each for each in offered if str(each["id"]) == template_id), None)
    if picked is None:
        return None
    shipped, local = picked["scope"] == "shipped", picked["scope"] == "local"
    needed = Permission.LOCAL_TEMPLATES if local else Permission.GLOBAL_TEMPLATES
    mine = not shipped and users.may(scene.user, needed, scene.account)
    return {
        "id": template_id,
        "name": picked["name"],
        "favorite": picked["favorite"],
        "shipped": shipped,
        "may_edit": mine,
        "may_delete": mine,
    }


def _numbers(scene: Scene, field: str) -> list[dict[str, Any]]:
    return [
        {"field": name, "label": label, "e164": number, "shown": phones.shown(number), "current": name == field}
        for name, label, number in (("mobile", "Mobile", scene.seller.mobile), ("phone", "Phone", scene.seller.phone))
        if number
    ]


def _address(looked: Look) -> str | None:
    """Where anything but a text goes, in words."""
    if looked.type == "text":
        return None
    to = looked.scene.address(looked.type)
    if looked.type == "email":
        return to or None
    if not to:
        return None
    return f"The contact form at {looked.scene.reach.source}" if looked.type == "form" else "The seller’s thread"


def _buttons(scene: Scene) -> list[dict[str, Any]]:
    """The row, then what is known of this vehicle, then what is not. Nobody misses an appointment that was not made."""
    values = scene.values()
    made: list[dict[str, Any]] = []
    for token in BUTTONS:
        filled = wildcards.fill(wildcards.WILDCARDS[token].markup, values)
        missing = bool(filled.missing)
        label = wildcards.WILDCARDS[token].label
        if not missing or not token.startswith("appointment."):
            made.append({"token": token, "label": label, "value": "" if missing else filled.body, "missing": missing})
    return made[:IN_A_ROW] + sorted(made[IN_A_ROW:], key=lambda button: button["missing"])


def reopened(words: Mapping[str, Any], files: tuple[UUID, ...], signature: str) -> Typed:
    """The fields of a message that is written anew; an email without the signature it will get again."""
    signed = email_bodies.render("", signature).text if words["channel"] == "email" else ""
    return Typed(
        channel=words["channel"],
        to=words["to_field"],
        subject=words["subject"],
        body=words["body"].removesuffix(signed).rstrip() if signed else words["body"],
        files=files,
    )

"""What the seller will read, what it costs, whether it may go, and who wrote meanwhile."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from markupsafe import Markup, escape

from domain import clock, composing, departures, gate, message_templates, offers, phones, text, wildcards, wordings
from domain.composing import Draft
from domain.errors import NotFound
from domain.newest import Newest
from domain.scenes import Scene
from domain.users import User
from domain.wordings import Letter
from web import filters, hand_written, introducing, mending, planned
from web.looking import Look, wrote
from web.render import url_for

# A blank left unfilled, outside of tags and of links, in which no other link can stand.
_HOLE = re.compile(r"(<a\b.*?</a>|<[^>]*>)|\{\{[^{}<]*\}\}", re.DOTALL)

CLICK_HERE = "Click here to connect."
SENDS = {
    "text": "text",
    "email": "email",
    "form": "form message",
    "facebook": "Facebook message",
    "kijiji": "Kijiji message",
}


async def of(looked: Look, picked: str | None = None) -> dict[str, Any]:
    """{preview, send}: the message as it would leave by the window's channel, and the left part of the Send button.

    `picked` is the wording of the picked template, whose values are marked; it is looked up when not given.
    """
    scene, typed = looked.scene, looked.typed
    if picked is None:
        picked = await _picked_wording(scene, looked.type, typed.template_id)
    draft = typed.draft(scene.user, looked.type)
    if composing.is_endless(draft):
        return _nothing_to_show(looked, composing.endless(draft.channel))
    problems = composing.problems(scene, draft)
    letter = composing.composed(scene, draft)
    empty = composing.is_empty(scene, letter)
    known = tuple(token for token in letter.missing if token in wildcards.WILDCARDS)
    later = await planned.look(scene, typed)
    asked = (scene, looked.type, typed.to, known, looked.enclosed)
    if later.departure is None:
        decision = await composing.judge(*asked)
        stands, cautions = decision.refusals, [_caution(each, decision) for each in decision.warnings]
    else:
        decision = await composing.judge(*asked, kind="scheduled", at=later.departure.at)
        stands, cautions = departures.against(decision), [each for each in [planned.waits(scene, decision)] if each]
    refusals = [refusal(each, scene, looked.type) for each in stands if not each.code.startswith("missing_wildcard")]
    reason = _reason(looked, draft, letter, [each.message for each in problems], refusals)
    if later.refused:
        reason = reason or later.refused.message
    by_hand = hand_written.of(scene, looked.type, stands, letter, ready=not empty and not problems)
    if by_hand:
        reason = by_hand["reason"]
    return {
        "preview": {
            "kind": looked.type if looked.type in ("text", "email") else "plain",
            "parts": parts(letter.rendered, _values_of(scene, picked)),
            "subject": _with_holes(escape(letter.subject)),
            "html": _with_holes(Markup(letter.html)),  # made by email_bodies, of escaped text alone
            "text": letter.body,
            "missing": _missing(letter),
            **_cost(letter),
            "refusals": refusals,
            "warnings": [each.message for each in problems[:3]],
            "cautions": [*cautions, *hand_written.rests(scene, looked.type)],
            "schedules": departures.offered(scene),
            "when": planned.means(scene, later),
            "unsaid": "" if empty else introducing.unsaid(scene, looked.type, typed.to, letter.rendered.body),
            "idle": empty,
            "news": wrote(looked),
            "writing": _writing(looked.news),
            "told": str(looked.mark),
            "from_number": _from_number(scene) if looked.type == "text" else None,
            "by_hand": by_hand,
        },
        "send": {
            "label": _label(looked),
            "icon": _icon(looked),
            "enabled": not reason,
            "reason": reason or None,
            # A new address each time: the second window keeps what it has of one it knows.
            "why_url": f"{url_for('gates.show', listing_id=scene.listing.id)}?at={int(clock.now().timestamp())}",
        },
    }


def refusal(refused: gate.Refusal, scene: Scene, channel: str = "", reader: User | None = None) -> dict[str, Any]:
    """The gate's sentence of a message by this channel, with a link where there is a page that mends it, which the
    reader (the scene's user unless said otherwise) may open."""
    if refused.code == "no_connection" and channel:
        refused = scene.unusable(channel, reader)
    message, step = refused.message, refused.next_step
    if refused.message.endswith(CLICK_HERE):
        message, step = message.removesuffix(CLICK_HERE).strip(), CLICK_HERE
    return {"code": refused.code, "message": message, "next_step": step, "url": mending.page_of(refused, scene, reader)}


def parts(rendered: wordings.Rendered, picked: Sequence[str] = ()) -> list[tuple[str, bool]]:
    """The body cut where a value begins and ends: (text, is it a value or a hole). `picked` are values that a template
    has put in already."""
    marks = [(start, end) for start, end, _ in (*rendered.spans, *rendered.holes)]
    for each in picked:
        start = rendered.body.find(each)
        if start >= 0 and all(start >= e or start + len(each) <= s for s, e in marks):
            marks.append((start, start + len(each)))
    cut, at = [], 0
    for start, end in sorted(marks):
        cut += [(rendered.body[at:start], False), (rendered.body[start:end], True)]
        at = end
    return [part for part in [*cut, (rendered.body[at:], False)] if part[0]]


def counted(cost: text.Cost) -> str:
    """`148 characters · 1 segment · GSM-7`."""
    segments = f"{cost.segments} {'segment' if cost.segments == 1 else 'segments'}"
    return f"{cost.characters:,} characters · {segments} · {cost.encoding}"


def by_their_clock(local: str) -> str:
    """What the hour is where a seller is whom no text should reach now; `local` as `seller_hours.Hour` has it."""
    there = datetime.fromisoformat(local.split(" ")[0])
    return f"It is {there:%A}, {filters.as_it_shows(there)} where they are, outside the hours for texts."


def _caution(warning: gate.Refusal, decision: gate.Decision) -> str:
    """What a person may pass: told with the seller's clock where the hour is the matter."""
    local = decision.facts.evidence.get("seller_clock", "")
    if warning.code == "quiet_hours" and local:
        return f"{by_their_clock(local)} You may still send."
    return f"{warning.message} You may still send."


def _nothing_to_show(looked: Look, reason: str) -> dict[str, Any]:
    """More words than anybody could send: rendering them would hold up everybody else."""
    empty: dict[str, Any] = {
        "parts": [],
        "subject": "",
        "html": Markup(""),
        "text": "",
        "missing": [],
        "culprits": [],
        "hint": None,
    }
    cost = {"characters": len(looked.typed.body), "segments": 0, "encoding": "", "limit": None}
    told = {"news": wrote(looked), "writing": _writing(looked.scene.newest), "told": str(looked.mark)}
    preview = {
        "kind": "plain",
        **empty,
        **cost,
        **told,
        "refusals": [],
        "cautions": [],
        "schedules": False,
        "when": "",
        "unsaid": "",
        "idle": False,
        "warnings": [reason],
        "from_number": None,
    }
    return {
        "preview": preview,
        "send": {"label": _label(looked), "icon": _icon(looked), "enabled": False, "reason": reason},
    }


def _label(looked: Look) -> str:
    """`Send text to Dana, +1 520 555 0117`; `Schedule text …` where a date is chosen."""
    scene, channel = looked.scene, looked.channel
    if not channel:
        return "Send"
    deed = "Schedule" if looked.typed.date or looked.typed.time else "Send"
    label = f"{deed} {SENDS[channel]} to {scene.seller.first_name or 'the seller'}"
    to = scene.address(channel, looked.typed.to)
    if channel == "text" and to:
        return f"{label}, {phones.shown(to)}"
    return f"{label}, {to}" if channel == "email" and to else label


def _icon(looked: Look) -> str:
    return "calendar-clock" if looked.typed.date or looked.typed.time else "send"


def _reason(
    looked: Look, draft: Draft, letter: Letter, problems: Sequence[str], refusals: Sequence[dict[str, Any]]
) -> str:
    """Why Send is off, in one sentence; empty when it is on."""
    if refusals:
        first = refusals[0]
        return f"{first['message']} {first['next_step']}" if first["code"] == "no_connection" else first["message"]
    if not looked.channel:
        return looked.choice.reason
    if looked.typed.uploading:
        return "Wait for the upload."
    if composing.is_empty(looked.scene, letter) and not looked.enclosed.files:
        return "Write a message first."
    if problems:
        return problems[0]
    if letter.missing:
        return "Fill in what is marked red, or take it out."
    if len(letter.body) > letter.longest:
        return f"{offers.ONE[draft.channel]} holds {letter.longest:,} characters. Shorten it."
    return ""


def _missing(letter: Letter) -> list[dict[str, str]]:
    """The known wildcards that have no value, with the token as it was typed where the body shows it."""
    shown = {token: letter.rendered.body[start:end] for start, end, token in letter.rendered.holes}
    return [
        {"token": shown.get(token, wildcards.WILDCARDS[token].markup), "label": wildcards.WILDCARDS[token].label}
        for token in letter.missing
        if token in wildcards.WILDCARDS
    ]


def _with_holes(html: Markup) -> Markup:
    """The same with what was left unfilled marked, and leading to the text."""
    return Markup(_HOLE.sub(lambda found: found[1] or f'<a class="hole" href="#body">{found[0]}</a>', html))


def _cost(letter: Letter) -> dict[str, Any]:
    cost = letter.rendered.cost
    told = letter.channel == "text"
    return {
        "characters": cost.characters if told else len(letter.body),
        "segments": cost.segments if told else 0,
        "encoding": cost.encoding if told else "",
        "count": counted(cost) if told else None,
        "limit": letter.longest,
        "hint": _hint(cost) if told else None,
        "culprits": [_culprit(each) for each in cost.culprits[:3]] if told else [],
    }


def _hint(cost: text.Cost) -> str | None:
    if not cost.over:
        return None
    return f"Remove {cost.over} {'character' if cost.over == 1 else 'characters'} to save a segment."


def _culprit(character: str) -> dict[str, Any]:
    plain = text.plain(character)
    name = unicodedata.name(character[0], "special character").lower()
    return {"character": character, "name": name, "replacement": plain if plain != character else None}


def _writing(news: Newest) -> str | None:
    """Colleagues who are at it now."""
    if not news.writers:
        return None
    return f"{' and '.join(news.writers)} {'is' if len(news.writers) == 1 else 'are'} writing to this seller now."


async def _picked_wording(scene: Scene, channel: str, template_id: str) -> str:
    if not template_id:
        return ""
    try:
        version = await message_templates.wording(scene.account.id, scene.user.id, UUID(template_id), channel)
    except (ValueError, NotFound):
        return ""
    return version.body


def _values_of(scene: Scene, wording: str) -> list[str]:
    """The values a template put in, so that the preview can point at them."""
    values = scene.values()
    return [values[token] for token in wildcards.tokens(wording) if len(values.get(token, "")) > 1]


def _from_number(scene: Scene) -> str | None:
    return phones.shown(scene.link.numbers.split()[0]) if scene.link and scene.link.numbers else None

"""How "Why can't I text?" is shown: each way to the seller, what is on record, the seller's clock, and all reasons."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from domain import clock, gate, listings, offers, phones, quiet_hours, regions, zones
from domain.accounts import Account
from domain.gate import CODES, Decision, Refusal, SenderState
from domain.known import Known
from domain.quiet_hours import Rules
from domain.scenes import Scene
from domain.suppressions.erased import Remembered
from domain.users import User
from domain.verdicts import KINDS, Verdict
from web import hours_pages, mending, previews, suppression_pages
from web.filters import clock_time, day
from web.render import url_for

TITLE = "Why can't I text?"
KIND_LABELS = {"one_to_one": "By hand", "batch": "In a batch", "scheduled": "Scheduled", "automated": "Automated"}
EFFECTS = {"refuses": ("Refuses", "bad"), "waits": ("Waits", "warn"), "warns": ("Warns", "warn"), "": ("–", "")}
NO_EVIDENCE = {
    "nothing known": "Nothing says where they are",
    "country US": "Nothing but the country is known",
    "country CA": "Nothing but the country is known",
}
FINE = {"tone": "good", "icon": "circle-check"}
# What only a message can show, its words, its files or its list; nothing of it is known here.
OF_A_MESSAGE = frozenset({"missing_wildcard", "attachment_unsupported", "too_long", "duplicate_recipient", "expired"})
ICONS = {
    "text": "smartphone",
    "email": "mail",
    "form": "clipboard-list",
    "facebook": "messages-square",
    "kijiji": "messages-square",
}
ON_RECORD = {
    "opted_out": ("Asked to stop", "ban"),
    "phone_dnc": ("Do not contact", "ban"),
    "phone_blocked": ("Blocked", "ban"),
    "review_open": ("An answer waits for a look", "eye"),
    "phone_landline": ("A landline", "phone"),
    "phone_untextable": ("Takes no texts", "phone-missed"),
    "dealership_reported": ("Reported as a dealership", "store"),
    "recent_contact": ("Written to about another vehicle", "users"),
}


def context(
    scene: Scene, reader: User, verdicts: Sequence[Verdict], known: Sequence[Known], rules: Rules
) -> dict[str, Any]:
    """All that gates/show.html shows. `reader` looks at it; the scene's user is whom it was judged for."""
    account = scene.account
    return {
        "listing_title": listings.title(scene.listing.year, scene.listing.make, scene.listing.model),
        "listing_url": url_for("listings.show", listing_id=scene.listing.id),
        "page_url": url_for("gates.show", listing_id=scene.listing.id),
        "answer": _answer(scene, reader, verdicts),
        "for_whom": None if scene.user.id == reader.id else scene.user.name,
        "unchecked": scene.sender_state == SenderState.UNCHECKED,
        "ways": [_way(verdict, scene, reader, known) for verdict in verdicts],
        "clock": _clock(scene, rules),
        "records": [record(each, account) for each in known],
        "erased": [suppression_pages.remembered(each) for each in _erased(verdicts, known)],
        "frequency": _frequency(scene, verdicts),
        "kinds": list(KIND_LABELS.values()),
        "codes": sorted(
            (_code(code, verdicts, scene, reader) for code in CODES), key=lambda row: not row["now"]
        ),  # those that stand first; sorting keeps the order of the others
    }


def record(known: Known, account: Account) -> dict[str, Any]:
    """One thing on record as a person reads it."""
    label, icon = ON_RECORD[known.code]
    whose = phones.shown(known.address) if known.address.startswith("+") else known.address
    return {
        "label": label,
        "icon": icon,
        "of": f"{whose} ({suppression_pages.CHANNELS[known.channel]})" if known.channel else whose,
        "why": known.why,
        "source": suppression_pages.SOURCES.get(known.source, ""),
        "since": day(known.at, account.timezone),
        "datetime": known.at.isoformat(),
        "by": known.by,
        "url": _record_url(known),
    }


def _erased(verdicts: Sequence[Verdict], known: Sequence[Known]) -> list[Remembered]:
    """Where an address stands on a list and no entry is left: it was erased, and the gate knows it by its digest."""
    on_record = {(each.code, each.address) for each in known}
    found = [
        Remembered(kind, verdict.channel, verdict.to)
        for verdict in verdicts
        for code, kind in mending.LISTS.items()
        if (code, verdict.to) not in on_record
        and code in {each for each, _ in verdict.codes}
        and code not in verdict.now.facts.by_another
    ]
    return list(dict.fromkeys(found))


def _answer(scene: Scene, reader: User, verdicts: Sequence[Verdict]) -> dict[str, str]:
    """The page in one sentence."""
    who = "You" if scene.user.id == reader.id else scene.user.name
    whom = scene.seller.first_name or "this seller"
    texts = [verdict for verdict in verdicts if verdict.channel == "text"]
    open_ = sorted((each for each in texts if each.now.allowed), key=lambda verdict: len(verdict.now.warnings))
    if open_:
        at = f" at their {open_[0].field}" if len(open_) < len(texts) else ""
        warned = open_[0].now.warnings
        words = f"{who} may text {whom}{at} now{', with a warning' if warned else ''}."
        return {"words": words, **({"tone": "warn", "icon": "circle-alert"} if warned else FINE)}
    others = [offers.ONE[verdict.channel] for verdict in verdicts if verdict.now.allowed]
    instead = f" {others[0]} may go." if others else ""
    return {"words": f"{who} cannot text {whom} now.{instead}", "tone": "bad", "icon": "ban"}


def _way(verdict: Verdict, scene: Scene, reader: User, known: Sequence[Known]) -> dict[str, Any]:
    now = verdict.now
    label, tone = ("Refused", "bad") if now.refusals else ("May go", "good")
    if not now.refusals and now.warnings:
        label, tone = "May go, with a warning", "warn"
    said = {each.message for each in (*now.refusals, *now.warnings)}
    elsewhere = now.facts.by_another
    about = [each for each in known if each.address in ("", verdict.to) or each.code in elsewhere]
    return {
        "id": f"way-{verdict.channel}-{verdict.field}".rstrip("-"),
        "icon": ICONS[verdict.channel],
        "title": _title(verdict, scene),
        "label": label,
        "tone": tone,
        "reasons": [
            *(_reason(each, "b", scene, reader, about, verdict.channel) for each in now.refusals),
            *(_reason(each, "w", scene, reader, about, verdict.channel) for each in now.warnings),
        ],
        "kinds": [
            {"label": labels, "words": words, "tone": tone, "why": "" if why in said else why}
            for labels, (words, tone, why) in _alike(
                {kind: _in_short(verdict.decisions[kind], scene) for kind in KINDS if kind != "one_to_one"}
            )
        ],
    }


def _alike(by_kind: Mapping[str, tuple[Any, ...]]) -> list[tuple[str, tuple[Any, ...]]]:
    """(`In a batch, scheduled`, what is said of both), in the order of the kinds."""
    groups: dict[tuple[Any, ...], list[str]] = {}
    for kind, said in by_kind.items():
        groups.setdefault(said, []).append(KIND_LABELS[kind])
    if len(groups) == 1 and len(by_kind) == len(KINDS):
        return [("Every kind", said) for said in groups]
    return [(", ".join([labels[0], *map(str.lower, labels[1:])]), said) for said, labels in groups.items()]


def _title(verdict: Verdict, scene: Scene) -> str:
    """`Text to their mobile, +1 520 555 0117`."""
    label = offers.LABELS[verdict.channel]
    if not verdict.to:
        return label
    if verdict.channel == "text":
        return f"{label} to their {verdict.field}, {phones.shown(verdict.to)}"
    if verdict.channel == "email":
        return f"{label} to {verdict.to}"
    return f"{label} at {scene.reach.source}" if verdict.channel == "form" else label


def _reason(
    refused: Refusal, mark: str, scene: Scene, reader: User, known: Sequence[Known], channel: str
) -> dict[str, Any]:
    """A refusal or warning with what is on record for it, and a link to the very entry where there is one."""
    records = [each for each in known if each.code == refused.code]
    shown = previews.refusal(refused, scene, channel, reader)
    urls = [_record_url(each) for each in records]
    return {
        **shown,
        "mark": mark,
        "url": next((url for url in urls if url), shown["url"]),
        "records": [record(each, scene.account) for each in records],
    }


def _in_short(decision: Decision, scene: Scene) -> tuple[str, str, str]:
    """What would become of a message of another kind: words, tone, why."""
    if decision.allowed:
        return "May go", "good", ""
    if decision.defer_until is not None:
        codes = {each.code for each in decision.refusals}
        when = _when(decision, scene.account)
        words = "Waits for somebody to look" if "review_open" in codes else f"Waits until {when}"
        return words, "warn", decision.refusals[0].message
    return "Refused", "bad", decision.first.message


def _when(decision: Decision, account: Account) -> str:
    """`9:00 AM`, `25 Nov 2026, 9:00 AM`, on the dealership's clock."""
    until = decision.defer_until or decision.at
    zone = account.timezone
    time = clock_time(until, zone)
    if until - decision.at < timedelta(days=1) and day(until, zone) == day(decision.at, zone):
        return f"{time}, your time"
    return f"{day(until, zone)}, {time}, your time"


def _clock(scene: Scene, rules: Rules) -> dict[str, Any]:
    """What time it is for the seller, how we know, and whether texts may arrive now."""
    seller, account = scene.seller, scene.account
    numbers = [number for number in (seller.mobile, seller.phone) if number]
    places = zones.of(account.country, seller.postal_code, numbers)
    week, country = rules.week(places.region), places.region[:2]
    return {
        "now": hours_pages.by_clocks(quiet_hours.here(clock.now(), places, rules)),
        "several": len(places.names) > 1,
        "evidence": NO_EVIDENCE.get(places.evidence, f"By {places.evidence}"),
        "place": regions.name(places.region) or "United States or Canada",
        "hours": hours_pages.week(week.hours),
        "no_holidays": not week.holidays,
        "url": url_for("quiet_hours.index")
        + (f"?country={country}#region-{places.region}" if country in regions.COUNTRIES else ""),
    }


def _frequency(scene: Scene, verdicts: Sequence[Verdict]) -> list[tuple[str, str, str]]:
    """How often they heard from the dealership: what a person wrote here, and what left by itself."""
    newest, account = scene.newest, scene.account
    if newest.at is None:
        rows = [("car", "This vehicle", "Nobody wrote yet: the next message is a first contact")]
    else:
        who = (scene.seller.first_name or "The seller") if newest.direction == "in" else newest.person or "Lotwire"
        rows = [("car", "This vehicle", f"{who} wrote last, {day(newest.at, account.timezone)}")]
    for facts in [verdict.now.facts for verdict in verdicts if verdict.to][:1]:  # of the person, whatever the address
        rows.append(("zap", "This seller", _automatic(facts.automatic_today, facts.unanswered)))
    return rows


def _automatic(today: int, unanswered: int) -> str:
    """What left by itself to a seller, beside how much may."""
    if not today and not unanswered:
        return "Nothing automatic lately"
    lately = f"{today} of {gate.MOST_AUTOMATIC} automatic ones in 24 hours"
    return f"{lately}, {unanswered} of {gate.MOST_UNANSWERED} unanswered"


def _code(code: str, verdicts: Sequence[Verdict], scene: Scene, reader: User) -> dict[str, Any]:
    """A row of all reasons: what it does to each kind of message, and where it stands now."""
    where = [verdict for verdict in verdicts if any(code == each for each, _ in verdict.codes)]
    stands = {kind for verdict in where for each, kind in verdict.codes if each == code}
    said = where[0].said(code) if where else Refusal(code, CODES[code].sentence, CODES[code].next_step)
    effects = {kind: (*EFFECTS[gate.effect(code, kind)], kind in stands) for kind in KINDS}
    return {
        **previews.refusal(said, scene, where[0].channel if where else "", reader),
        "code": f"{code}:<token>" if code == "missing_wildcard" else code,
        "now": bool(stands),
        "where": list(dict.fromkeys(_of(verdict) for verdict in where)) if len(where) < len(verdicts) else [],
        "of_a_message": code in OF_A_MESSAGE,
        "cells": [{"words": words, "tone": tone, "now": now} for words, tone, now in effects.values()],
        "short": [
            {"kinds": labels, "words": words, "tone": tone, "now": now}
            for labels, (words, tone, now) in _alike(effects)
            if tone
        ],
    }


def _of(verdict: Verdict) -> str:
    """`Text to their mobile`, `Email`."""
    label = offers.LABELS[verdict.channel]
    return f"{label} to their {verdict.field}" if verdict.field else label


def _record_url(known: Known) -> str | None:
    if known.code in mending.LISTS:
        return url_for("suppressions.show", kind=mending.LISTS[known.code], entry_id=known.id)
    if known.code == "dealership_reported":
        return url_for("dealership_reports.show", report_id=known.id)
    if known.code == "review_open":
        return url_for("reviews.index")
    if known.code == "recent_contact" and known.listing:
        return url_for("listings.show", listing_id=known.listing)
    return None

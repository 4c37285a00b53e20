"""From rows of the history to what a person reads: who, by which way, how far it got, and what to do next."""

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from domain import clock, email_bodies, erasures, file_rules, gate, message_files, remedies, schedules, users
from domain.accounts import Account
from domain.channels import registry
from domain.gate import ANSWER, BY_ITSELF
from domain.messages import State
from domain.users import Permission, User
from web import external_pages, filters, happened, held, planned
from web.render import url_for

CHANNELS = {
    "text": ("Text", "message-square"),
    "email": ("Email", "mail"),
    "facebook": ("Facebook", "message-square"),
    "kijiji": ("Kijiji", "message-square"),
    "form": ("Form", "file-text"),
}
# state -> (label, tone, icon)
STATES = {
    State.PENDING: ("Scheduled", "muted", "calendar-clock"),
    State.QUEUED: ("Waiting to leave", "muted", "clock"),
    State.CLAIMED: ("Leaving now", "muted", "clock"),
    State.SENDING: ("Leaving now", "muted", "loader"),
    State.ACCEPTED: ("Accepted by the carrier", "good", "check"),
    State.SENT: ("Sent", "good", "check"),
    State.DELIVERED: ("Delivered", "good", "check-check"),
    State.UNDELIVERED: ("Not delivered", "bad", "circle-alert"),
    State.FAILED: ("Not sent", "bad", "circle-alert"),
    State.UNKNOWN: ("It may have been sent", "warn", "triangle-alert"),
    State.CANCELLED: ("Cancelled", "muted", "ban"),
    State.EXPIRED: ("Not sent: its time was over", "warn", "clock"),
    State.SKIPPED: ("Skipped", "muted", "ban"),
    State.LOGGED: ("Logged by hand", "muted", "check"),
}
# Where somebody wrote who did not write here.
APPS = {"text": "in the Dialpad app", "email": "in a mail program", "facebook": "in Messenger"}
NO_DAY = date.max
LAST = datetime.max.replace(tzinfo=UTC)
SHOWN = 3_000  # characters of a message; the rest is a press away
SUBJECT = 200  # of its subject, as many as one of ours may have


def entries(
    rows: list[dict[str, Any]], account: Account, seller_name: str, me: User | None = None
) -> list[dict[str, Any]]:
    """Entries in time order, what waits at the end, with a heading where a new day of the dealership's begins. `me` is
    who may do something about plans of their own."""
    zone = ZoneInfo(account.timezone)
    made: list[dict[str, Any]] = []
    waiting = [row for row in rows if _waits(row)]
    day, days = None, set()
    for row in [row for row in rows if not _waits(row)] + sorted(waiting, key=lambda row: _leaves(row) or LAST):
        at = _leaves(row) if _waits(row) else row["at"]
        local = at.astimezone(zone) if at else None
        if (local.date() if local else NO_DAY) != day:
            day = local.date() if local else NO_DAY
            name = f"day-{day:%Y-%m-%d}" if local else "day-later"
            name += "-waits" if name in days else ""  # what is overdue, of a day that was there before
            days.add(name)
            made.append({"kind": "day", "id": name, "body": day_name(local, account) if local else "Later"})
        made.append(_event(row, account) if row["what"] == "event" else _spoken(row, account, seller_name, me))
    return made


def _waits(row: dict[str, Any]) -> bool:
    """Whether it leaves later by itself: a plan, or what was put off or is held before anybody tried."""
    if row["what"] == "event" or row["direction"] == "in":
        return False
    if row["state"] == State.PENDING:
        return True
    put_off = row["state"] == State.QUEUED and row["kind"] in BY_ITSELF and not row["attempts"]
    return bool(put_off and row["not_before"] and row["not_before"] > clock.now())


def _leaves(row: dict[str, Any]) -> datetime | None:
    """When; of what its batch holds back not before that, None where only the batch knows."""
    if not _is_held(row):
        return row["scheduled_at"] if row["state"] == State.PENDING else row["not_before"]
    return row["not_before"] if row["not_before"] and row["not_before"] > clock.now() else None


def _is_held(row: dict[str, Any]) -> bool:
    return row["state"] == State.PENDING and row["scheduled_at"] is None


def day_name(moment: datetime, account: Account) -> str:
    """`Today`, `Yesterday`, `Tomorrow`, `Thursday 12 November`, with the year when it is another."""
    today = clock.now().astimezone(ZoneInfo(account.timezone)).date()
    gap = (today - moment.date()).days
    if gap in (-1, 0, 1):
        return ("Today", "Yesterday", "Tomorrow")[gap]
    year = "" if moment.year == today.year else f" {moment.year}"
    return f"{moment:%A} {moment.day} {moment:%B}{year}"


def _base(row: dict[str, Any], account: Account) -> dict[str, Any]:
    at = _leaves(row) if _waits(row) else row["at"]
    time = filters.clock_time(at, account.timezone) if at else ""
    return {"id": f"{row['what']}-{row['id']}", "time": time, "datetime": at.isoformat() if at else ""}


def _event(row: dict[str, Any], account: Account) -> dict[str, Any]:
    detail = json.loads(row["detail"]) if isinstance(row["detail"], str) else row["detail"]
    icon = happened.ICONS.get(row["kind"], "info")
    return {**_base(row, account), "kind": "event", "icon": icon, "body": happened.told(row, detail)}


def _spoken(row: dict[str, Any], account: Account, seller_name: str, me: User | None) -> dict[str, Any]:
    shown = _message(row, account, seller_name, me)
    return external_pages.entry(shown, row, me) if row["kind"] == "external" else shown


def _message(row: dict[str, Any], account: Account, seller_name: str, me: User | None) -> dict[str, Any]:
    channel, icon = CHANNELS.get(row["channel"], (row["channel"], "message-square"))
    inbound = row["direction"] == "in"
    author = (seller_name or filters.phone(row["from_address"]) or "The seller") if inbound else _author(row)
    label, tone, state_icon = ("", "muted", None) if inbound else STATES[State(row["state"])]
    if row["channel"] == "form" and row["state"] == State.SENT:
        label = "Submitted"
    if row["origin"] == "app" and row["state"] == State.LOGGED:  # all that is known stands beside the name
        label = ""
    undo = _undo_seconds(row)
    # Nothing can be done about these: an answer to STOP or HELP goes once, and soon or not at all.
    mine = me is not None and _is_plan(row) and schedules.may_change(row["user_id"], me)
    done = inbound or row["body"] == erasures.ERASED or row["kind"] == ANSWER
    remedy = remedies.after(row["state"], row["code"], row["channel"], row["reason"], row["barred"], _provider(row))
    return {
        **_base(row, account),
        "kind": "message",
        "side": "in" if inbound else "system" if row["author_kind"] == "system" else "out",
        "author": author,
        "initials": filters.initials(author),
        "channel": channel,
        "channel_icon": icon,
        "subject": filters.begun(row["subject"], SUBJECT) or None,
        "body": _body(row) or ("" if inbound else row["wording"]),
        "letter": _letter(row) if row["channel"] == "email" else None,
        "whole_url": url_for("letters.show", message_id=row["id"]) if _goes_on(row) else None,
        "files": [_file(each, account) for each in row["files"] if each["state"] == message_files.KEPT],
        "missing": [_missing(each) for each in row["files"] if each["state"] != message_files.KEPT],
        "state": row["state"],
        "state_label": "Undone" if row["code"] == "undone" else _when_it_leaves(row, account) or label,
        "state_tone": tone,
        "state_icon": state_icon,
        "reason": " ".join(each for each in (held.why(row, account), _reason(row)) if each) or None,
        "next_step": None if done else remedy.step or None,
        "actions": [] if done else _planned(row) if mine else _actions(row, again=remedy.again),
        "plan_url": url_for("schedules.edit", message_id=row["id"]) if mine and not done else None,
        "plan_label": "Edit" if row["state"] == State.PENDING else "Schedule again",
        "later": _waits(row),
        "off": row["state"] in (State.CANCELLED, State.EXPIRED, State.SKIPPED),
        "segments": row["segments"] or None,
        "undo_seconds": undo,
        "undo_url": url_for("undos.create", message_id=row["id"]) if undo is not None else None,
        "unresponded": inbound and row["responded_at"] is None,
        "in_app": APPS.get(row["channel"]) if row["origin"] == "app" else None,
        "batch": row["batch"] is not None,
        "batch_url": url_for("batches.show", batch_id=row["batch"])
        if row["batch"] and me and users.may(me, Permission.READ_BATCHES)
        else None,
    }


def _letter(row: dict[str, Any]) -> Markup:
    """The HTML of an email as it was previewed; it is made of escaped text alone."""
    return Markup(email_bodies.as_html(_body(row)))


def _body(row: dict[str, Any]) -> str:
    """Its words, of those that came from elsewhere the beginning: what we write has a limit, and theirs has none."""
    body: str = row["body"]
    return filters.begun(body, SHOWN) if _is_theirs(row) else body


def _goes_on(row: dict[str, Any]) -> bool:
    """Whether more was said than stands in the history."""
    longer = len(row["body"]) > SHOWN or len(row["subject"]) > SUBJECT
    return _is_theirs(row) and (bool(row["with_html"]) or longer)


def _is_theirs(row: dict[str, Any]) -> bool:
    return row["origin"] in ("hook", "app")


def _file(file: dict[str, Any], account: Account) -> dict[str, Any]:
    """A row of `message_files`. A file that was taken away keeps its name and has no address."""
    url = None if file["removed_at"] else url_for("attachments.show", attachment_id=file["id"])
    return {
        "id": file["id"],
        "name": file["name"],
        "size": file_rules.megabytes(file["size"]),
        "icon": "image" if file_rules.is_picture(file["media_type"]) else "file-text",
        "url": url,
        "thumb_url": f"{url}?size=thumb" if url and file["thumb"] else None,
        "link": _link(file, account) if file["link"] else None,
    }


def _missing(file: dict[str, Any]) -> dict[str, Any]:
    """A row of `message_files` that is not kept."""
    waits = file["state"] == "waiting"
    why = f" {file['problem']}" if file["problem"] else ""
    told = f"on its way.{why}" if waits else why.strip() or "It could not be fetched."
    return {"name": file["name"] or "A file", "told": told, "icon": "clock" if waits else "circle-alert"}


def _link(file: dict[str, Any], account: Account) -> dict[str, Any]:
    """A file that went as an address: whether the seller opened it, and where to end it while it works."""
    opened = file["link_opened"]
    seen = {0: "not opened yet", 1: "opened once"}.get(opened, f"opened {opened} times")
    expires = file["link_expires_at"]
    if file["link_revoked_at"]:
        told = "revoked"
    elif expires and expires <= clock.now():
        told = "expired"
    else:
        told = f"works until {filters.day(expires, account.timezone)}" if expires else ""
    works = told not in ("revoked", "expired")
    return {
        "told": f"Link {seen}, {told}" if told else f"Link {seen}",
        "revoke_url": url_for("file_links.destroy", link_id=file["link"]) if works else None,
    }


def _author(row: dict[str, Any]) -> str:
    if row["author_kind"] == "system":  # never the name of the person whose number it left from
        return "System"
    return row["person"] or row["author_name"] or "Your dealership"


def _when_it_leaves(row: dict[str, Any], account: Account) -> str:
    """`Scheduled for Mon 30 Nov, 9:00 AM`; empty for what does not wait."""
    if not _waits(row):
        return ""
    at = _leaves(row)
    if at is None:
        return "Waits for its batch"
    when = planned.when(at, account.timezone)
    if _is_held(row):
        return f"Waits for its batch, until {when} at least"
    return f"Scheduled for {when}" if row["state"] == State.PENDING else f"Leaves {when}"


def _reason(row: dict[str, Any]) -> str | None:
    """The provider's or the gate's sentence; none where the state says it all."""
    if row["direction"] == "in" or row["code"] == "undone":
        return None
    if row["state"] in (State.QUEUED, State.CLAIMED, State.SENDING):
        of_before = row["attempts"] and row["code"] not in gate.CODES  # which say what it waits for
        return f"Tried before: {row['reason']}" if row["reason"] and of_before else row["reason"] or None
    return row["reason"] or None


def _provider(row: dict[str, Any]) -> str:
    """The name of the one by which all send as one; empty for the others."""
    provider = registry.CHANNELS.get(row["provider"] or "")
    return provider.name if provider and provider.senders == "one" else ""


def _actions(row: dict[str, Any], *, again: bool) -> list[dict[str, Any]]:
    """Once more only where that can succeed."""
    if row["origin"] == "app":
        return []
    once_more = {
        "url": url_for("attempts.create", message_id=row["id"]),
        "hidden": {"attempts": row["attempts"]},
        "icon": "rotate-cw",
    }
    if row["state"] in (State.FAILED, State.UNDELIVERED):
        return [{**once_more, "label": "Try again"}] if again else []
    if row["state"] == State.UNKNOWN:
        sent = {"label": "Mark as sent", "url": url_for("confirmations.create", message_id=row["id"]), "hidden": {}}
        return [{**sent, "icon": "check"}, *([{**once_more, "label": "Send again"}] if again else [])]
    return []


def _is_plan(row: dict[str, Any]) -> bool:
    """Whether it leaves later, or was to and may be planned again."""
    if row["scheduled_at"] is None:
        return False
    return row["state"] == State.PENDING or (
        row["kind"] == "scheduled" and row["state"] in (State.CANCELLED, State.EXPIRED)
    )


def _planned(row: dict[str, Any]) -> list[dict[str, Any]]:
    """What its author does about a plan, beside changing it."""
    seen = {"hidden": {"revision": row["revision"]}}
    now = {"label": "Send now", "icon": "send", "url": url_for("schedules.depart", message_id=row["id"]), **seen}
    gone = {"icon": "ban", "url": url_for("schedules.destroy", message_id=row["id"]), **seen}
    if row["state"] == State.PENDING:
        return [now, {**gone, "label": "Cancel"}]
    return [now, {**gone, "label": "Let it go"}] if row["state"] == State.EXPIRED else []


def _undo_seconds(row: dict[str, Any]) -> int | None:
    """Seconds left to take it back; None when it cannot be."""
    if not row["undoable"] or row["state"] != State.QUEUED or row["direction"] == "in":
        return None
    left = (row["not_before"] - clock.now()).total_seconds()
    return round(left) if left > 0.5 else None

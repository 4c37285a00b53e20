"""Messages in hand that do not begin: refused for good, or put off until the hour or a person allows it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import (
    gate,
    messages,
)
from domain.messages import Message, State

WITHOUT_SENDER = "Nobody of yours sends this message, so it did not leave. Write a new one from the vehicle's page."


async def refuse(row: Mapping[str, Any], decision: gate.Decision, now: datetime, code: str = "") -> None:
    """A refusal at the last look: a recipient of a batch is skipped for its own facts, anything else has failed."""
    first = next((each for each in decision.refusals if each.code == code), decision.first)
    own = row["kind"] == "batch" and first.code not in ("sender_not_linked", "no_connection", "tier", "no_permission")
    ended = State.EXPIRED if first.code == "expired" else State.SKIPPED if own else State.FAILED
    await Message.update(
        {
            **messages.unless_it_may_have_arrived(ended),
            Message.code: first.code,
            Message.reason: first.message,
            Message.decision: json.dumps(decision.record()),
            Message.owner: "",
            Message.lease_until: None,
            Message.changed_at: now,
        }
    ).where(Message.id == row["id"])


async def defer(row: Mapping[str, Any], decision: gate.Decision, now: datetime) -> None:
    """Only the hour or an open review stands against it: it waits, and says what for. A plan becomes one for that later
    moment, so that its author can still change it."""
    assert decision.defer_until is not None
    waits: dict[Any, Any] = {Message.state: State.QUEUED, Message.not_before: decision.defer_until}
    if row["kind"] == "scheduled":
        waits |= {Message.state: State.PENDING, Message.scheduled_at: decision.defer_until}
        waits |= {Message.at: decision.defer_until, Message.revision: Message.revision + 1}
    await Message.update(
        {
            **waits,
            Message.rank: 0,
            Message.code: decision.refusals[0].code,
            Message.reason: decision.refusals[0].message,
            Message.decision: json.dumps(decision.record()),
            Message.owner: "",
            Message.lease_until: None,
            Message.changed_at: now,
        }
    ).where((Message.id == row["id"]) & Message.state.is_in([State.QUEUED, State.CLAIMED]))


async def give_up(ids: Sequence[UUID], now: datetime) -> None:
    """Due messages that name nobody who sends them, or no vehicle: the gate cannot look at them, so they never leave.
    They end here and keep no other waiting."""
    if ids:
        await Message.update(
            {
                **messages.unless_it_may_have_arrived(State.FAILED),
                Message.code: "no_sender",
                Message.reason: WITHOUT_SENDER,
                Message.changed_at: now,
            }
        ).where(Message.id.is_in(list(ids)) & (Message.state == State.QUEUED))

"""A call that is about to begin, and what becomes of one of which nobody knows whether it may."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domain import gate, ids
from domain.carriage import Carriage
from domain.channels.base import Outgoing
from domain.delivery.packing import Packed
from domain.gate import ANSWER, Permit


@dataclass(frozen=True)
class Started:
    """A message whose attempt is written: its call starts now, and only now."""

    outgoing: Outgoing
    permit: Permit
    n: int
    connection: UUID
    listing: UUID
    tries: int
    attempt: UUID  # its row
    lent_by: UUID | None = None  # the connection of another channel by which it leaves


def started(row: Mapping[str, Any], decision: gate.Decision, files: Packed | None, beside: Carriage) -> Started:
    """The call of a message that the gate let go, with an attempt that is still to be written."""
    outgoing = Outgoing(
        message_id=row["id"],
        channel=row["channel"],
        to=row["to_address"],
        body=row["body"],
        sender=row["provider_id"] or "",  # only texts leave from a person's own number
        subject=row["subject"],
        media=files.media if files else (),
        from_address=row["from_address"] if row["kind"] == ANSWER else "",
        by_person=row["kind"] == "one_to_one",
        heard_at=row["thread_at"],
        mail=beside.mail,
        form=beside.form,
    )
    return Started(
        outgoing,
        gate.permit(decision),
        row["attempts"] + 1,
        row["connection"],
        row["listing"],
        row["tries"],
        ids.new(),
        row.get("lent_by"),
    )


@dataclass
class Unheard:
    """What was written in transactions of which nobody heard whether they were done: the `attempts` of calls that were
    never made (attempt -> message), and messages that were claimed and put `aside`, which nobody has in hand."""

    attempts: dict[UUID, UUID] = field(default_factory=dict)
    aside: set[UUID] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.attempts or self.aside)


@contextmanager
def unless_heard(calls: list[Started], aside: list[UUID], unheard: Unheard | None) -> Iterator[None]:
    """A transaction that writes the attempts of `calls`, which are added in it. When it ends otherwise than with a yes
    they are `unheard`: broken off within COMMIT, or cancelled, it may have been done all the same."""
    try:
        yield
    except BaseException:
        if unheard is not None:
            unheard.attempts.update({each.attempt: each.outgoing.message_id for each in calls})
            unheard.aside.update(aside)
        raise

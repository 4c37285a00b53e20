"""A call that is about to begin, and what becomes of one of which nobody knows whether it may."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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


@contextmanager
def unless_unheard(calls: list[Started], unheard: list[Started] | None) -> Iterator[None]:
    """A transaction that writes the attempts of `calls`, which are added in it. When it ends otherwise than with a yes
    these are `unheard`: broken off within COMMIT, or cancelled, it may have been done all the same."""
    try:
        yield
    except BaseException:
        if unheard is not None:
            unheard += calls
        raise

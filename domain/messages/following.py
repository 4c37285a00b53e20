"""What a message means for its listing is told in a step of its own: here it is noted, `delivery.follow_up` does it."""

from collections.abc import Iterable
from uuid import UUID

from domain import db
from domain.messages.tables import FollowUp


async def follow_up_on(messages: Iterable[UUID]) -> None:
    """The listings of these are to be told. Call it in the transaction that moved them."""
    rows = [(each,) for each in messages]
    if rows:
        given, arguments = db.given(("uuid",), rows)
        await FollowUp.raw(
            f"INSERT INTO follow_up (message) SELECT column1 FROM {given} WHERE true ON CONFLICT DO NOTHING",  # noqa: S608 - fixed words
            *arguments,
        )

"""What was begun in a transaction whose end nobody heard: its calls were never made, and it may leave again."""

from collections.abc import Sequence

from domain import db
from domain.attempts import Attempt
from domain.channels.base import ChannelError, Kind
from domain.delivery.calls import Started
from domain.delivery.news import News
from domain.delivery.recording import Outcome, record
from domain.messages import Message

NOT_CALLED = "The database went away before it was handed over, so nothing was sent."


async def take_back(calls: Sequence[Started]) -> News:
    """Those of them whose attempts were written all the same wait again, as after a provider that was out of reach. Of
    the others nothing is there to take back, or it is somebody else's by now: an attempt is known by its own id."""
    if not calls:
        return News()
    if db.on_postgres():
        # The server may still be at that COMMIT. Each by itself: who holds nothing keeps nobody waiting in a circle.
        for each in calls:
            await Message.raw("SELECT 1 AS waited FROM message WHERE id = {} FOR SHARE", each.outgoing.message_id)
    rows = await Attempt.select(Attempt.id).where(Attempt.id.is_in([each.attempt for each in calls]))
    written = {row["id"] for row in rows}
    error = ChannelError(NOT_CALLED, Kind.NEVER_CONNECTED)
    mine = [Outcome(each, error=error) for each in calls if each.attempt in written]
    return await record(mine) if mine else News()

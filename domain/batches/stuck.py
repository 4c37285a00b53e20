"""A batch that cannot become messages waits for a person, and keeps no other waiting."""

from datetime import timedelta
from uuid import UUID

from domain import clock, db
from domain.batches import ending, holding
from domain.batches.tables import Batch
from domain.errors import Refused

PATIENCE = timedelta(minutes=10)  # what nobody here can explain may mend itself

FILE_GONE = "A file of it is no longer here. Stop it, and write to the rest anew."
UNKNOWN = (
    "Something went wrong while it was made. Resume it to try once more; if it pauses again, tell whoever runs Lotwire."
)


async def hold(batch_id: UUID, error: Exception) -> bool:
    """Pauses it with the reason and tells who started it: at once where a rule stands against it, else when it came no
    further for ten minutes. Whether it did."""
    batch = await Batch.objects().get((Batch.id == batch_id) & (Batch.state == "expanding"))
    if batch is None or not (isinstance(error, Refused) or clock.now() - batch.changed_at > PATIENCE):
        return False
    reason = _reason(error)
    async with db.writing():
        held = await holding.pause(batch, reason, None)
        if held:
            await ending.tell_starter(
                batch_id,
                "Your batch paused: the rest could not be made",
                f"{reason}\n\nHow far it came: ",
                how="paused",
            )
    return held


def _reason(error: Exception) -> str:
    if not isinstance(error, Refused):
        return UNKNOWN
    if error.field == "attachment":
        return FILE_GONE
    return f"{error.message} Resume it once that is mended, or stop it."

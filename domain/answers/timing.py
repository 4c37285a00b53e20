"""When an answer may leave: soon after what it answers, and while that stands."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain import clock
from domain.gate import ANSWER, TOO_LATE
from domain.messages import Message

LATEST = timedelta(minutes=5)  # after the seller's message: 47 CFR 64.1200(a)(12)
LOOKED_BACK = timedelta(hours=2)  # older ones end when they are claimed

# What a nonce begins with: an opt-out, one somebody lifted again, or a call for help is answered once.
STOP, START, HELP = "stop:", "start:", "help:"

# SQL, of a message `m`: it answers the opt-out that stands for its address, or a call for help of somebody who opted
# out, which is answered once. Both bear the opt-out's id.
CONFIRMS = f"""EXISTS (SELECT 1 FROM opt_out o WHERE o.account = m.account AND o.channel = m.channel
                 AND o.address = m.to_address AND o.lifted_at IS NULL
                 AND m.nonce IN ('{STOP}' || CAST(o.id AS text), '{HELP}' || CAST(o.id AS text)))"""  # noqa: S608 - fixed words


def is_late(row: Mapping[str, Any], now: datetime) -> bool:
    """Of {kind, at, nonce, confirms}: an answer whose five minutes are over, or to an opt-out that is lifted again."""
    if row["kind"] != ANSWER:
        return False
    return row["at"] < now - LATEST or (row["nonce"].startswith(STOP) and not row["confirms"])


async def expire() -> set[UUID]:
    """Ends the answers that did not get away in time: their connection is broken, or asked to wait. Returns the
    listings that changed."""
    now = clock.now()
    rows = await Message.raw(
        """UPDATE message SET state = 'expired', code = 'expired', reason = {}, changed_at = {}
           WHERE id IN (SELECT m.id FROM account CROSS JOIN message m  -- or SQLite reads all that waits
                        WHERE m.account = account.id AND m.at > {} AND m.at < {}
                          AND m.kind = 'answer' AND m.state = 'queued') AND state = 'queued' RETURNING listing""",
        TOO_LATE,
        now,
        now - LOOKED_BACK,
        now - LATEST,
    )
    return {row["listing"] for row in rows if row["listing"]}

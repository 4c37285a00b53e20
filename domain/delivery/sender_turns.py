"""The turns of who sends: beyond what a sender may text in a minute, messages wait for theirs, one behind the other."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain import clock, db
from domain.delivery.claiming import FIRST, KINDS_FIRST
from domain.messages import Message

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

CODE = "sender_pace"  # of what waits for its turn
REASON = "Its sender may text {a_minute:,} a minute, so it waits for its turn."


async def by_sender(ids: Sequence[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    """person -> (message, kind) of claimed messages in their order. An answer to STOP is nobody's and waits for
    nothing."""
    rows = await Message.raw(
        f"""SELECT id, kind, "user" AS person FROM message
            WHERE {db.among("id")} AND kind <> 'answer' AND "user" IS NOT NULL""",
        db.listed(ids),
    )
    known = {row["id"]: row for row in rows}
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    for each in ids:
        if row := known.get(each):
            found.setdefault(row["person"], []).append((each, row["kind"]))
    return found


async def put_off(
    owner: str, connection: UUID, person: UUID, later: Sequence[tuple[UUID, str]], opens: datetime, a_minute: int
) -> set[UUID]:
    """Gives claimed messages of one sender back until their turns, the first of which comes when there is room again.
    Those of a batch stand in line behind all that wait already; what goes to one seller passes them. Returns the
    listings that changed."""
    apart = timedelta(minutes=1) / a_minute
    rows = await Message.raw(
        f"""SELECT not_before FROM message WHERE connection = {{}} AND state = 'queued' AND "user" = {{}}
              AND code = '{CODE}' AND kind NOT IN {FIRST} ORDER BY not_before DESC LIMIT 1""",
        connection,
        person,
    )
    behind = max(opens, rows[0]["not_before"] + apart) if rows else opens
    before = opens
    turns = []
    for each, kind in later:
        if kind in KINDS_FIRST:
            turns.append((each, before))
            before += apart
        else:
            turns.append((each, behind))
            behind += apart
    given, arguments = db.given(("uuid", "timestamptz"), turns)
    changed = await Message.raw(
        f"""UPDATE message SET state = 'queued', rank = 0, owner = '', lease_until = NULL, not_before = column2,
                   code = '{CODE}', reason = {{}}, changed_at = {{}}
            FROM {given} WHERE id = column1 AND state = 'claimed' AND owner = {{}} RETURNING listing""",
        REASON.format(a_minute=a_minute),
        clock.now(),
        *arguments,
        owner,
    )
    return {row["listing"] for row in changed if row["listing"]}

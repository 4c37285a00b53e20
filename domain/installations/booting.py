"""A sender begins to run, says that it runs on, and leaves: each time the database and the data directory note how far
they came, and the sender freezes when the two do not fit together."""

import asyncio
import logging
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from domain import db
from domain.installations import freezing, marks, tables
from domain.installations.marks import Mark
from domain.installations.oddities import RESTORED, Found, verdict
from domain.installations.tables import Boot, Installation
from domain.messages import Message

logger = logging.getLogger(__name__)

EVERY = 15.0  # seconds between two signs of life
FRESH = timedelta(minutes=5)  # older than that, no other sender can be running
PATIENCE = EVERY + 5  # seconds within which a sender that runs shows itself
LOOK_EVERY = 0.5


@dataclass(frozen=True)
class _Here:
    """Where this process runs, and how far the database had come when it last looked."""

    database: object
    mark: Mark


async def boot(owner: str, patience: float = PATIENCE) -> str:
    """Begins: a line in the ledger, and frozen when something is odd. Why, in a sentence; empty if nothing is."""
    async with marks.alone():
        mark, place = marks.read(), marks.place()
        others = await _others_run(mark, place, patience)
        known = await tables.here()
        found = Found(
            installation=known.id,
            generation=_generation(known.machine),
            empty=not await Message.exists(),
            seen_at=known.seen_at,
            now=freezing.machine_time(),
            mark=mark,
            place=place,
            others=others,
        )
        why = verdict(found)
        ours = mark is not None and mark.installation == known.id
        async with db.writing():
            machine = mark.machine if mark else secrets.token_hex(8)
            generation = await _grow(machine, mark.generation if mark and ours else 0)
            if why:
                await freezing.freeze(why)
            row = Boot(machine=machine, owner=owner, last_seen=known.seen_at, verdict=why)
            await Boot.insert(row)
        places = tuple(each for each in (mark.places if mark and ours else ()) if each != place)
        _keep(Mark(known.id, machine, generation, (*places, place)))
    freezing.watch_clock()
    return why


async def beat() -> str:
    """Runs on: why the sender froze just now, empty if it did not."""
    if _here is None or _here.database is not db.DB:
        return ""
    async with marks.alone():
        ran = _here.mark
        known = await tables.here()
        why = RESTORED if _generation(known.machine) < ran.generation else ""
        generation = await _grow(ran.machine, ran.generation)
        if why and not await freezing.freeze(why):
            why = ""
        _keep(replace(ran, generation=generation))
    return why


async def leave() -> None:
    """Ends in order: whatever left until now is behind both."""
    await beat()


async def _grow(machine: str, at_least: int) -> int:
    """Takes the database one step further than it or we ever were; how far it is now."""
    async with db.writing():
        seen = Installation.update({Installation.seen_at: freezing.machine_time()}).where(Installation.one == "1")
        row = (await seen.returning(Installation.machine))[0]  # whose lock is ours now
        generation = max(_generation(row["machine"]), at_least) + 1
        came = f"{machine}:{generation}"
        await Installation.update({Installation.machine: came}).where(Installation.one == "1")
    return generation


def _keep(mark: Mark) -> None:
    """After the database, which is never behind by our doing; a disk that is full only makes us remember less."""
    global _here
    _here = _Here(db.DB, mark)
    try:
        marks.keep(mark)
    except OSError:
        logger.exception("How far this installation came could not be kept")


async def _others_run(mark: Mark | None, place: str, patience: float) -> bool:
    """Whether other senders work with this database right now: not what it says of itself, which a copy says too, but
    that it goes on while we look. Asked only where it matters, and on PostgreSQL, which alone can be shared."""
    known = await tables.here()
    fits = mark is not None and mark.installation == known.id and place in mark.places
    if fits or not db.on_postgres() or known.seen_at is None:
        return False
    if abs(freezing.machine_time() - known.seen_at) > FRESH:
        return False
    for _ in range(round(patience / LOOK_EVERY)):
        await asyncio.sleep(LOOK_EVERY)
        if _generation((await tables.here()).machine) > _generation(known.machine):
            return True
    return False


def _generation(machine: str) -> int:
    return int(machine.rpartition(":")[2] or 0)


_here: _Here | None = None

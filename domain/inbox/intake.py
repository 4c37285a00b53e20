"""Hook calls that come at the same moment are kept in one statement: of a flood each waits for few commits, not for
those of all the others."""

import asyncio
import json
from collections.abc import Sequence
from contextvars import Context
from time import monotonic
from uuid import UUID

from domain import clock, connections, db, ids
from domain.channels.base import HookEvent
from domain.errors import Unavailable
from domain.inbox.tables import ProviderEvent

MOST = 500  # events of one statement
HEARD_EVERY = 20.0  # seconds between two notes that a connection was heard of

Call = tuple[UUID, Sequence[HookEvent], "asyncio.Future[bool]"]


class Intake:
    """Of one process and its loop."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._task: asyncio.Task[None] | None = None
        self._heard: dict[UUID, float] = {}

    async def store(self, connection: UUID, events: Sequence[HookEvent]) -> bool:
        """As `inbox.store`: they are kept once this returns. False when all of them were here before."""
        if not events:
            return False
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._calls.append((connection, events, kept))
        if self._task is None or self._task.done():
            # In a context of its own: what is kept belongs to no transaction of whoever asked first.
            self._task = asyncio.get_running_loop().create_task(self._keep(), context=Context())
        return await kept

    async def _keep(self) -> None:
        while self._calls:
            calls, self._calls = self._calls[:MOST], self._calls[MOST:]
            if not await self._kept(calls, alone=len(calls) == 1):
                for each in calls:  # one that cannot be kept keeps none of the others out
                    await self._kept([each], alone=True)

    async def _kept(self, calls: Sequence[Call], *, alone: bool) -> bool:
        """Tells every caller what became of theirs; False when that has to be found out one by one."""
        try:
            new = await keep([(connection, each) for connection, events, _ in calls for each in events])
            await self._note({connection for connection, _, _ in calls})
        except Exception as error:
            if not alone and not isinstance(error, Unavailable):
                return False
            for _, _, kept in calls:
                if not kept.done():
                    kept.set_exception(error)
            return True
        for connection, events, kept in calls:
            if not kept.done():  # whoever called may be gone
                kept.set_result(any((connection, each.key) in new for each in events))
        return True

    async def _note(self, heard: set[UUID]) -> None:
        for each in heard:
            if monotonic() - self._heard.get(each, -HEARD_EVERY) >= HEARD_EVERY:
                self._heard[each] = monotonic()
                await connections.heard(each)


async def keep(told: Sequence[tuple[UUID, HookEvent]]) -> set[tuple[UUID, str]]:
    """Keeps what verified calls told, each event of a connection once; connection and key of those that are new."""
    now = clock.now()
    given, arguments = db.given(
        ("uuid", "uuid", "text", "text", "timestamptz"),
        [(ids.new(), connection, each.key, json.dumps(each.payload), now) for connection, each in told],
    )
    rows = await ProviderEvent.raw(
        f"""INSERT INTO provider_event (id, connection, event_key, payload, received_at, handled_at, not_before, tries,
                                       problem)
            SELECT column1, column2, column3, column4, column5, null, column5, 0, '' FROM {given}
            WHERE true ON CONFLICT DO NOTHING RETURNING connection, event_key""",  # noqa: S608 - fixed words
        *arguments,
    )
    return {(row["connection"], row["event_key"]) for row in rows}

"""Whose turn it is to send, where only one worker may: on SQLite, whose writers wait for each other."""

from time import monotonic

from domain import delivery
from workers.processes import is_dead

LASTS = 15.0  # seconds, unless renewed


class Turn:
    """That of one worker. On PostgreSQL it is always everybody's."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._until = 0.0  # when (monotonic) to renew it

    async def is_mine(self) -> bool:
        """Whether it is this worker's now. Takes it where nobody living has it."""
        if monotonic() < self._until:
            return True
        if not await delivery.take_turn(self._owner, LASTS, is_dead):
            return False
        self._until = monotonic() + LASTS / 3
        return True

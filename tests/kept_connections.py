"""Connections to the borrowed PostgreSQL database that stay open from one test to the next.

A new one costs as much as a small test: PostgreSQL looks everything up and plans each statement anew in it. What a
test may leave in a session is put right before the next one gets it, and who did not give one back loses them all.
"""

import asyncio
from typing import Any

import asyncpg

from domain.db import PooledPostgresEngine

# What asyncpg, too, would put right, then what the house says to each new connection.
PUT_RIGHT = "SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL; SET jit = off"


class KeptConnections:
    """Lends them out in the loop in which it was made. `pids` are the processes of PostgreSQL at their other end."""

    def __init__(self) -> None:
        self.pids: set[int] = set()
        self._used: set[int] = set()  # those of this test
        self._loop = asyncio.get_running_loop()
        self._pool: Any = None
        self._dsn = ""

    def serves(self) -> bool:
        """A connection lives in one loop alone."""
        return asyncio.get_running_loop() is self._loop

    async def lend(self, engine: "KeptEngine") -> None:
        if self._pool is None or self._dsn != engine.config["dsn"]:
            self.end()
            await PooledPostgresEngine.start_connection_pool(engine, setup=self._note)
            self._pool, self._dsn = engine.pool, engine.config["dsn"]
        engine.pool = self._pool

    async def take_back(self, engine: "KeptEngine") -> None:
        pool, engine.pool = engine.pool, None
        if pool is None:
            return
        try:
            is_whole = pool.get_idle_size() == pool.get_size() and await self._put_right()
        except (asyncpg.InterfaceError, asyncpg.PostgresError, OSError, TimeoutError):
            is_whole = False  # the test ended it, or the server
        if not is_whole:
            self.end()

    def end(self) -> None:
        if self._pool is not None:
            self._pool.terminate()
        self._pool = None
        self.pids, self._used = set(), set()

    async def _note(self, connection: Any) -> None:
        self._used.add(connection.get_server_pid())

    async def _put_right(self) -> bool:
        """A pool hands out first what came back last, so these are the ones that were used."""
        used, self._used = self._used, set()
        if len(used) > self._pool.get_idle_size():
            return False  # some of them ended
        connections = [await self._pool.acquire(timeout=10) for _ in used]
        for connection in connections:
            await connection.execute(PUT_RIGHT)
            await self._pool.release(connection)
        self.pids |= used
        again, self._used = self._used, set()
        return again == used


class KeptEngine(PooledPostgresEngine):
    """The house's engine for PostgreSQL, with connections that were open before and stay so."""

    def __init__(self, config: dict[str, Any], kept: KeptConnections) -> None:
        super().__init__(config)
        self._kept = kept

    async def start_connection_pool(self, **kwargs: Any) -> None:
        if self._kept.serves() and not kwargs and self.pool is None:
            await self._kept.lend(self)
        else:
            await super().start_connection_pool(**kwargs)

    async def close_connection_pool(self) -> None:
        if self._kept.serves():
            await self._kept.take_back(self)
        else:
            await super().close_connection_pool()

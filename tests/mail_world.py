"""The rest of the world of the tests' mail server: takes the mail that goes out to it, and says of whom the server
itself shall not take any."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class World:
    """`refuses`: recipient -> its answer. `turns_away`: recipient -> what our own server does instead of taking it, as
    Postfix calls it (access(5)), such as `DEFER Greylisted`."""

    taken: list[tuple[str, str, bytes]] = field(default_factory=list)  # sender, recipient, mail
    refuses: dict[str, str] = field(default_factory=dict)
    turns_away: dict[str, str] = field(default_factory=dict)
    port: int = 0
    policy_port: int = 0

    def __enter__(self) -> "World":
        self._loop = asyncio.new_event_loop()
        self._listening = [self._listen(self._talk), self._listen(self._decide)]
        self.port, self.policy_port = (each.sockets[0].getsockname()[1] for each in self._listening)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        async def leave() -> None:
            for each in self._listening:
                each.close()
            others = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(leave(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def clear(self) -> None:
        for each in (self.taken, self.refuses, self.turns_away):
            each.clear()

    def _listen(self, talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> Any:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await talk(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        return self._loop.run_until_complete(asyncio.start_server(answer, "127.0.0.1", 0, limit=4_000_000))

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """SMTP, as much as Postfix needs."""
        sender = recipient = ""

        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 the world")
        while line := (await reader.readline()).decode().strip():
            word = line.upper()
            if word.startswith("EHLO"):
                say("250-the world\r\n250 8BITMIME")
            elif word.startswith("MAIL"):
                sender = line.partition("<")[2].partition(">")[0]
                say("250 2.1.0 Ok")
            elif word.startswith("RCPT"):
                recipient = line.partition("<")[2].partition(">")[0]
                say(self.refuses.get(recipient, "250 2.1.5 Ok"))
            elif word.startswith("DATA") and recipient in self.refuses:
                say("554 5.5.1 No valid recipients")
            elif word.startswith("DATA"):
                say("354 Go on")
                await writer.drain()
                mail = await reader.readuntil(b"\r\n.\r\n")
                self.taken.append((sender, recipient, mail[:-3].replace(b"\r\n..", b"\r\n.")))
                say("250 2.0.0 Ok: queued")
            elif word.startswith("QUIT"):
                say("221 Bye")
                await writer.drain()
                break
            else:
                say("250 2.0.0 Ok")
            await writer.drain()

    async def _decide(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Postfix asks before it takes a recipient: lines of `name=value`, then an empty one."""
        while asked := await reader.readuntil(b"\n\n"):
            about = dict(line.split("=", 1) for line in asked.decode().split("\n") if "=" in line)
            writer.write(f"action={self.turns_away.get(about.get('recipient', ''), 'DUNNO')}\n\n".encode())
            await writer.drain()

"""A provider that answers by script, and a permit to spend."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from domain.channels.base import Outgoing, PermitLike

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
TcpServer = Callable[[Talk], AbstractAsyncContextManager[str]]


class WrongPermit(Exception):
    """The permit was for another message, or spent before."""


@dataclass
class Permit(PermitLike):
    """A permit for one message, as the gate would make it."""

    outgoing: Outgoing
    spent: bool = False

    def spend(self, outgoing: Outgoing) -> None:
        if self.spent or outgoing != self.outgoing:
            raise WrongPermit
        self.spent = True


@dataclass
class Asked:
    """One request a scripted provider got."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Scripted:
    """A provider that notes what it is asked and answers by script; the last answer stands for ever."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    script: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)

    def answers(self, status: int, body: Any = b"", headers: dict[str, str] | None = None) -> "Scripted":
        """Add an answer to the script: `body` is JSON when it is a dict or a list."""
        self.script.append((status, body, headers or {}))
        return self

    async def handle(self, request: web.Request) -> web.Response:
        body: Any = None
        if request.content_type == "application/x-www-form-urlencoded":
            body = list((await request.post()).items())
        elif request.content_type.startswith("multipart/"):
            body = await request.read()
        elif request.can_read_body:
            body = await request.json()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(Asked(request.method, request.path, dict(request.query), headers, body))
        status, said, extra = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(said, dict | list):
            return web.json_response(said, status=status, headers=extra)
        return web.Response(status=status, body=said, headers=extra)

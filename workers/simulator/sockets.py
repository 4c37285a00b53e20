"""Dialpad's websockets: for whoever cannot be called. The same signed events, over a line that they opened."""

import secrets
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from domain import clock
from workers.simulator.carrier import Carrier, Webhook
from workers.simulator.dialpad import Dialpad, Handler, Problem, fields_of, found_in, json_answer

ADDRESS_LIVES = 3600.0  # seconds


class Sockets:
    """The calls that make websockets, and the lines themselves. An event waits a while for a line to come back."""

    def __init__(self, dialpad: Dialpad, address_lives: float = ADDRESS_LIVES) -> None:
        self.carrier: Carrier = dialpad.carrier
        self._api: Callable[[Handler], Handler] = dialpad.api
        self._lives = address_lives
        self._addresses: dict[str, tuple[int, float]] = {}  # token -> websocket, until when

    def routes(self) -> list[web.RouteDef]:
        here = "/api/v2/websockets"
        return [
            web.get(here, self._api(self.index)),
            web.post(here, self._api(self.create)),
            web.get(here + "/{id}", self._api(self.show)),
            web.delete(here + "/{id}", self._api(self.destroy)),
            web.get("/sockets/{token}", self.line),
        ]

    async def index(self, request: web.Request) -> web.Response:
        return json_answer({"items": [self._shown(request, each) for each in self._mine().values()]})

    async def create(self, request: web.Request) -> web.Response:
        given = await fields_of(request, {"secret": str})
        socket = Webhook(self.carrier.new_id(), "", given.get("secret", ""))
        socket.hook_url = f"socket:{socket.id}"
        self.carrier.webhooks[socket.id] = socket
        self.carrier.save()
        return json_answer(self._shown(request, socket))

    async def show(self, request: web.Request) -> web.Response:
        return json_answer(self._shown(request, found_in(self._mine(), request)))

    async def destroy(self, request: web.Request) -> web.Response:
        socket = found_in(self._mine(), request)
        if any(each.endpoint_id == socket.id for each in self.carrier.subscriptions.values()):
            raise Problem(409, "A subscription still uses this websocket.")
        del self.carrier.webhooks[socket.id]
        self.carrier.events.forget(socket.hook_url)
        self.carrier.save()
        return json_answer({"id": str(socket.id)})

    async def line(self, request: web.Request) -> web.StreamResponse:
        """Open until either side lets go. An address whose hour is over opens none."""
        socket, until = self._addresses.get(request.match_info["token"], (0, 0.0))
        if clock.now().timestamp() > until or socket not in self._mine():
            return web.Response(status=403, text="This address is not good any more.\n")
        line = web.WebSocketResponse(heartbeat=30.0)
        await line.prepare(request)
        lines = self.carrier.events.lines.setdefault(f"socket:{socket}", [])
        lines.append(line)
        try:
            async for said in line:
                if said.type is WSMsgType.ERROR:
                    break
        finally:
            lines.remove(line)
        return line

    def _mine(self) -> dict[int, Webhook]:
        return {key: each for key, each in self.carrier.webhooks.items() if each.hook_url.startswith("socket:")}

    def _shown(self, request: web.Request, socket: Webhook) -> dict[str, Any]:
        token = secrets.token_urlsafe(24)
        self._addresses[token] = socket.id, clock.now().timestamp() + self._lives
        shown = socket.shown()
        del shown["hook_url"]
        return shown | {"websocket_url": f"ws://{request.host}/sockets/{token}"}

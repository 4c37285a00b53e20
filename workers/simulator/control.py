"""What tests and the bench ask of the simulator, in JSON: see `routes`."""

import asyncio
from collections.abc import Awaitable, Callable
from json import dumps, loads
from typing import Any

from aiohttp import web

from workers.simulator.carrier import CannotDo, Carrier, Text, e164
from workers.simulator.ledger import Count, fingerprint
from workers.simulator.switches import WrongSwitch

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PIECE = 500  # messages per piece of a streamed answer


class Control:
    """The controls of one carrier. What cannot be done answers 422 {"error": sentence}."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/healthz", self.health),
            web.get("/control/state", _control(self.state)),
            web.get("/control/counts", _control(self.counts)),
            web.get("/control/messages", _control(self.messages)),
            web.get("/control/switches", _control(self.switches)),
            web.put("/control/switches", _control(self.set_switches)),
            web.delete("/control/switches", _control(self.reset_switches)),
            web.get("/control/users", _control(self.users)),
            web.post("/control/users", _control(self.add_users)),
            web.put("/control/keys", _control(self.set_keys)),
            web.post("/control/replies", _control(self.reply)),
            web.post("/control/app-messages", _control(self.send_from_app)),
        ]

    async def health(self, request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def state(self, request: web.Request) -> web.Response:
        """{"accepted", "distinct", "repeated", "pictures", "calls": {status: n}, "events": {planned, delivered,
        retried, dropped, waiting}, "phones", "stopped": [number]}."""
        carrier = self.carrier
        count = await asyncio.to_thread(carrier.ledger.count)
        events = {name: carrier.events.counts[name] for name in ("planned", "delivered", "retried", "dropped")}
        state = {"calls": carrier.calls, "events": events | {"waiting": carrier.events.waiting}}
        shown = {"pictures": count.pictures, "phones": len(carrier.phones), "stopped": sorted(carrier.stopped)}
        return web.json_response(_counted(count) | state | shown)

    async def counts(self, request: web.Request) -> web.Response:
        """{"accepted", "distinct", "repeated"} of the texts that came over the API, also before a restart."""
        return web.json_response(_counted(await asyncio.to_thread(self.carrier.ledger.count)))

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """{"messages": [{id, user_id, name, from, to, text, at, rejected, attempts, picture?}]}, oldest first.
        `attempts` is how often these words went from this user to this number, `picture` the SHA-256 and kind of the
        one that came along. `?to=` and `?user_id=` choose."""
        times = await asyncio.to_thread(self.carrier.ledger.times)
        wanted = {name: request.query[name] for name in ("to", "user_id") if name in request.query}
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"messages": [')
        piece: list[str] = []
        separator = b""
        for record in self.carrier.ledger.accepted():
            if any(record[name] != value for name, value in wanted.items()):
                continue
            del record["kind"]
            # Texts taken since the count began are not in it.
            piece.append(dumps(record | {"attempts": max(1, times[fingerprint(record)])}))
            if len(piece) == PIECE:
                await response.write(separator + ",\n".join(piece).encode())
                piece, separator = [], b",\n"
        await response.write((separator if piece else b"") + ",\n".join(piece).encode() + b"]}")
        await response.write_eof()
        return response

    async def switches(self, request: web.Request) -> web.Response:
        """{name: {"on", "value", "calls", "applies_to"}}."""
        return web.json_response(self.carrier.switches.shown())

    async def set_switches(self, request: web.Request) -> web.Response:
        """{name: false | true | value | {"value", "calls", "applies_to"}}: those named are set, the others stay."""
        wanted = await _object(request)
        for name, each in wanted.items():
            self.carrier.switches.set(name, each)
        self.carrier.changes += 1
        return await self.switches(request)

    async def reset_switches(self, request: web.Request) -> web.Response:
        self.carrier.switches.reset()
        self.carrier.changes += 1
        return await self.switches(request)

    async def users(self, request: web.Request) -> web.Response:
        return web.json_response({"users": [user.shown() for user in self.carrier.users.values()]})

    async def add_users(self, request: web.Request) -> web.Response:
        """[{id?, display_name?, emails, phone_numbers?, state?}] or {"users": […]}: added, or replaced by id."""
        users = self.carrier.add_users(await _json(request))
        return web.json_response({"users": [user.shown() for user in users]})

    async def set_keys(self, request: web.Request) -> web.Response:
        """{"keys": [key]}: the API keys that are known from now on."""
        keys = (await _object(request)).get("keys")
        if not isinstance(keys, list) or not all(isinstance(key, str) and key for key in keys):
            raise CannotDo("keys is a list of API keys.")
        self.carrier.keys = set(keys)
        self.carrier.save()
        return web.json_response({"keys": len(keys)})

    async def reply(self, request: web.Request) -> web.Response:
        """{"from": the seller's number, "text", "to"?: our number, else the one that wrote last}."""
        given = await _object(request)
        return _made(self.carrier.reply(_number(given, "from"), str(given.get("text", "")), e164(given.get("to"))))

    async def send_from_app(self, request: web.Request) -> web.Response:
        """{"user_id", "to", "text"}: as if typed in Dialpad's own app."""
        given = await _object(request)
        user_id = str(given.get("user_id"))
        user = self.carrier.users.get(int(user_id)) if user_id.isdigit() else None
        if user is None:
            raise CannotDo("There is no user with this user_id.")
        return _made(self.carrier.send_from_app(user, _number(given, "to"), str(given.get("text", ""))))


def _counted(count: Count) -> dict[str, int]:
    return {"accepted": count.accepted, "distinct": count.distinct, "repeated": count.repeated}


def guarded(handler: Handler) -> Handler:
    """Only for this machine's own pages: a page of the web that names us, or points a name at us, is refused."""

    async def answer(request: web.Request) -> web.StreamResponse:
        host = request.url.host or ""
        if host not in ("127.0.0.1", "localhost", "::1") and not host.startswith("127."):
            raise web.HTTPForbidden(text="The simulator answers to localhost only.")
        origin = request.headers.get("Origin")
        if request.method not in ("GET", "HEAD") and origin not in (None, f"http://{request.host}"):
            raise web.HTTPForbidden(text="The simulator takes orders from its own pages only.")
        return await handler(request)

    return answer


def _control(handler: Handler) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except (CannotDo, WrongSwitch) as error:
            return web.json_response({"error": str(error)}, status=422)

    return guarded(answer)


def _number(given: dict[str, Any], name: str) -> str:
    number = e164(given.get(name))
    if not number:
        raise CannotDo(f"{name} must be a phone number such as +16195550101.")
    return number


def _made(message: Text) -> web.Response:
    return web.json_response({"id": str(message.id), "from": message.from_number, "to": message.to})


async def _object(request: web.Request) -> dict[str, Any]:
    given = await _json(request)
    if not isinstance(given, dict):
        raise CannotDo("Send a JSON object.")
    return given


async def _json(request: web.Request) -> Any:
    try:
        return loads(await request.read())
    except (ValueError, RecursionError):
        raise CannotDo("Send JSON.") from None

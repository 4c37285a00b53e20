"""What people see: every seller's phone, and the switches."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

from domain import clock
from workers.simulator.carrier import CannotDo, Carrier, Phone, e164, national
from workers.simulator.control import guarded
from workers.simulator.switches import DEFINITIONS, WrongSwitch

HERE = Path(__file__).parent
SHOWN = 200  # phones on the first page
ANSWERS = (
    "Yes, still available",
    "What is your best offer?",
    "Sorry, sold yesterday",
    "Can you call me after 5?",
    "Who is this?",
    "Please don't text me again",
)
EVERY = 0.3  # seconds between two pushes of changes
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
STATIC = {"simulator.css": "text/css", "simulator.js": "text/javascript", "phone.svg": "image/svg+xml"}


class Pages:
    """The pages of one carrier. All of it works by plain forms; the script only keeps it fresh."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.filters |= {"national": national, "day": _day, "hour": _hour, "plain": _plain}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", guarded(self.index)),
            web.get("/phones", guarded(self.open_phone)),
            web.get("/phones/{number}", guarded(self.phone)),
            web.post("/phones/{number}/replies", guarded(self.reply)),
            web.post("/switches", guarded(self.reset_switches)),
            web.post("/switches/{name}", guarded(self.set_switch)),
            web.get("/changes", guarded(self.changes)),
            web.get("/pictures/{name}", guarded(self.picture)),
            web.get("/static/{name}", guarded(self.static)),
        ]

    def changed(self) -> None:
        """There is something new to see."""
        self.carrier.changes += 1

    async def index(self, request: web.Request) -> web.Response:
        return self._index()

    async def open_phone(self, request: web.Request) -> web.Response:
        typed = request.query.get("number", "")
        number = e164(typed)
        if not number:
            return self._index(phone_error="Type a whole number, such as (619) 555-0101.", typed=typed, status=422)
        raise web.HTTPSeeOther(f"/phones/{number}")

    async def phone(self, request: web.Request) -> web.Response:
        return self._phone(_number(request))

    async def reply(self, request: web.Request) -> web.Response:
        number, form = _number(request), await request.post()
        text = str(form.get("quick") or form.get("text") or "").replace("\r\n", "\n")
        try:
            self.carrier.reply(number, text, str(form.get("to", "")))
        except CannotDo as error:
            return self._phone(number, typed=text, error=str(error), status=422)
        raise web.HTTPSeeOther(f"/phones/{number}")

    async def set_switch(self, request: web.Request) -> web.Response:
        form = await request.post()
        name = request.match_info["name"]
        wanted = {"value": str(form.get("value", "")), "calls": str(form.get("calls", ""))} if form.get("on") else None
        try:
            self.carrier.switches.set(name, wanted)
        except WrongSwitch as error:
            return self._index(switch_error=str(error), wrong=name, status=422)
        self.carrier.changes += 1
        raise web.HTTPSeeOther(f"/#{name}")

    async def reset_switches(self, request: web.Request) -> web.Response:
        self.carrier.switches.reset()
        self.carrier.changes += 1
        raise web.HTTPSeeOther("/#switches")

    async def changes(self, request: web.Request) -> web.StreamResponse:
        """A line for whoever looks, whenever there is something new to see (server-sent events)."""
        response = web.StreamResponse(headers=HEADERS | {"Content-Type": "text/event-stream"})
        await response.prepare(request)
        seen = self.carrier.changes
        quiet = 0.0
        while True:
            await asyncio.sleep(EVERY)
            quiet += EVERY
            if self.carrier.changes != seen or quiet > 15:
                said = b"data: changed\n\n" if self.carrier.changes != seen else b": still here\n\n"
                seen, quiet = self.carrier.changes, 0.0
                try:
                    await response.write(said)
                except ConnectionError:
                    return response

    async def picture(self, request: web.Request) -> web.Response:
        found = await asyncio.to_thread(self.carrier.pictures.get, request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found[0], content_type=found[1], headers=HEADERS)

    async def static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in STATIC:
            raise web.HTTPNotFound
        text = await asyncio.to_thread((HERE / "static" / name).read_text)
        return web.Response(text=text, content_type=STATIC[name], headers=HEADERS)

    def _index(self, *, status: int = 200, **more: Any) -> web.Response:
        phones = [phone for phone in reversed(self.carrier.phones.values()) if phone.lines][:SHOWN]
        switches = self.carrier.switches.shown()
        groups: dict[str, list[Any]] = {}
        for definition in DEFINITIONS.values():
            groups.setdefault(definition.group, []).append(definition)
        return self.page("index.html", status, phones=phones, groups=groups, switches=switches, **more)

    def _phone(self, number: str, *, status: int = 200, **more: Any) -> web.Response:
        phone = self.carrier.phones.get(number) or Phone(number)
        return self.page("phone.html", status, phone=phone, numbers=self.carrier.numbers(), answers=ANSWERS, **more)

    def page(self, template: str, status: int, **context: Any) -> web.Response:
        blank = {"error": "", "typed": "", "phone_error": "", "switch_error": "", "wrong": ""}
        html = self.templates.get_template(template).render(blank | context, carrier=self.carrier, today=clock.now())
        return web.Response(text=html, status=status, content_type="text/html", headers=HEADERS)


def _number(request: web.Request) -> str:
    number = e164(request.match_info["number"])
    if not number:
        raise web.HTTPNotFound(text="This is not a phone number.")
    return number


def _day(at: datetime) -> str:
    days = (clock.now().astimezone().date() - at.astimezone().date()).days
    return {0: "Today", 1: "Yesterday"}.get(days, f"{at.astimezone():%A, %B %-d}")


def _hour(at: datetime) -> str:
    return f"{at.astimezone():%-I:%M %p}".lower()


def _plain(value: float | str) -> str:
    """3, not 3.0."""
    return f"{value:g}" if isinstance(value, float) else value

"""Messenger as a Page and its sellers see it: the Graph API as far as a Page needs it, and Facebook's signed calls."""

import asyncio
import hmac
import json
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from aiohttp import web

from domain import clock
from workers.simulator.carrier import CannotDo, Carrier
from workers.simulator.events import Delivery

PAGE, NAME = "102030405060708", "Harbor Auto Buyers"
TOKEN, APP_SECRET = "simulator-page-token", "simulator-app-secret"
LINES = 200
THREADS = 1_000
LONGEST = 2000  # characters
DAY, WEEK = timedelta(hours=24), timedelta(days=7)
# What the next calls are answered instead: name -> label, status, code, subcode.
ANSWERS: dict[str, tuple[str, int, int, int]] = {
    "": ("As usual", 200, 0, 0),
    "window": ("Outside the allowed window (10/2018278)", 400, 10, 2018278),
    "restricted": ("Page restricted (10/1893063)", 400, 10, 1893063),
    "permission": ("Permission missing (200)", 403, 200, 0),
    "parameter": ("Bad parameter (100)", 400, 100, 0),
    "token": ("Token expired (190)", 401, 190, 463),
    "gone": ("Person unavailable (551)", 400, 551, 1545041),
    "abusive": ("Judged abusive (368)", 400, 368, 0),
    "busy": ("Rate limited (613), 1 minute", 400, 613, 0),
    "moment": ("Temporary error (2)", 500, 2, 0),
    "broken": ("500 without words", 500, 0, 0),
    "hang": ("Never answers", 0, 0, 0),
}


@dataclass(frozen=True)
class Line:
    """One thing in a thread: the seller `wrote` it, or `got` it from the Page."""

    side: Literal["got", "wrote"]
    text: str
    at: datetime
    by: str = ""  # of one from the Page: Lotwire, or Facebook's own inbox
    mid: str = ""


@dataclass
class Thread:
    """One seller's conversation with the Page."""

    person: str
    name: str
    about: str = ""  # the address of the ad they came by
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=LINES))

    @property
    def last_wrote(self) -> datetime | None:
        return next((line.at for line in reversed(self.lines) if line.side == "wrote"), None)


class Messenger:
    """One Page, its app, and all who write to it. The hook's address survives a restart, as in Facebook's app."""

    def __init__(self, state_dir: Path, carrier: Carrier) -> None:
        self.threads: OrderedDict[str, Thread] = OrderedDict()  # the one that moved last at the end
        self.answer = ""
        self.calls = 0  # that sent something
        self._carrier = carrier
        self._kept = state_dir / "messenger.json"
        known = json.loads(self._kept.read_text()) if self._kept.exists() else {}
        self.hook = str(known.get("hook", ""))
        self._last = 0
        for each in known.get("threads", ()):  # who had written before it began
            thread = Thread(each["person"], each["name"], each["about"])
            thread.lines.append(Line("wrote", each["text"], datetime.fromisoformat(each["at"])))
            self.threads[thread.person] = thread

    def routes(self) -> list[web.RouteDef]:
        graph = "/graph/v25.0"
        return [
            web.get(f"{graph}/me", self._api(self.me)),
            web.get(f"{graph}/{{person:[0-9]+}}", self._api(self.person)),
            web.post(f"{graph}/{PAGE}/messages", self._api(self.send)),
            web.post(f"{graph}/{PAGE}/message_attachments", self._api(self.upload)),
            web.post(f"{graph}/{PAGE}/subscribed_apps", self._api(self.subscribe)),
            web.delete(f"{graph}/{PAGE}/subscribed_apps", self._api(self.subscribe)),
        ]

    def set_hook(self, url: str) -> None:
        """Where Facebook calls. Raises CannotDo."""
        if not url.startswith(("http://", "https://")):
            raise CannotDo("The hook's address starts with http:// or https://.")
        self.hook = url.strip()
        self._kept.write_text(json.dumps({"hook": self.hook}))
        self._carrier.changes += 1

    # What sellers and the Page's people do

    def write(self, person: str, text: str, *, name: str = "", about: str = "") -> Thread:
        """The seller writes. The first time it opens the thread. Raises CannotDo."""
        if not text.strip():
            raise CannotDo("Write something first.")
        thread = self.threads.get(person)
        if thread is None:
            thread = self.threads[person] = Thread(person, name or f"Seller {len(self.threads) + 1}", about)
        mid, message = self._mid(), {"text": text[:LONGEST]}
        referral = {"ref": about, "source": "SHORTLINK", "type": "OPEN_THREAD"} if about else None
        self._show(thread, Line("wrote", text, clock.now(), mid=mid))
        item = {"message": {"mid": mid, **message, **({"referral": referral} if referral else {})}}
        self._tell(0.0, person, PAGE, item)
        return thread

    def type_in_inbox(self, person: str, text: str) -> None:
        """Somebody of the dealership answers in Facebook's own inbox. Raises CannotDo."""
        thread = self.threads.get(person)
        if thread is None or not text.strip():
            raise CannotDo("Write something first.")
        mid = self._mid()
        self._show(thread, Line("got", text, clock.now(), "Facebook’s inbox", mid))
        self._tell(0.0, PAGE, person, {"message": {"mid": mid, "is_echo": True, "text": text}})

    # The Graph API

    async def me(self, request: web.Request) -> web.Response:
        return web.json_response({"id": PAGE, "name": NAME})

    async def person(self, request: web.Request) -> web.Response:
        thread = self.threads.get(request.match_info["person"])
        if thread is None:
            return _error(400, 100, 33, "Unsupported get request.")
        return web.json_response({"id": thread.person, "name": thread.name})

    async def subscribe(self, request: web.Request) -> web.Response:
        return web.json_response({"success": True})

    async def upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        if "message" not in form or "filedata" not in form:
            return _error(400, 100, 0, "(#100) No file was uploaded")
        return web.json_response({"attachment_id": str(1_857_000_000_000_000 + self._next())})

    async def send(self, request: web.Request) -> web.Response:
        said = await request.json()
        person, message = str(said.get("recipient", {}).get("id")), said.get("message", {})
        thread = self.threads.get(person)
        if thread is None:
            return _error(400, 100, 2018001, "(#100) No matching user found")
        text = message.get("text")
        if text is not None and not 0 < len(text) <= LONGEST:
            return _error(400, 100, 0, "(#100) Length of param message[text] must be less than or equal to 2000")
        if not self._in_window(thread, said):
            return _error(400, 10, 2018278, "(#10) This message is sent outside of allowed window.")
        mid = self._mid()
        self.calls += 1
        self._show(thread, Line("got", text or "(A file)", clock.now(), "Lotwire", mid))
        echo = {"mid": mid, "is_echo": True, "metadata": message.get("metadata", "")}
        self._tell(0.1, PAGE, person, {"message": echo | ({"text": text} if text else {"attachments": []})})
        watermark = int(clock.now().timestamp() * 1000)
        self._tell(0.5, person, PAGE, {"delivery": {"mids": [mid], "watermark": watermark}})
        return web.json_response({"recipient_id": person, "message_id": mid})

    def _in_window(self, thread: Thread, said: dict[str, Any]) -> bool:
        last = thread.last_wrote
        tagged = (said.get("messaging_type"), said.get("tag")) == ("MESSAGE_TAG", "HUMAN_AGENT")
        return last is not None and clock.now() - last <= (WEEK if tagged else DAY)

    def _api(self, handler: Any) -> Any:
        async def answer(request: web.Request) -> web.StreamResponse:
            proof = hmac.digest(APP_SECRET.encode(), TOKEN.encode(), "sha256").hex()
            if request.query.get("access_token") != TOKEN:
                return _error(401, 190, 463, "Error validating access token")
            if request.query.get("appsecret_proof") != proof:
                return _error(400, 100, 0, "Invalid appsecret_proof provided in the API argument")
            if self.answer and request.path.endswith("/messages"):
                _, status, code, subcode = ANSWERS[self.answer]
                if self.answer == "hang":
                    await asyncio.sleep(3600)
                return _error(status, code, subcode, "The simulator was told to say so")
            response: web.StreamResponse = await handler(request)
            return response

        return answer

    # Facebook's calls

    def _tell(self, after: float, sender: str, recipient: str, item: dict[str, Any]) -> None:
        if not self.hook:
            return
        at = int(clock.now().timestamp() * 1000)
        whole = {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": at, **item}
        call = {"object": "page", "entry": [{"id": PAGE, "time": at, "messaging": [whole]}]}
        body = json.dumps(call).encode()  # what is not ASCII as \u, as Facebook does
        mac = hmac.digest(APP_SECRET.encode(), body, "sha256").hex()
        headers = {"X-Hub-Signature-256": f"sha256={mac}"}
        self._carrier.events.hand(after, Delivery(self.hook, body, "application/json", headers))

    def _show(self, thread: Thread, line: Line) -> None:
        thread.lines.append(line)
        self.threads[thread.person] = thread
        self.threads.move_to_end(thread.person)
        while len(self.threads) > THREADS:
            self.threads.popitem(last=False)
        self._carrier.changes += 1

    def _mid(self) -> str:
        return f"m_simulator-{int(clock.now().timestamp() * 1000)}-{self._next()}"

    def _next(self) -> int:
        self._last += 1
        return self._last


def _error(status: int, code: int, subcode: int, message: str) -> web.Response:
    if not code:
        return web.Response(status=status, text="<html>Sorry, something went wrong.</html>", content_type="text/html")
    said = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AsimulatorX"}
    headers = {}
    if code == 613:
        usage = {PAGE: [{"type": "messenger", "call_count": 100, "estimated_time_to_regain_access": 1}]}
        headers["X-Business-Use-Case-Usage"] = json.dumps(usage)
    return web.json_response(
        {"error": said | ({"error_subcode": subcode} if subcode else {})}, status=status, headers=headers
    )

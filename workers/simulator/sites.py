"""What is not texts, as people see it: sellers in Messenger, and the contact form of a site that Lotwire fills in."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from domain import clock, ids
from workers.simulator.carrier import CannotDo
from workers.simulator.control import guarded
from workers.simulator.messenger import ANSWERS, Messenger
from workers.simulator.pages import Pages

KEPT = 200  # submissions
FORM_ANSWERS = {  # name -> label, status, what the page says
    "": ("Takes it", 200, "Thank you for your message."),
    "unlike": ("Shows the form again", 200, "Please fill in your name."),
    "refuses": ("400", 400, "This form was refused."),
    "fails": ("500", 500, "Something went wrong."),
}
QUICK = ("Yes, still for sale", "Sorry, sold yesterday", "When would you come?", "Please stop writing to me")


@dataclass(frozen=True)
class Submission:
    at: datetime
    fields: list[tuple[str, str]]


class Sites:
    """The pages of one Messenger, and a form that keeps what it was sent."""

    def __init__(self, messenger: Messenger, pages: Pages) -> None:
        self.messenger = messenger
        self.submissions: deque[Submission] = deque(maxlen=KEPT)
        self.form_answer = ""
        self._pages = pages

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/messenger", guarded(self.index)),
            web.post("/messenger", guarded(self.open)),
            web.post("/messenger/settings", guarded(self.settings)),
            web.get("/messenger/{person:\\d+}", guarded(self.thread)),
            web.post("/messenger/{person:\\d+}", guarded(self.write)),
            web.get("/forms", guarded(self.forms)),
            web.post("/forms/settings", guarded(self.form_settings)),
            web.post("/forms/contact", self.submit),
        ]

    async def index(self, request: web.Request) -> web.Response:
        return self._index()

    async def open(self, request: web.Request) -> web.Response:
        """A new seller writes to the Page."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        person = str(7_000_000_000_000_000 + ids.new().int % 10**15)
        try:
            thread = self.messenger.write(
                person, form.get("text", ""), name=form.get("name", "").strip(), about=form.get("about", "").strip()
            )
        except CannotDo as error:
            return self._index(error=str(error), status=422)
        raise web.HTTPSeeOther(f"/messenger/{thread.person}")

    async def settings(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if "answer" in form:
            self.messenger.answer = form["answer"] if form["answer"] in ANSWERS else ""
        try:
            if form.get("hook"):
                self.messenger.set_hook(form["hook"])
        except CannotDo as error:
            return self._index(error=str(error), status=422)
        raise web.HTTPSeeOther("/messenger")

    async def thread(self, request: web.Request) -> web.Response:
        return self._thread(request.match_info["person"])

    async def write(self, request: web.Request) -> web.Response:
        """The seller answers, or (`inbox`) somebody of the dealership in Facebook's own inbox."""
        person, form = request.match_info["person"], await request.post()
        if person not in self.messenger.threads:
            raise web.HTTPNotFound
        text = str(form.get("quick") or form.get("text") or "").replace("\r\n", "\n")
        try:
            if form.get("inbox"):
                self.messenger.type_in_inbox(person, text)
            else:
                self.messenger.write(person, text)
        except CannotDo as error:
            return self._thread(person, error=str(error), status=422)
        raise web.HTTPSeeOther(f"/messenger/{person}")

    # The form of a site

    async def forms(self, request: web.Request) -> web.Response:
        more = {"submissions": reversed(self.submissions), "answers": FORM_ANSWERS, "chosen": self.form_answer}
        return self._pages.page("forms.html", 200, **more)

    async def form_settings(self, request: web.Request) -> web.Response:
        chosen = str((await request.post()).get("answer", ""))
        self.form_answer = chosen if chosen in FORM_ANSWERS else ""
        raise web.HTTPSeeOther("/forms")

    async def submit(self, request: web.Request) -> web.Response:
        """What a site's form answers; what it was sent stands at /forms."""
        fields = [(name, str(value)) for name, value in (await request.post()).items()]
        _, status, says = FORM_ANSWERS[self.form_answer]
        if status == 200:
            self.submissions.append(Submission(clock.now(), fields))
            self._pages.carrier.changes += 1
        return web.Response(text=f"<!doctype html><p>{says}</p>", status=status, content_type="text/html")

    def _index(self, *, status: int = 200, **more: Any) -> web.Response:
        threads = [each for each in reversed(self.messenger.threads.values()) if each.lines]
        shown = {"threads": threads, "answers": ANSWERS, "messenger": self.messenger}
        return self._pages.page("messenger.html", status, **shown, **more)

    def _thread(self, person: str, *, status: int = 200, **more: Any) -> web.Response:
        thread = self.messenger.threads.get(person)
        if thread is None:
            raise web.HTTPNotFound
        return self._pages.page("messenger_thread.html", status, thread=thread, quick=QUICK, **more)

"""Sellers' mailboxes as pages: what came, and a form to answer it."""

from typing import Any

from aiohttp import web

from workers.simulator.control import guarded
from workers.simulator.pages import Pages
from workers.simulator.post import Post

SHOWN = 200  # mailboxes on the first page


class Letters:
    def __init__(self, post: Post, pages: Pages) -> None:
        self.post = post
        self.pages = pages

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/mail", guarded(self.index)),
            web.get("/mail/{address}", guarded(self.show)),
            web.post("/mail/{address}/answers", guarded(self.answer)),
        ]

    async def index(self, request: web.Request) -> web.Response:
        boxes = list(reversed(self.post.mailboxes.values()))[:SHOWN]
        return self._page("mail.html", 200, boxes=boxes)

    async def show(self, request: web.Request) -> web.Response:
        return self._show(request.match_info["address"])

    async def answer(self, request: web.Request) -> web.Response:
        address, form = request.match_info["address"], await request.post()
        text = str(form.get("text") or "").replace("\r\n", "\n").strip()
        if not text:
            return self._show(address, error="Write something first.", status=422)
        if not self.post.answer(address, text):
            raise web.HTTPNotFound(text="Nobody wrote to this address.")
        raise web.HTTPSeeOther(f"/mail/{address}")

    def _show(self, address: str, *, error: str = "", status: int = 200) -> web.Response:
        box = self.post.mailboxes.get(address)
        if box is None:
            raise web.HTTPNotFound(text="Nobody wrote to this address.")
        return self._page("mailbox.html", status, box=box, error=error)

    def _page(self, template: str, status: int, **context: Any) -> web.Response:
        return self.pages.page(template, status, **context)

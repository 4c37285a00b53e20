"""A visitor's browser without scripts: speaks to the app in the test's loop, keeps cookies and CSRF tokens."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

import httpx

from domain.users import User
from tests import make
from web.auth import cookie_name

BASE = "http://lotwire.test"
ANY = Mapping[str, Any]


class Client(httpx.AsyncClient):
    """`get` and `submit`; redirects are not followed, so that a test sees where it is sent."""

    def __init__(self, app: Any, user: User | None = None) -> None:
        super().__init__(transport=Transport(app), base_url=BASE, timeout=20)
        self.app = app
        self.user = user

    async def signed_in(self, user: User) -> "Client":
        """Another browser, in which this user is signed in."""
        other = Client(self.app, user)
        name, value = await make.session(user)
        other.cookies.set(name, value)
        return other

    async def submit(
        self,
        url: str,
        data: ANY | None = None,
        *,
        htmx: bool = False,
        files: ANY | None = None,
        token: str | None = None,
    ) -> httpx.Response:
        """Posts a form as a page would. `htmx=True`: as htmx does, the CSRF token in the header."""
        if token is None:
            token = await self.csrf_token()
        if htmx:
            return await self.post(url, data=data, files=files, headers={**HTMX, "x-csrftoken": token})
        return await self.post(url, data={**(data or {}), "_csrf_token": token}, files=files)

    async def get_fragment(self, url: str, **kwargs: Any) -> httpx.Response:
        """Gets it as htmx does."""
        return await self.get(url, headers=HTMX, **kwargs)

    async def csrf_token(self) -> str:
        """What a form of this visitor's would carry. A first visit brings the cookie."""
        name = cookie_name("csrftoken")
        if name not in self.cookies:
            await self.get(self.app.route_reverse("sessions.new"))
        return self.cookies[name]

    async def events(self, url: str) -> AsyncIterator[str]:
        """The names of the server-sent events of a stream, as they come; leaving the loop disconnects."""
        async with self.stream("GET", url, headers={"accept": "text/event-stream"}) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                if name := re.fullmatch(r"event: ?(.+)", line):
                    yield name[1]


HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Transport(httpx.AsyncBaseTransport):
    """An ASGI app as a server. Unlike httpx's own it hands over a stream while it runs, and disconnects when closed."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        exchange = _Exchange(self._app, request)
        return await exchange.response()


class _Exchange(httpx.AsyncByteStream):
    def __init__(self, app: Any, request: httpx.Request) -> None:
        self._request = request
        self._body = request.stream.__aiter__()  # type: ignore[union-attr]
        self._sent: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._read = False
        self._task = asyncio.ensure_future(self._run(app))

    async def response(self) -> httpx.Response:
        start = await self._sent.get()
        if start is None:
            await self._task  # raises what the app raised
            raise RuntimeError("The app answered nothing.")
        return httpx.Response(start["status"], headers=start["headers"], stream=self, request=self._request)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while message := await self._sent.get():
            if message["type"] == "http.response.body":
                yield message.get("body", b"")
                if not message.get("more_body"):
                    break
        self._gone.set()  # as servers say when the answer is out: a stream waits to hear it
        # What the app does after its answer belongs to the request.
        await self._task

    async def aclose(self) -> None:
        self._gone.set()
        if not self._task.done():
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._task), 2)
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self, app: Any) -> None:
        url = self._request.url
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self._request.method,
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.split(b"?")[0],
            "query_string": url.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
            "server": (url.host, url.port or 80),
            "client": ("127.0.0.1", 50000),
            "extensions": {},
        }
        try:
            await app(scope, self._receive, self._sent.put)
        finally:
            self._sent.put_nowait(None)

    async def _receive(self) -> dict[str, Any]:
        if not self._read:
            try:
                return {"type": "http.request", "body": await anext(self._body), "more_body": True}
            except StopAsyncIteration:
                self._read = True
                return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

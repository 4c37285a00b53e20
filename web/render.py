"""Pages, fragments and problems: the only module that writes HX- headers."""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Litestar, MediaType, Request, Response
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template.config import TemplateConfig
from litestar.utils.scope.state import ScopeState
from markupsafe import Markup, escape

from domain.settings import settings
from domain.users import Role
from web import auth, csrf, returning
from web.filters import FILTERS

HERE = Path(__file__).parent
STATIC = HERE / "static"
NOTICE_SECONDS = 60  # how long a notice may wait for the page that shows it
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

AnyRequest = Request[Any, Any, Any]
Notice = str | Mapping[str, Any]  # a sentence, or {text, tone: good|warn|bad, undo_url?, seconds?, link?: {url, label}}

_app: Litestar | None = None
_csrf_token: ContextVar[str] = ContextVar("csrf_token", default="")


def page(request: AnyRequest, template: str, /, *, status: int = 200, **context: Any) -> Response[str]:
    """A whole page, with the notice that a write before it left behind."""
    notice = context.pop("notice", None) or _left_notice(request)
    response = _response(request, template, status, {"notice": notice, **context})
    if auth.cookie_name("notice") in request.cookies:
        auth.set_cookie(response, "notice", "", 0)
    return response


def once(response: Response[str]) -> Response[str]:
    """A page that shows a secret: no browser keeps it for its Back button, or for whoever sits there next."""
    response.headers["Cache-Control"] = "no-store"
    return response


def fragment(
    request: AnyRequest, template: str, /, *, status: int = 200, event: str = "", **context: Any
) -> Response[str]:
    """The element that asked. `event` names what happened, several with commas: the rest of the page listens."""
    response = _response(request, template, status, {"notice": None, **context})
    if event:
        response.headers["HX-Trigger"] = event
    return response


def bare(text: str, *, event: str = "") -> Response[str]:
    """Text that is no element, such as what goes to the caret; or nothing, where the element that asked goes away."""
    headers = {"Cache-Control": "private, no-cache"} | ({"HX-Trigger": event} if event else {})
    return Response(str(escape(text)), media_type=MediaType.HTML, headers=headers)


def wrote(request: AnyRequest, location: str, *, notice: Notice | None = None, event: str = "") -> Response[Any]:
    """The answer to a write: for htmx the notice and the event, else 303 to `location` and the notice there."""
    if is_htmx(request):
        return fragment(request, "ui/_notice.html", event=event, notice=_whole(notice))
    return go(request, location, notice=notice)


def go(request: AnyRequest, location: str, *, notice: Notice | None = None) -> Response[Any]:
    """On to another page: 303, or for htmx an order to go there. A notice waits for the page, and the way back to where
    somebody came from goes along."""
    location = returning.onward(request, location)
    if is_htmx(request):
        response: Response[Any] = Response(None, status_code=204, headers={"HX-Redirect": location})
    else:
        response = Response("", status_code=303, media_type=MediaType.TEXT, headers={"Location": location})
    if notice is not None:
        _leave_notice(response, notice)
    return response


def problem(
    request: AnyRequest,
    status: int,
    title: str,
    sentence: str,
    next_step: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    place: str = "#notices",
    renew: bool = False,
) -> Response[Any]:
    """What went wrong and what to do: a page, or for htmx a fragment that goes into `place`, if any. With `renew` it
    gives all forms of the page a fresh CSRF token. A `next_step` is {url, label, apart?: in another tab}."""
    context = {"status": status, "title": title, "sentence": sentence, "next_step": next_step, "notice": None}
    if is_htmx(request):
        response = _response(request, "errors/_problem.html", status, {**context, "renew": renew})
        response.headers.update({"HX-Retarget": place, "HX-Reswap": "innerHTML"} if place else {"HX-Reswap": "none"})
    else:
        response = _response(request, "errors/problem.html", status, context)
    response.headers.update(headers or {})
    return response


def is_htmx(request: AnyRequest) -> bool:
    return request.headers.get("hx-request") == "true"


def url_for(name: str, **path: Any) -> str:
    """The path of a route by its name. Needs no request, so that macros and handlers say it alike."""
    if _app is None:
        raise RuntimeError("url_for() needs the application: web.render.attach(app) comes first.")
    return _app.route_reverse(name, **{key: str(value) for key, value in path.items()})


def asset(name: str) -> str:
    """The URL of a static file with a hash of what is in it, so that browsers may keep it for ever."""
    path = f"{STATIC}/{name}"  # asked once an icon, so without pathlib
    return f"/static/{name}?v={_digest(path, os.stat(path).st_mtime_ns)}"


def icon(name: str, css: str = "") -> Markup:
    """One icon of the sprite. Decorative: the word beside it, or the button's label, says what it means."""
    return _icon(name, css, asset("icons.svg"))


def csrf_token() -> str:
    """A fresh masking of this visitor's CSRF token."""
    token = _csrf_token.get()
    return csrf.masked(token) if token else ""


def csrf_input() -> Markup:
    """The hidden field of every form that posts."""
    return Markup('<input type="hidden" name="_csrf_token" value="{}">').format(escape(csrf_token()))


def attach(app: Litestar) -> None:
    """Tells url_for() which application's routes to read."""
    global _app
    _app = app


def templates() -> TemplateConfig[JinjaTemplateEngine]:
    engine = JinjaTemplateEngine.from_environment(TEMPLATES)
    TEMPLATES.globals.update(GLOBALS)  # Litestar's own url_for and csrf_token fail in a macro without context
    return TemplateConfig(instance=engine)


def environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=-1,
    )
    env.filters.update(FILTERS)
    env.globals.update(GLOBALS)
    return env


def _response(request: AnyRequest, template: str, status: int, context: dict[str, Any]) -> Response[str]:
    """Litestar's Template response renders when it is sent, too late for an error page; this renders now."""
    user = request.scope.get("user")
    shared = {
        "request": request,
        "me": user,
        "account": user.account if user else None,
        "page_title": None,
        "insecure": _is_insecure(request),
        "frozen": bool(request.scope.get("frozen")),  # nothing leaves: web.auth asked
        "to_batch_url": returning.place(request),
    }
    # After a POST Litestar's state holds what the form sent, which is masked already: only the cookie is the token.
    token = request.cookies.get(auth.cookie_name("csrftoken")) or ScopeState.from_scope(request.scope).csrf_token
    reset = _csrf_token.set(token if isinstance(token, str) else "")
    try:
        html = TEMPLATES.get_template(template).render({**shared, **context})
    finally:
        _csrf_token.reset(reset)
    headers = {"Cache-Control": "private, no-cache"}
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=headers)


def _is_insecure(request: AnyRequest) -> bool:
    """Whether an admin should be told that sessions travel unprotected: no https, and not on this machine alone."""
    user = request.scope.get("user")
    if user is None or user.role != Role.ADMIN or settings().secure:
        return False
    host = request.headers.get("host", "")
    return (host if host.endswith("]") else host.rsplit(":", 1)[0]) not in LOOPBACK


def _whole(notice: Notice | None) -> dict[str, Any]:
    given = {"text": notice} if isinstance(notice, str) else dict(notice or {"text": ""})
    return {"tone": "good", "undo_url": None, "seconds": None, "link": None, **given}


def _leave_notice(response: Response[Any], notice: Notice) -> None:
    body = base64.urlsafe_b64encode(json.dumps(_whole(notice)).encode()).decode().rstrip("=")
    auth.set_cookie(response, "notice", f"{body}.{_sign(body)}", NOTICE_SECONDS)


def _left_notice(request: AnyRequest) -> dict[str, Any] | None:
    body, _, signature = request.cookies.get(auth.cookie_name("notice"), "").rpartition(".")
    if not body or not hmac.compare_digest(signature.encode(), _sign(body).encode()):
        return None
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def _sign(body: str) -> str:
    return hmac.new(auth.key_for("notice"), body.encode(), "sha256").hexdigest()


@lru_cache(maxsize=1024)  # a page of history has a hundred, of two dozen kinds
def _icon(name: str, css: str, sprite: str) -> Markup:
    return Markup('<svg class="i{}" aria-hidden="true"><use href="{}#{}"/></svg>').format(
        f" {css}" if css else "", sprite, name
    )


@lru_cache(maxsize=256)
def _digest(path: str, _: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


GLOBALS = {"url_for": url_for, "asset": asset, "sprite_icon": icon, "csrf_token": csrf_token, "csrf_input": csrf_input}
TEMPLATES = environment()

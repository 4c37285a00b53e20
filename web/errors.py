"""From an exception to what a person reads, a program at /api or a provider at /hooks."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, NotFoundException, PermissionDeniedException
from litestar.types import ExceptionHandlersMap

from domain.errors import NotFound, Refused, Unavailable
from domain.sessions import TooManyFailures
from web import auth, csrf, render

logger = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]

# status -> (title, sentence)
WORDS = {
    400: ("This address is not complete", "Something is missing or wrong in the address. Go back and try again."),
    401: ("You are signed out", "Sign in and try again."),
    403: (
        "This form was open too long",
        "Nothing was sent. Go back, copy what you typed, reload the page and send it again.",
    ),
    404: ("This page is not here", "It may have been moved, or the address is wrong."),
    405: ("This cannot be done here", "Go back and use the buttons of the page."),
    413: ("This is too big", "Nothing was stored. Choose a smaller file or a shorter text."),
    415: ("This cannot be read", "Send it as a form of this site does."),
    429: ("Too many tries", "Wait a moment and try again."),
    503: ("Lotwire cannot do this now", "Wait a moment and try again."),
}
# The same for what htmx posts or asks for while the page, and what somebody typed into it, stays.
HERE = {
    401: ("You are signed out.", "Sign in in another tab, then send again: your text stays here."),
    403: ("This page was open too long.", "It is mended now. Send again: your text stays here."),
}
# What asks by itself, again and again: the page marks its view as not live.
QUIET = {"history.latest", "unmatched.waiting", "sends.preview", "message_templates.preview"}
FOR_PROGRAMS = {
    404: "There is no such address. /api/v1/openapi.json lists them all.",
    405: "This address does not take this method. /api/v1/openapi.json says which it takes.",
}
FOR_PROVIDERS = {404: "There is no such hook.", 405: "This hook is called in another way."}
BROKEN = "Something went wrong"


def on_error(request: AnyRequest, error: Exception) -> Response[Any]:
    """The answer to whatever a handler, a guard or the router raised."""
    if isinstance(error, auth.NotSignedIn):
        return _not_signed_in(request)
    if isinstance(error, PermissionDeniedException) and _stays(request):
        return _open_too_long(request)
    status, title, sentence = _told(request, error)
    if status >= 500 and not isinstance(error, Unavailable):
        logger.error("A request failed", exc_info=error)
    elif isinstance(error, Unavailable):
        logger.warning("A request could not be served: %s", error, extra={"cause": repr(error.__cause__)})
    headers = _headers(error)
    if request.url.path.startswith("/api/"):
        code, field = (error.code, error.field) if isinstance(error, Refused) else (_code(status), "")
        return api_problem(status, FOR_PROGRAMS.get(status, sentence), code, field, headers)
    if request.url.path.startswith("/hooks"):  # what the router itself refuses; the rest is web.handlers.hooks
        said = f"{FOR_PROVIDERS.get(status, sentence)}\n"
        return Response(said, status_code=status, media_type=MediaType.TEXT, headers=headers)
    return render.problem(request, status, title, sentence, _next_step(request, status, error), headers)


def api_problem(
    status: int, message: str, code: str, field: str = "", headers: Mapping[str, str] | None = None
) -> Response[Any]:
    """What a program reads: `{errors: [{field, code, message}]}`."""
    body = {"errors": [{"field": field, "code": code, "message": message}]}
    return Response(body, status_code=status, media_type="application/json", headers=dict(headers or {}))


def _told(request: AnyRequest, error: Exception) -> tuple[int, str, str]:
    """(status, title, sentence)"""
    if isinstance(error, NotFound | NotFoundException):
        return 404, *WORDS[404]
    if isinstance(error, TooManyFailures):
        return 429, WORDS[429][0], error.message
    if isinstance(error, Refused):
        return (403 if error.code == "no_permission" else 422), "This cannot be done", error.message
    if isinstance(error, Unavailable):
        return 503, WORDS[503][0], str(error)
    if isinstance(error, HTTPException) and error.status_code in WORDS:
        return error.status_code, *WORDS[error.status_code]
    if isinstance(error, HTTPException) and error.status_code < 500:
        return error.status_code, *WORDS[400]
    number = request.scope["state"].get("request_id", "")
    return 500, BROKEN, f"Try again. If it happens again, tell your admin this number: {number}"


def _not_signed_in(request: AnyRequest) -> Response[Any]:
    if request.headers.get("accept", "").startswith("text/event-stream"):
        return Response(None, status_code=401)  # a live page would follow the redirect and read the form as events
    return _here(request, 401) if _stays(request) else render.go(request, auth.sign_in_url(request))


def _open_too_long(request: AnyRequest) -> Response[Any]:
    """A script of ours sent a token that does not fit. The answer brings another, and a cookie to it where there is
    none; no other site can cause that, because browsers do not let one send our headers."""
    token = csrf.renewed(request.scope, auth.csrf_config())
    response = _here(request, 403 if auth.cookie_name("session") in request.cookies else 401, renew=True)
    return auth.set_cookie(response, "csrftoken", token, csrf.MAX_AGE) if token else response


def _here(request: AnyRequest, status: int, *, renew: bool = False) -> Response[Any]:
    """What is wrong, on the page that stays: in the Send Message window, or in the notices."""
    name, sign_in = _route(request), {"url": render.url_for("sessions.new"), "label": "Sign in", "apart": "1"}
    place = "#send-problem" if name.startswith(("sends.", "drafts.")) else "#notices"
    next_step = sign_in if status == 401 else None
    return render.problem(request, status, *HERE[status], next_step, place="" if name in QUIET else place, renew=renew)


def _stays(request: AnyRequest) -> bool:
    """Whether a script of ours asks, from a page that is to stay as it is. It may go where nothing can stand in it:
    when it looks itself up anew, and when the Send Message window is about to open."""
    if request.method == "POST":
        return render.is_htmx(request) or "x-csrftoken" in request.headers
    page = urlsplit(request.headers.get("hx-current-url", "")).path
    return render.is_htmx(request) and request.url.path != page and _route(request) != "sends.new"


def _route(request: AnyRequest) -> str:
    handler = request.scope.get("route_handler")
    return (handler.name if handler else None) or ""


def _next_step(request: AnyRequest, status: int, error: Exception) -> dict[str, str]:
    if isinstance(error, Refused) and error.code == "tier":
        return {"url": render.url_for("plans.index"), "label": "Compare plans"}
    if status == 403 and (back := auth.local_path(auth.path_of(request.headers.get("referer", "")))):
        return {"url": back, "label": "Back to the page"}
    if request.scope.get("user") is None and status != 404:
        return {"url": render.url_for("sessions.new"), "label": "Sign in"}
    return {"url": render.url_for("listings.index"), "label": "Go to the inventory"}


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, TooManyFailures):
        return {"Retry-After": str(error.seconds)}
    if isinstance(error, Unavailable):
        return {"Retry-After": "5"}
    return dict(error.headers or {}) if isinstance(error, HTTPException) else {}


def _code(status: int) -> str:
    return {404: "not_found", 405: "method_not_allowed", 413: "too_large", 429: "too_many", 503: "unavailable"}.get(
        status, "invalid" if status < 500 else "error"
    )


HANDLERS: ExceptionHandlersMap = {Exception: on_error, PermissionDeniedException: on_error, HTTPException: on_error}

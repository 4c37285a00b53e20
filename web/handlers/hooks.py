"""What providers call: kept first, once, and answered at once; a worker reads it afterwards."""

import asyncio
import logging
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from litestar import MediaType, Request, Response, Router, get, post
from litestar.exceptions import ClientException, HTTPException, PermissionDeniedException

from domain import connections, inbox
from domain.channels.base import BadSignature, HookCall, NotUnderstood, TooOld
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState
from domain.errors import NotFound
from web import queue

logger = logging.getLogger(__name__)

HOOK = "/{kind:str}/{connection_id:str}"
LARGEST_BODY = 1024 * 1024  # bytes; Facebook tells up to a thousand things at once
BODY_SECONDS = 20.0  # for a body to come; providers give up after fewer

AnyRequest = Request[Any, Any, Any]


@post([HOOK, f"{HOOK}/{{part:str}}"], name="hooks.create", status_code=200)
async def create(request: AnyRequest) -> Response[str]:
    """Answers 200 once its events are in the database, new or not; 503 makes the provider try again."""
    connection = await _connection(request)
    provider = CHANNELS[connection.kind]
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.body()
        events = connections.verified(connection, _call(request, connection, body))
    except TimeoutError:
        return _said(408, "The event took too long to come.")
    except (BadSignature, NotUnderstood) as error:
        return await _refused(connection, error)
    if await _intake(request).store(connection.id, events):
        await queue.kick(request, "handle_events", job_id=queue.slot("handle_events"))
    return Response(provider.thanks.body, media_type=provider.thanks.media_type)


@get(HOOK, name="hooks.show")
async def show(request: AnyRequest) -> Response[str]:
    """The provider asks whether the hook is ours."""
    connection = await _connection(request)
    answer = connections.adapter(connection).challenge(_call(request, connection))
    if answer is None:
        return await _refused(connection, BadSignature("A question that proves nothing."))
    return Response(answer, media_type=MediaType.TEXT)


def _intake(request: AnyRequest) -> inbox.Intake:
    """Of this process: what comes at the same moment is kept together."""
    state = request.app.state
    if "intake" not in state:
        state.intake = inbox.Intake()
    found: inbox.Intake = state.intake
    return found


def _call(request: AnyRequest, connection: Connection, body: bytes = b"") -> HookCall:
    """The call as the provider made it: to the address it was told, whatever a proxy made of that."""
    base = connections.hook_url(connection)
    if base.startswith("/"):
        base = f"{_here(request)}{base}"
    if part := request.path_params.get("part"):
        base = f"{base}/{part}"
    query = request.scope["query_string"].decode("latin-1")
    url = f"{base}?{query}" if query else base
    return HookCall(url, body, dict(request.headers), request.method)


def _here(request: AnyRequest) -> str:
    """Where it was called, as the caller says. Raises ClientException for a host that is none."""
    try:
        here = str(request.base_url).rstrip("/")
        _ = urlsplit(here).port
    except ValueError:
        raise ClientException from None
    return here


async def _connection(request: AnyRequest) -> Connection:
    """The connection of that kind and id that is still installed, called where its provider may. Raises NotFound."""
    kind, connection_id = request.path_params["kind"], request.path_params["connection_id"]
    try:
        connection = await connections.by_id(UUID(connection_id))
    except ValueError:
        raise NotFound from None
    if connection is None or connection.kind != kind or connection.state == ConnectionState.DISCONNECTED:
        raise NotFound
    if (part := request.path_params.get("part")) and part not in CHANNELS[kind].hook_parts:
        raise NotFound
    return connection


async def _refused(connection: Connection, error: BadSignature | NotUnderstood) -> Response[str]:
    logger.warning("A hook call was refused: %s", error, extra={"connection": str(connection.id)})
    if isinstance(error, NotUnderstood):
        return _said(400, "The event could not be read.")
    await connections.hook_refused(connection.id)
    return _said(403 if isinstance(error, TooOld) else 401, "The event is not taken: its signature does not hold.")


def on_error(request: AnyRequest, error: Exception) -> Response[str]:
    """A machine calls, so no page; whatever is our own fault is 503, and the provider tries again."""
    if isinstance(error, NotFound):
        return _said(404, "There is no such hook.")
    if isinstance(error, HTTPException) and error.status_code == 413:
        return _said(413, "The event is too large.")
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _said(400, "The request could not be read.")
    logger.error("A hook call could not be kept", exc_info=error)
    return Response("Try again later.\n", status_code=503, media_type=MediaType.TEXT, headers={"Retry-After": "10"})


def _said(status: int, sentence: str) -> Response[str]:
    return Response(f"{sentence}\n", status_code=status, media_type=MediaType.TEXT)


ROUTER = Router(
    "/hooks",
    route_handlers=[create, show],
    exception_handlers={Exception: on_error, PermissionDeniedException: on_error, HTTPException: on_error},
    request_max_body_size=LARGEST_BODY,
    include_in_schema=False,
)

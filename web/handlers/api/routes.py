"""Every URL of the API on one page: method, path, handler, scope. `openapi` tells the same to programs."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Router, delete, get, patch, post, put
from litestar.handlers import HTTPRouteHandler

from web.handlers.api import (
    access,
    attachments,
    batches,
    bodies,
    listings,
    messages,
    openapi,
    problems,
    suppressions,
    templates,
)

Handler = Callable[..., Awaitable[Any]]


def GET(path: str, handler: Handler, scope: str, **opt: Any) -> HTTPRouteHandler:
    return get(path, name=_name(handler), opt={"scope": scope, **opt})(handler)


def PUT(path: str | list[str], handler: Handler, scope: str) -> HTTPRouteHandler:
    return put(path, name=_name(handler), opt={"scope": scope})(handler)


def POST(path: str, handler: Handler, scope: str, **more: Any) -> HTTPRouteHandler:
    return post(path, name=_name(handler), opt={"scope": scope}, status_code=200, **more)(handler)


def PATCH(path: str, handler: Handler, scope: str) -> HTTPRouteHandler:
    return patch(path, name=_name(handler), opt={"scope": scope})(handler)


def DELETE(path: str, handler: Handler, scope: str) -> HTTPRouteHandler:
    return delete(path, name=_name(handler), opt={"scope": scope}, status_code=200)(handler)


def _name(handler: Handler) -> str:
    return f"api.{handler.__module__.rpartition('.')[2]}.{handler.__name__}"


# The second path is the first with “messages” for an id, which the router would take for the messages of a listing.
LISTING = ["/listings/{source:str}/{external_id:path}", "/listings/{source:str}/messages"]

ONE_FILE: dict[str, Any] = {
    "request_max_body_size": attachments.LARGEST_BODY,
    "exception_handlers": {413: attachments.too_large},
}

BEARERS = [
    PUT(LISTING, listings.put, "listings:write"),
    GET("/listings", listings.index, "listings:read"),
    GET("/listings/{listing_id:str}", listings.show, "listings:read"),
    GET("/listings/{listing_id:str}/messages", listings.messages, "messages:read", messaging=True),
    POST("/messages", messages.create, "messages:write"),
    POST("/previews", messages.preview, "messages:read"),
    POST("/attachments", attachments.create, "messages:write", **ONE_FILE),
    GET("/messages/{message_id:str}", messages.show, "messages:read", messaging=True),
    DELETE("/messages/{message_id:str}/schedule", messages.unschedule, "messages:write"),
    POST("/batch-previews", batches.preview, "batches:read"),
    POST("/batches", batches.create, "batches:write"),
    GET("/batches/{batch_id:str}", batches.show, "batches:read", messaging=True),
    GET("/batches/{batch_id:str}/recipients", batches.recipients, "batches:read", messaging=True),
    POST("/batches/{batch_id:str}/pause", batches.pause, "batches:write"),
    DELETE("/batches/{batch_id:str}/pause", batches.resume, "batches:write"),
    POST("/batches/{batch_id:str}/stop", batches.stop, "batches:write"),
    POST("/batches/{batch_id:str}/attempts", batches.retry, "batches:write"),
    GET("/templates", templates.index, "templates:read"),
    POST("/templates", templates.create, "templates:write"),
    GET("/templates/{template_id:str}", templates.show, "templates:read"),
    PATCH("/templates/{template_id:str}", templates.update, "templates:write"),
    DELETE("/templates/{template_id:str}", templates.destroy, "templates:write"),
    GET("/suppressions", suppressions.index, "suppressions:read"),
    POST("/suppressions", suppressions.create, "suppressions:write"),
    DELETE("/suppressions", suppressions.destroy, "suppressions:write"),
]

ROUTER = Router(
    "/api/v1",
    route_handlers=[
        get("/openapi.json", name="api.openapi.show")(openapi.show),
        Router("/", guards=[access.bearers], route_handlers=BEARERS),
    ],
    exception_handlers=problems.HANDLERS,
    request_max_body_size=bodies.LARGEST_BODY,
    include_in_schema=False,
)

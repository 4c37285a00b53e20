"""The API told to programs: OpenAPI 3.1, of the very schemas that requests are checked against."""

import tomllib
from functools import cache
from typing import Any

from litestar import Response

from domain.file_contents import MEGABYTES
from domain.sessions import SCOPES
from domain.settings import ROOT
from web.handlers.api import access, listings, templates
from web.handlers.api.schemas import SCHEMAS
from web.handlers.api.shapes import ID, Schema, named

# status -> what it means, for the errors that any call may get
EVERYWHERE = {
    401: "No token, or one that is unknown, revoked or of somebody inactive.",
    403: "The token lacks the scope, its user the right, or the dealership's plan the API.",
    429: f"More than {access.PER_MINUTE} requests of this token within a minute. Retry-After says how long to wait.",
    503: "The database cannot take this now. Retry-After says when to try again.",
}
MALFORMED = {
    400: "The body is not JSON.",
    413: "The body is too large.",
    415: "The body is not sent as application/json.",
    422: "All that is wrong with the request.",
}
MISSING = {404: "There is no such record, or it is another dealership's."}
UPLOAD: Schema = {
    "type": "object",
    "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
    "required": ["file"],
}
KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "New for each message, the same when you try again: then the first answer comes again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": "6f1c2d0e-8f0a-4c7e-9a53-3f1d9b2a7c11",
}


async def show() -> Response[dict[str, Any]]:
    return Response(document(), media_type="application/json")


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lotwire",
            "version": tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"],
            "description": "Listings in and out, and messages to their sellers. Times are ISO 8601 with zone, ids are "
            "UUIDs, phone numbers E.164. Lists are read page by page with the cursor each page gives.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "tags": [{"name": "Listings"}, {"name": "Messages"}, {"name": "Templates"}],
        "paths": {**_paths(), **_template_paths()},
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of `./lotwire token add`. A write scope includes the read scope. Scopes: "
                    f"{', '.join(sorted(SCOPES))}.",
                }
            },
        },
    }


def _paths() -> dict[str, Any]:
    listing_id, message_id = _in_path("listing_id", ID), _in_path("message_id", ID)
    return {
        "/api/v1/openapi.json": {
            "get": {
                "operationId": "showOpenAPI",
                "summary": "This document",
                "security": [],
                "responses": {"200": {"description": "OpenAPI 3.1", "content": {"application/json": {}}}},
            }
        },
        "/api/v1/listings/{source}/{external_id}": {
            "put": _operation(
                "putListing",
                "Create a listing or bring it up to date",
                "listings:write",
                {201: ("It was new.", "Listing"), 200: ("It was known.", "Listing")},
                MALFORMED,
                body="ListingInput",
                parameters=[
                    _in_path("source", {"type": "string", "maxLength": 60}, "The site of the ad, such as craigslist."),
                    _in_path("external_id", {"type": "string", "maxLength": 200}, "The ad's id there; / as %2F."),
                ],
            )
        },
        "/api/v1/listings": {
            "get": _operation(
                "listListings",
                "A view of the inventory, newest first",
                "listings:read",
                {200: ("A page.", "ListingPage")},
                {422: MALFORMED[422]},
                parameters=_in_query(listings.INDEX_QUERY),
            )
        },
        "/api/v1/listings/{listing_id}": {
            "get": _operation(
                "showListing",
                "One listing",
                "listings:read",
                {200: ("The listing.", "Listing")},
                MISSING,
                parameters=[listing_id],
            )
        },
        "/api/v1/listings/{listing_id}/messages": {
            "get": _operation(
                "listMessages",
                "What was written to and from its seller, newest first",
                "messages:read",
                {200: ("A page.", "MessagePage")},
                {**MISSING, 422: MALFORMED[422]},
                parameters=[listing_id, *_in_query(listings.MESSAGES_QUERY)],
            )
        },
        "/api/v1/messages": {
            "post": _operation(
                "sendMessage",
                "Send a message to a listing's seller",
                "messages:write",
                {202: ("It is taken on and leaves by itself.", "Accepted")},
                {**MALFORMED, 409: "The key was used for another message."},
                body="MessageInput",
                parameters=[KEY],
            )
        },
        "/api/v1/previews": {
            "post": _operation(
                "previewMessage",
                "What the seller would read; nothing is stored",
                "messages:read",
                {200: ("The preview.", "Preview")},
                MALFORMED,
                body="PreviewInput",
            )
        },
        "/api/v1/attachments": {
            "post": _operation(
                "uploadAttachment",
                "Upload a file to go along with a message",
                "messages:write",
                {201: ("It is kept.", "Attachment")},
                {
                    400: "The form cannot be read.",
                    413: f"The file is larger than {MEGABYTES} MB.",
                    415: "The body is not sent as multipart/form-data.",
                    422: "There is no file, or what lies in it is not taken.",
                },
                content={"multipart/form-data": {"schema": UPLOAD}},
            )
        },
        "/api/v1/messages/{message_id}": {
            "get": _operation(
                "showMessage",
                "One message with its attempts and receipts",
                "messages:read",
                {200: ("The message.", "MessageDetail")},
                MISSING,
                parameters=[message_id],
            )
        },
        "/api/v1/messages/{message_id}/schedule": {
            "delete": _operation(
                "cancelMessage",
                "Cancel a message that has not left yet",
                "messages:write",
                {200: ("It will not leave.", "Accepted")},
                {**MISSING, 409: "It has left.", 422: "It came in, so there is nothing to cancel."},
                parameters=[message_id],
            )
        },
    }


def _template_paths() -> dict[str, Any]:
    template_id = _in_path("template_id", ID)
    return {
        "/api/v1/templates": {
            "get": _operation(
                "listTemplates",
                "Saved wordings the token's user may pick",
                "templates:read",
                {200: ("A page.", "TemplatePage")},
                {422: MALFORMED[422]},
                parameters=_in_query(templates.INDEX_QUERY),
            ),
            "post": _operation(
                "createTemplate",
                "Save a wording",
                "templates:write",
                {201: ("It is saved.", "Template")},
                MALFORMED,
                body="TemplateInput",
            ),
        },
        "/api/v1/templates/{template_id}": {
            "get": _operation(
                "showTemplate",
                "One saved wording as it is now",
                "templates:read",
                {200: ("The template.", "Template")},
                MISSING,
                parameters=[template_id],
            ),
            "patch": _operation(
                "changeTemplate",
                "Change a saved wording; other words are a new version",
                "templates:write",
                {200: ("The template as it is now.", "Template")},
                {**MALFORMED, **MISSING, 409: "Somebody changed it since the version you named."},
                body="TemplateChange",
                parameters=[template_id],
            ),
            "delete": _operation(
                "deleteTemplate",
                "Delete a saved wording; what was sent with it keeps its words",
                "templates:write",
                {200: ("The template as it was.", "Template")},
                {**MISSING, 422: "It comes with Lotwire."},
                parameters=[template_id],
            ),
        },
    }


def _operation(
    name: str,
    summary: str,
    scope: str,
    answers: dict[int, tuple[str, str]],
    errors: dict[int, str],
    body: str = "",
    content: dict[str, Any] | None = None,
    parameters: list[Schema] | None = None,
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "tags": [scope.partition(":")[0].title()],
        "description": f"Needs the scope `{scope}`.",
        "security": [{"bearer": [scope]}],
        "responses": {
            **{str(status): _response(told, shape) for status, (told, shape) in answers.items()},
            **{str(status): _response(told, "Errors") for status, told in sorted({**EVERYWHERE, **errors}.items())},
        },
    }
    if parameters:
        made["parameters"] = parameters
    if body:
        content = {"application/json": {"schema": named(body)}}
    if content:
        made["requestBody"] = {"required": True, "content": content}
    return made


def _response(description: str, shape: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": named(shape)}}}


def _in_path(name: str, schema: Schema, description: str = "") -> Schema:
    told = {"description": description} if description else {}
    return {"name": name, "in": "path", "required": True, "schema": schema, **told}


def _in_query(known: dict[str, Schema]) -> list[Schema]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in known.items()]

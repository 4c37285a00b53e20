"""The API told to programs: OpenAPI 3.1, of the very schemas that requests are checked against."""

import tomllib
from functools import cache
from typing import Any

from litestar import Response

from domain.file_contents import MEGABYTES
from domain.sessions import SCOPES
from domain.settings import ROOT
from web.handlers.api import batch_paths, listings, operations, suppressions, templates
from web.handlers.api.schemas import SCHEMAS
from web.handlers.api.shapes import ID, Schema

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
        "tags": [
            {"name": "Listings"},
            {"name": "Messages"},
            {"name": "Batches"},
            {"name": "Templates"},
            {"name": "Suppressions"},
        ],
        "paths": {**_paths(), **batch_paths.paths(KEY), **_template_paths(), **_suppression_paths()},
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
    listing_id, message_id = operations.in_path("listing_id", ID), operations.in_path("message_id", ID)
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
            "put": operations.operation(
                "putListing",
                "Create a listing or bring it up to date",
                "listings:write",
                {201: ("It was new.", "Listing"), 200: ("It was known.", "Listing")},
                operations.MALFORMED,
                body="ListingInput",
                parameters=[
                    operations.in_path(
                        "source", {"type": "string", "maxLength": 60}, "The site of the ad, such as craigslist."
                    ),
                    operations.in_path(
                        "external_id", {"type": "string", "maxLength": 200}, "The ad's id there; / as %2F."
                    ),
                ],
            )
        },
        "/api/v1/listings": {
            "get": operations.operation(
                "listListings",
                "A view of the inventory, newest first",
                "listings:read",
                {200: ("A page.", "ListingPage")},
                {422: operations.MALFORMED[422]},
                parameters=operations.in_query(listings.INDEX_QUERY),
            )
        },
        "/api/v1/listings/{listing_id}": {
            "get": operations.operation(
                "showListing",
                "One listing",
                "listings:read",
                {200: ("The listing.", "Listing")},
                operations.MISSING,
                parameters=[listing_id],
            )
        },
        "/api/v1/listings/{listing_id}/messages": {
            "get": operations.operation(
                "listMessages",
                "What was written to and from its seller, newest first",
                "messages:read",
                {200: ("A page.", "MessagePage")},
                {**operations.MISSING, 422: operations.MALFORMED[422]},
                parameters=[listing_id, *operations.in_query(listings.MESSAGES_QUERY)],
            )
        },
        "/api/v1/messages": {
            "post": operations.operation(
                "sendMessage",
                "Send a message to a listing's seller",
                "messages:write",
                {202: ("It is taken on and leaves by itself.", "Accepted")},
                {**operations.MALFORMED, 409: "The key was used for another message."},
                body="MessageInput",
                parameters=[KEY],
            )
        },
        "/api/v1/previews": {
            "post": operations.operation(
                "previewMessage",
                "What the seller would read; nothing is stored",
                "messages:read",
                {200: ("The preview.", "Preview")},
                operations.MALFORMED,
                body="PreviewInput",
            )
        },
        "/api/v1/attachments": {
            "post": operations.operation(
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
            "get": operations.operation(
                "showMessage",
                "One message with its attempts and receipts",
                "messages:read",
                {200: ("The message.", "MessageDetail")},
                operations.MISSING,
                parameters=[message_id],
            )
        },
        "/api/v1/messages/{message_id}/schedule": {
            "delete": operations.operation(
                "cancelMessage",
                "Cancel a message that has not left yet",
                "messages:write",
                {200: ("It will not leave.", "Accepted")},
                {**operations.MISSING, 409: "It has left.", 422: "It came in, so there is nothing to cancel."},
                parameters=[message_id],
            )
        },
    }


def _template_paths() -> dict[str, Any]:
    template_id = operations.in_path("template_id", ID)
    return {
        "/api/v1/templates": {
            "get": operations.operation(
                "listTemplates",
                "Saved wordings the token's user may pick",
                "templates:read",
                {200: ("A page.", "TemplatePage")},
                {422: operations.MALFORMED[422]},
                parameters=operations.in_query(templates.INDEX_QUERY),
            ),
            "post": operations.operation(
                "createTemplate",
                "Save a wording",
                "templates:write",
                {201: ("It is saved.", "Template")},
                operations.MALFORMED,
                body="TemplateInput",
            ),
        },
        "/api/v1/templates/{template_id}": {
            "get": operations.operation(
                "showTemplate",
                "One saved wording as it is now",
                "templates:read",
                {200: ("The template.", "Template")},
                operations.MISSING,
                parameters=[template_id],
            ),
            "patch": operations.operation(
                "changeTemplate",
                "Change a saved wording; other words are a new version",
                "templates:write",
                {200: ("The template as it is now.", "Template")},
                {**operations.MALFORMED, **operations.MISSING, 409: "Somebody changed it since the version you named."},
                body="TemplateChange",
                parameters=[template_id],
            ),
            "delete": operations.operation(
                "deleteTemplate",
                "Delete a saved wording; what was sent with it keeps its words",
                "templates:write",
                {200: ("The template as it was.", "Template")},
                {**operations.MISSING, 422: "It comes with Lotwire."},
                parameters=[template_id],
            ),
        },
    }


def _suppression_paths() -> dict[str, Any]:
    return {
        "/api/v1/suppressions": {
            "get": operations.operation(
                "listSuppressions",
                "Who is on one of the three lists, newest first, or where one address stands",
                "suppressions:read",
                {200: ("A page.", "SuppressionPage")},
                {422: operations.MALFORMED[422]},
                parameters=operations.in_query(suppressions.INDEX_QUERY),
            ),
            "post": operations.operation(
                "addSuppression",
                "Put an address onto a list; what waits to leave to it is cancelled",
                "suppressions:write",
                {201: ("It is on the list now.", "Suppression"), 200: ("It was on the list before.", "Suppression")},
                operations.MALFORMED,
                body="SuppressionInput",
            ),
            "delete": operations.operation(
                "liftSuppression",
                "Take an address off a list; managers only",
                "suppressions:write",
                {200: ("It is lifted.", "Suppression")},
                {404: "It is not on the list.", 422: operations.MALFORMED[422]},
                parameters=operations.in_query(suppressions.LIFT_QUERY, required=True),
            ),
        },
    }

"""How one call of the API is told to programs: its scope, its parameters, its answers, and what may go wrong."""

from typing import Any

from web.handlers.api import access
from web.handlers.api.shapes import Schema, named

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


def operation(
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


def in_path(name: str, schema: Schema, description: str = "") -> Schema:
    told = {"description": description} if description else {}
    return {"name": name, "in": "path", "required": True, "schema": schema, **told}


def in_query(known: dict[str, Schema], required: bool = False) -> list[Schema]:
    """Parameters of the address, all of them needed or none."""
    needed = {"required": True} if required else {}
    return [{"name": name, "in": "query", **needed, "schema": schema} for name, schema in known.items()]

"""What a request says: its JSON body and its query, checked against their schemas before anybody looks at them."""

import json
from collections.abc import Mapping
from typing import Any

from litestar import Request

from domain import text
from web import forms
from web.handlers.api import checking, problems
from web.handlers.api.problems import Problems
from web.handlers.api.schemas import SCHEMAS

AnyRequest = Request[Any, Any, Any]

LARGEST_BODY = 1_000_000  # bytes
LARGEST_NUMBER = 999_999_999  # in a query
DEEPEST = 20  # lists and objects in one another


async def read(request: AnyRequest, schema: str) -> dict[str, Any]:
    """The body as its schema wants it, texts without control characters. Raises Problems: 400 when it is no JSON,
    415 when it says it is something else, 422 with everything that is wrong with it."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().casefold()
    if kind != "application/json":
        raise problems.one(415, "unsupported_media_type", "Send JSON, with Content-Type: application/json.")
    body = _parsed(await request.body())
    wrong = list(checking.check(body, SCHEMAS[schema], SCHEMAS))
    if wrong:
        raise Problems(422, wrong)
    read: dict[str, Any] = body
    return read


def query(request: AnyRequest, known: Mapping[str, checking.Schema]) -> dict[str, Any]:
    """The parameters of the address: texts, and whole numbers where the schema wants one. Raises Problems (422)."""
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        number = text.number(value, LARGEST_NUMBER) if known.get(name, {}).get("type") == "integer" else None
        given[name] = forms.clean(value) if number is None else number
    schema = {"type": "object", "properties": known, "additionalProperties": False}
    wrong = list(checking.check(given, schema, SCHEMAS))
    if wrong:
        raise Problems(422, wrong)
    return given


def _parsed(body: bytes) -> Any:
    try:
        return _cleaned(json.loads(body.decode("utf-8"), parse_constant=_refuse_constant), DEEPEST)
    except (ValueError, RecursionError):
        raise problems.one(400, "malformed", "The body is not JSON that can be read. Send one object.") from None


def _cleaned(value: Any, deepest: int) -> Any:
    """Texts as the forms of the pages give them, in every list and object. Raises ValueError when it goes too deep."""
    if isinstance(value, str):
        return forms.clean(value)
    if isinstance(value, dict | list) and not deepest:
        raise ValueError("too deep")
    if isinstance(value, dict):
        return {forms.clean(name): _cleaned(each, deepest - 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_cleaned(each, deepest - 1) for each in value]
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")

"""How the API says no: `{errors: [{field, code, message}]}`, everything that is wrong at once."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, NotFoundException, PermissionDeniedException
from litestar.types import ExceptionHandlersMap

from domain import wall_times, wildcards
from domain.batches import choosing, starting
from domain.errors import NotFound, Refused
from domain.idempotency import CONFLICT
from web import errors

MOST_PROBLEMS = 100  # of one answer
# What the domain says to somebody at a window -> to a program.
FOR_PROGRAMS = {
    choosing.NOTHING_CHOSEN: "No listing is chosen. Give listing_ids, or a view that shows some.",
    starting.NOBODY: "Nobody of these would get it. A preview, /api/v1/batch-previews, tells why.",
    wall_times.NO_ZONE: "There is no such time zone. Give one such as America/Denver, or seller.",
    wildcards.PICK_ONE: "The pages of templates in Lotwire list them all.",
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. `field` is a path such as `vehicle.year`, empty when it is about the whole request."""

    field: str
    code: str
    message: str


class Problems(Exception):
    """Ends the request with these problems."""

    def __init__(self, status: int, problems: Iterable[Problem], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        told = list(problems)[:MOST_PROBLEMS]
        self.problems = [replace(each, message=for_programs(each.message)) for each in told]
        self.headers = dict(headers or {})


def for_programs(sentence: str) -> str:
    """The sentence without steps that only a window has."""
    for said, instead in FOR_PROGRAMS.items():
        sentence = sentence.replace(said, instead)
    return sentence


def one(status: int, code: str, message: str, field: str = "", headers: Mapping[str, str] | None = None) -> Problems:
    """A single problem, ready to raise."""
    return Problems(status, [Problem(field, code, message)], headers)


def on_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The answer to whatever a handler or a guard of the API raised."""
    if isinstance(error, Problems):
        return _answer(error)
    if isinstance(error, NotFound | NotFoundException):
        return _answer(one(404, "not_found", "There is no such record. Check its id."))
    if isinstance(error, Refused) and error.code == CONFLICT:
        return _answer(one(409, error.code, error.message, error.field))
    if isinstance(error, Refused):
        error.message = for_programs(error.message)
    if isinstance(error, HTTPException) and error.status_code == 413:
        return _answer(one(413, "too_large", "The body is too large. The most is 1 MB."))
    return errors.on_error(request, error)


def _answer(error: Problems) -> Response[Any]:
    body = {"errors": [asdict(problem) for problem in error.problems]}
    return Response(body, status_code=error.status, media_type="application/json", headers=error.headers)


HANDLERS: ExceptionHandlersMap = {Exception: on_error, PermissionDeniedException: on_error, HTTPException: on_error}

"""Files over the API: uploaded, to go along with a message."""

from typing import Any

from litestar import Request, Response
from litestar.datastructures import UploadFile

from domain import attachments, file_contents, users
from domain.users import Permission
from web import errors
from web.handlers.api import answers, problems
from web.lookups import Me, TheAccount

AnyRequest = Request[Any, Any, Any]

LARGEST_BODY = file_contents.LARGEST + 100_000  # bytes; what of a multipart body is not the file
FORM = "multipart/form-data"


async def create(request: AnyRequest, me: Me, account: TheAccount) -> Response[dict[str, Any]]:
    """Keeps a file of the form's field `file`, looked into and cleaned (201). It goes nowhere by itself."""
    users.require(me, Permission.SEND)
    kept = await attachments.upload(account.id, me.id, await _file(request))
    return Response(answers.file(kept.to_dict()), status_code=201)


def too_large(request: AnyRequest, error: Exception) -> Response[Any]:
    """The body was refused before it was read to its end."""
    sentence = f"A file may have {file_contents.MEGABYTES} MB. Send a smaller one."
    return errors.api_problem(413, sentence, "too_large", "file")


async def _file(request: AnyRequest) -> UploadFile:
    if request.headers.get("content-type", "").partition(";")[0].strip().casefold() != FORM:
        raise problems.one(415, "unsupported_media_type", f"Send the file as {FORM}, in the field file.")
    file = (await request.form()).get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise problems.one(422, "required", "The file is missing. Send it in the field file, with its name.", "file")
    return file

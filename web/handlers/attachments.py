"""Pictures and documents for messages: uploaded, looked at by people of the account, taken back."""

import secrets
from typing import Any

from litestar import Request, Response
from litestar.params import FromQuery

from domain import attachments, file_contents
from domain.errors import Refused
from web import files, render
from web.lookups import Me, TheAccount, TheAttachment, TheForm

AnyRequest = Request[Any, Any, Any]

LARGEST_BODY = file_contents.LARGEST + 100_000  # bytes; what of a multipart body is not the file
LARGEST_FORM = 2 * file_contents.LARGEST + 3_000_000  # of the window with the files chosen in it and a long text
TOO_LARGE = f"This file is larger than {file_contents.MEGABYTES} MB. Choose a smaller file."
FORM_TOO_LARGE = (
    f"Nothing was attached or sent. One file may have {file_contents.MEGABYTES} MB, those chosen at once "
    f"{2 * file_contents.MEGABYTES} MB. Go back and choose fewer or smaller files."
)


def too_large(request: AnyRequest, error: Exception) -> Response[str]:
    """The body was refused before it was read to its end."""
    return _refused(request, TOO_LARGE, 413)


def form_too_large(request: AnyRequest, error: Exception) -> Response[Any]:
    """The same for a form that files can be chosen in."""
    return render.problem(request, 413, "This is too big", FORM_TOO_LARGE)


async def create(request: AnyRequest, account: TheAccount, me: Me, form: TheForm) -> Response[str]:
    """The row of the uploaded file, or of why it was not taken."""
    try:
        if not form.files:
            raise Refused("Choose a file first.", field="file")
        kept = await attachments.upload(account.id, me.id, form.files[0])
    except Refused as refused:
        return _refused(request, refused.message, 422)
    return render.fragment(request, "attachments/_file.html", event="files-changed", file=files.row(kept))


async def show(attachment: TheAttachment, size: FromQuery[str] = "") -> Response[bytes]:
    """The file to be saved, or with `size=thumb` its small picture to be shown. Another file is another id."""
    for_a_day = "private, max-age=86400, immutable"
    if size == "thumb":
        content = await attachments.read(attachment, thumb=True)
        headers = {**files.HARMLESS, "Cache-Control": for_a_day, "Content-Disposition": "inline"}
        return Response(content, media_type="image/jpeg", headers=headers)
    return files.download(await attachments.read(attachment), attachment, {"Cache-Control": for_a_day})


async def destroy(attachment: TheAttachment) -> Response[str]:
    """Takes it back, and with it the row that asked. What a message, template or link needs stays."""
    await attachments.discard(attachment)
    return render.bare("", event="files-changed")


def _refused(request: AnyRequest, sentence: str, status: int) -> Response[str]:
    number = secrets.token_hex(4)
    return render.fragment(request, "attachments/_refused.html", status=status, number=number, sentence=sentence)

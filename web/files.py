"""Files on the web: the row of one that goes along, and the answer that hands out bytes without letting them act."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Response

from domain import attachments, drafts, file_rules
from domain.accounts import Account
from domain.attachments import Attachment, FileLink
from domain.errors import Refused
from domain.file_rules import FileProblem
from domain.users import User
from web import filters
from web.forms import Form
from web.render import url_for

# Whatever a browser takes the bytes for: no script, no form, no frame, no origin of ours.
HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def row(attachment: Attachment, problem: FileProblem | None = None) -> dict[str, Any]:
    """What `attachments/_file.html` shows of a file."""
    url = url_for("attachments.show", attachment_id=attachment.id)
    return {
        "id": attachment.id,
        "name": attachment.name,
        "size": file_rules.megabytes(attachment.size),
        "icon": "image" if file_rules.is_picture(attachment.media_type) else "file-text",
        "thumb_url": f"{url}?size=thumb" if attachment.thumb else None,
        "url": url,
        "problem": problem.message if problem else None,
        "shareable": problem is not None,
        "link": None,
    }


def gone(file: UUID, sentence: str) -> dict[str, Any]:
    """The same of a file that was removed while the window was open: it stays in the form, so that nothing leaves
    without it unsaid."""
    unknown = {"thumb_url": None, "url": None, "shareable": False, "link": None}
    return {"id": file, "name": "A file", "size": "", "icon": "file-text", "problem": sentence, **unknown}


def linked(link: FileLink, attachment: Attachment, account: Account) -> dict[str, Any]:
    """The same of a file that goes as a link in the text."""
    until = filters.day(link.expires_at, account.timezone)
    return {**row(attachment), "link": {"id": link.id, "url": attachments.url(link, attachment), "until": until}}


async def keep(account: Account, me: User, form: Form) -> tuple[list[UUID], str]:
    """The files the form holds now: those it had, without what was taken out, and those chosen; and what is wrong with
    the ones that cannot be kept."""
    gone = drafts.typed_ids([form.value("detach")])
    ids = [each for each in drafts.typed_ids(form.all("attachment")) if each not in gone]
    problems = []
    for upload in form.files:
        try:
            if upload.filename:
                ids.append((await attachments.upload(account.id, me.id, upload)).id)
        except Refused as refused:
            problems.append(refused.message)
    if form.value("do") == "attach" and not any(each.filename for each in form.files):
        problems.append("Choose a file first, then press Attach.")
    return ids, " ".join(problems)


def download(content: bytes, attachment: Attachment, headers: Mapping[str, str]) -> Response[bytes]:
    """The file, to be saved and never to be shown as a page of ours."""
    disposition = {"Content-Disposition": _disposition(attachment.name)}
    return Response(content, media_type=attachment.media_type, headers={**HARMLESS, **disposition, **headers})


def _disposition(name: str) -> str:
    """RFC 6266: the name as it is, and one in ASCII for programs that know no other."""
    plain = "".join(char if char.isascii() and char not in '"\\%' else "_" for char in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"

"""A file as a link: made for a seller, opened by whoever has it, ended before its time."""

from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath

from domain import attachments, listings
from domain.errors import NotFound
from web import files, render
from web.lookups import Me, TheAccount, TheAttachment, TheFileLink, TheForm

AnyRequest = Request[Any, Any, Any]

FOR_STRANGERS = {
    "Cache-Control": "private, no-store",  # revoked means gone
    "Referrer-Policy": "no-referrer",  # the address is the key
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


async def create(
    request: AnyRequest, account: TheAccount, me: Me, attachment: TheAttachment, form: TheForm
) -> Response[str]:
    """The address, to go into the text; beside it the row of the file, which is a link from now on."""
    listing = await listings.of(account.id, _id(form.value("listing_id")))
    link = await attachments.share(attachment, listing.id, me)
    file = files.linked(link, attachment, account)
    return render.fragment(request, "attachments/_shared.html", event="files-changed", file=file)


async def show(request: AnyRequest, link_id: FromPath[str], token: FromPath[str]) -> Response[Any]:
    """The file, for anybody who has its address: no session, no cookie."""
    try:
        _, attachment = await attachments.opened(_id(link_id), token, counts=request.method == "GET")
        content = await attachments.read(attachment)
    except NotFound:
        ended = "It expired, was withdrawn, or is not complete. Ask the dealership that sent it for a new one."
        return render.problem(request, 404, "This link does not open", ended, headers=FOR_STRANGERS)
    return files.download(content, attachment, FOR_STRANGERS)


async def destroy(request: AnyRequest, me: Me, file_link: TheFileLink) -> Response[Any]:
    """Ends it: whoever has the address gets nothing any more."""
    await attachments.revoke(file_link, me)
    back = render.url_for("listings.show", listing_id=file_link.listing) if file_link.listing else "/"
    return render.wrote(request, back, notice="The link no longer opens.", event="files-changed, history-changed")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None

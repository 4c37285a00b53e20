"""A seller's file: what it holds, and the file itself."""

import asyncio
from collections.abc import AsyncIterator
from typing import IO, Any

from litestar import Request, Response
from litestar.response import Stream

from domain import file_rules, listings, seller_files
from web import dealership_pages, render, seller_pages
from web.lookups import Me, TheAccount, TheKeptListing

AnyRequest = Request[Any, Any, Any]

PART = 1 << 18  # bytes at once
ZIP = "application/zip"


async def new(request: AnyRequest, account: TheAccount, kept_listing: TheKeptListing) -> Response[str]:
    preview = await seller_files.preview(account.id, kept_listing.id)
    return render.page(
        request,
        "seller_files/new.html",
        listing={
            "id": kept_listing.id,
            "title": listings.title(kept_listing.year, kept_listing.make, kept_listing.model),
        },
        name=seller_pages.name(preview.listings),
        preview=preview,
        count=len(preview.person.listings),
        size=file_rules.megabytes(preview.size),
        known_by=seller_pages.known_by(preview.person),
        shared=seller_pages.shared(preview.person),
        rows=[dealership_pages.row(account, row) for row in preview.listings],
        earlier=[seller_pages.earlier(each, account) for each in await seller_files.earlier(kept_listing.id)],
        page_title="Export this seller’s file",
    )


async def show(request: AnyRequest, me: Me, account: TheAccount, kept_listing: TheKeptListing) -> Response[Any]:
    """The archive. Its digest is in the audit log before its first byte leaves."""
    if request.method == "HEAD":  # who asks for the head alone exports nothing
        return Response(b"", media_type=ZIP)
    made = await seller_files.export(account, kept_listing, me)
    headers = {
        "Content-Disposition": f'attachment; filename="{made.name}"',
        "Content-Length": str(made.size),
        "Cache-Control": "no-store",
    }
    return Stream(_parts(made.file), media_type=ZIP, headers=headers)


async def _parts(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while part := await asyncio.to_thread(file.read, PART):
            yield part

"""A draft of a batch that nobody wants any more."""

from typing import Any

from litestar import Request, Response

from domain.batches import discarding
from web import batch_pages, render
from web.lookups import Me, TheBatch

AnyRequest = Request[Any, Any, Any]


async def new(request: AnyRequest, me: Me, batch: TheBatch) -> Response[Any]:
    """Asks before it is gone."""
    if not batch_pages.may_discard(me, batch.user, batch.state):
        return render.go(request, render.url_for("batches.show", batch_id=batch.id))
    return render.page(
        request, "batches/discard.html", batch=batch, wording=batch.wording, page_title="Discard this draft?"
    )


async def create(request: AnyRequest, me: Me, batch: TheBatch) -> Response[Any]:
    if await discarding.discard(batch, me):
        return render.go(request, render.url_for("batches.index"), notice="The draft is discarded.")
    there = render.url_for("batches.show", batch_id=batch.id)
    return render.go(request, there, notice={"text": "It has been sent meanwhile.", "tone": "warn"})

"""Batches on their way and after it: the list, how one goes, paused, stopped, tried again, as a file."""

from typing import Any

from litestar import Request, Response
from litestar.params import FromQuery
from litestar.response import Stream

from domain.batches import exporting, steering
from domain.batches.tables import Batch
from web import batch_pages, queue, render
from web.lookups import Me, TheAccount, TheBatch

AnyRequest = Request[Any, Any, Any]


async def index(request: AnyRequest, me: Me, account: TheAccount, before: FromQuery[str] = "") -> Response[str]:
    context = await batch_pages.index(account, me, before, frozen=_frozen(request))
    return render.page(request, "batches/index.html", **context, page_title="Batches")


async def show(
    request: AnyRequest,
    me: Me,
    account: TheAccount,
    batch: TheBatch,
    group: FromQuery[str] = "",
    code: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Response[Any]:
    """How it goes; while it goes, the page looks again by itself."""
    if batch.state == "draft":
        return render.go(request, render.url_for("batch_drafts.edit", batch_id=batch.id))
    context = await batch_pages.show(account, me, batch, group, code, after, frozen=_frozen(request))
    return render.page(request, "batches/show.html", **context, page_title=f"Batch to {batch.size:,}")


async def export(batch: TheBatch, group: FromQuery[str] = "", code: FromQuery[str] = "") -> Stream:
    """Its recipients as CSV, while they are read."""
    name = f"batch-{batch.created_at:%Y-%m-%d}-{batch.id.hex[-6:]}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Stream(exporting.export(batch, group, code), media_type="text/csv; charset=utf-8", headers=headers)


async def pause(request: AnyRequest, me: Me, batch: TheBatch) -> Response[Any]:
    paused = await steering.pause(batch, me)
    return _back(
        request, batch, "Paused. Nothing more leaves until you resume." if paused else _not("It is not under way.")
    )


async def resume(request: AnyRequest, me: Me, batch: TheBatch) -> Response[Any]:
    resumed = await steering.resume(batch, me)
    await queue.kick(request, "expand_batches", job_id=queue.slot("expand_batches"))
    await queue.kick(request, "dispatch", job_id=queue.slot("dispatch"))
    return _back(request, batch, "It goes on." if resumed else _not("It is not paused."))


async def confirm_stop(request: AnyRequest, account: TheAccount, batch: TheBatch) -> Response[Any]:
    """Asks before it ends for good."""
    if batch.state not in batch_pages.UNDER_WAY:
        return render.go(request, render.url_for("batches.show", batch_id=batch.id))
    context = await batch_pages.stopping(batch)
    return render.page(request, "batches/stop.html", **context, page_title="Stop this batch?")


async def stop(request: AnyRequest, me: Me, batch: TheBatch) -> Response[Any]:
    stopped = await steering.stop(batch, me)
    return _back(
        request, batch, "Stopped. What had not left is cancelled." if stopped else _not("It had ended before.")
    )


async def retry(request: AnyRequest, me: Me, batch: TheBatch) -> Response[Any]:
    """One more attempt of those that failed, and of no other."""
    number = await steering.retry_failed(batch, me)
    await queue.kick(request, "dispatch", job_id=queue.slot("dispatch"))
    waits = ", once you resume the batch" if batch.state == "paused" else ""
    some = f"{number:,} are" if number > 1 else "One is"
    return _back(request, batch, f"{some} tried again{waits}." if number else _not("Nothing to try again."))


def _frozen(request: AnyRequest) -> bool:
    return bool(request.scope.get("frozen"))


def _not(text: str) -> render.Notice:
    """Of what was not done."""
    return {"text": text, "tone": "warn"}


def _back(request: AnyRequest, batch: Batch, notice: render.Notice) -> Response[Any]:
    return render.go(request, render.url_for("batches.show", batch_id=batch.id), notice=notice)

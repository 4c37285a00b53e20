"""A batch before it leaves: the listings chosen, the wording written, everything looked at."""

from typing import Any

from litestar import Request, Response
from litestar.params import FromQuery

from domain import text
from domain.accounts import Account
from domain.batches import choosing, drafts, reading, starting
from domain.batches.tables import Batch
from domain.errors import Refused
from domain.inventory import VIEWS, wanted
from domain.users import User
from web import batch_forms, batch_looks, inventory, queue, render, ticks
from web.forms import Form
from web.lookups import Me, TheAccount, TheBatch, TheForm

AnyRequest = Request[Any, Any, Any]

NO_VIEW = "There is no such view of the inventory, so nobody is chosen. Choose again here."

# Why it does not start, told on the page that was looked at.
STAYS = ("changed", "nobody", "no_public_address", "too_soon", "too_far", "scheduling_off")


async def create(request: AnyRequest, me: Me, account: TheAccount, form: TheForm) -> Response[Any]:
    """The ticked listings, or all that match, are chosen from now on; on to the window."""
    try:
        if form.value("which") == "matching":
            asked, wrong = wanted(inventory.asked_of(form.values))
            if wrong:
                raise Refused(wrong[0].message, field="listing_ids", code="invalid")
            if form.value("view") not in ("", *VIEWS):
                raise Refused(NO_VIEW, field="listing_ids", code="invalid")
            batch = await choosing.choose_all(account, me, asked, shown=text.number(form.value("left"), choosing.MOST))
        else:
            batch = await choosing.choose(account, me, ticks.read(form.value("kept"), form.all("listing_ids")))
    except Refused as refused:
        if refused.field != "listing_ids":
            raise
        place = inventory.address(inventory.asked_of(form.values))
        return render.go(request, place, notice={"text": refused.message, "tone": "warn"})
    return render.go(request, render.url_for("batch_drafts.edit", batch_id=batch.id))


async def edit(request: AnyRequest, me: Me, account: TheAccount, batch: TheBatch) -> Response[Any]:
    if batch.state != "draft":
        return render.go(request, render.url_for("batches.show", batch_id=batch.id))
    words = drafts.words_of(batch, await drafts.files_of(batch))
    return await _window(request, account, me, batch, batch_forms.filled(batch, words))


async def update(request: AnyRequest, me: Me, account: TheAccount, batch: TheBatch, form: TheForm) -> Response[Any]:
    """Every button of the window comes here; one of them goes on to the look, unless something is wrong."""
    told = await batch_forms.pressed(account, me, form)
    if form.value("do") != "look":
        return await _window(request, account, me, batch, form, told)
    if told["file_problem"]:
        form.errors["attachment"] = told["file_problem"]
        return await _window(request, account, me, batch, form, told)
    try:
        batch = await drafts.change(batch, account, me, batch_forms.words(form, account), form.value("seen"))
    except Refused as refused:
        if refused.code == "overtaken":  # told once: the next press writes over what is shown now
            told["theirs"] = await batch_forms.theirs(batch, form)
        return await _window(request, account, me, batch, form.refuse(refused, batch_forms.FIELDS), told)
    await reading.look_again(batch, account, me)
    return render.go(request, render.url_for("batch_drafts.look", batch_id=batch.id))


async def preview(request: AnyRequest, me: Me, account: TheAccount, batch: TheBatch, form: TheForm) -> Response[str]:
    """What a seller would read, with example values. Nothing is stored."""
    shown = batch_forms.preview(account, me, form)
    return render.fragment(request, "batches/_preview.html", preview=shown, batch=batch)


async def look(
    request: AnyRequest,
    me: Me,
    account: TheAccount,
    batch: TheBatch,
    channel: FromQuery[str] = "",
    code: FromQuery[str] = "",
    after: FromQuery[str] = "",
    place: FromQuery[str] = "",
    again: FromQuery[str] = "",
) -> Response[Any]:
    """Who gets what, who does not and why, before anything leaves. What is old, or was mended since, is looked at anew;
    who sends stays who did."""
    if batch.state != "draft":
        return render.go(request, render.url_for("batches.show", batch_id=batch.id))
    if not batch.revision:
        return render.go(request, render.url_for("batch_drafts.edit", batch_id=batch.id))
    paging = any((channel, code, after, place))
    sender, summary = await reading.looked(batch, account, me, anew=bool(again), paging=paging)
    context = await batch_looks.context(account, me, sender, batch, summary, channel, code, after, place)
    return render.page(request, "batches/look.html", **context, page_title="Before it leaves")


async def look_again(request: AnyRequest, me: Me, account: TheAccount, batch: TheBatch) -> Response[Any]:
    """Things may have changed since: one click looks at everything anew, in the name of whoever pressed."""
    if batch.state == "draft" and batch.revision:
        await reading.look_again(batch, account, me)
    return render.go(request, render.url_for("batch_drafts.look", batch_id=batch.id))


async def start(request: AnyRequest, me: Me, account: TheAccount, batch: TheBatch, form: TheForm) -> Response[Any]:
    """Lets go what was looked at. A second press finds it on its way."""
    there = render.url_for("batches.show", batch_id=batch.id)
    try:
        seen = _revision(form)
        summary = await reading.summary_of(batch) if batch.state == "draft" else None
        if batch.state == "draft":
            if summary is None or seen is None:
                raise Refused(drafts.CHANGED, code="changed")
            await starting.start(batch, account, me, seen, summary)
    except Refused as refused:
        if refused.code not in STAYS:
            raise
        there = render.url_for("batch_drafts.look", batch_id=batch.id)
        return render.go(request, there, notice={"text": refused.message, "tone": "warn"})
    await queue.kick(request, "expand_batches", job_id=queue.slot("expand_batches"))
    return render.go(request, there)


def _revision(form: Form) -> int | None:
    return form.number("revision", 2**31 - 1)


async def _window(
    request: AnyRequest, account: Account, me: User, batch: Batch, form: Form, told: dict[str, Any] | None = None
) -> Response[str]:
    context = await batch_forms.context(account, me, batch, form, told)
    status = 422 if form.errors else 200
    return render.page(request, "batches/edit.html", status=status, **context, page_title="Message to many")

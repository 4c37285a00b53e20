"""Whom nothing is sent to: the three lists, who is on them and why, added and lifted by hand, and as a file."""

from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from domain.accounts import Account
from domain.errors import NotFound, Refused
from domain.history import Cursor
from domain.suppressions import Kind, by_hand, files, paging
from domain.suppressions.paging import Listed
from domain.users import User
from web import render, suppression_pages
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm

AnyRequest = Request[Any, Any, Any]

ADD_FIELDS = ("address", "reason")


async def index(
    request: AnyRequest,
    me: Me,
    account: TheAccount,
    kind: FromQuery[str] = Kind.OPT_OUT,
    q: FromQuery[str] = "",
    show: FromQuery[str] = "",
    before: FromQuery[str] = "",
) -> Response[str]:
    return await _page(request, me, account, _kind(kind), Form(), q, show == "lifted", before)


async def create(request: AnyRequest, me: Me, account: TheAccount, form: TheForm) -> Response[Any]:
    kind = _kind(form.value("kind"))
    try:
        entry, new = await by_hand.add(kind, account, me, form.value("address"), form.value("reason"))
    except Refused as refused:
        return await _page(request, me, account, kind, form.refuse(refused, ADD_FIELDS))
    said = "is on the list now." if new else "was on the list already."
    notice = f"{suppression_pages.row(entry, account)['address']} {said}"
    return render.go(request, suppression_pages.list_url(kind), notice=notice)


async def show(
    request: AnyRequest, me: Me, account: TheAccount, kind: FromPath[str], entry_id: FromPath[str]
) -> Response[str]:
    return _entry_page(request, me, account, await _found(account, kind, entry_id), Form())


async def destroy(
    request: AnyRequest, me: Me, account: TheAccount, kind: FromPath[str], entry_id: FromPath[str], form: TheForm
) -> Response[Any]:
    entry = await _found(account, kind, entry_id)
    try:
        lifted = await by_hand.lift(account.id, me, entry, form.value("reason"))
    except Refused as refused:
        if refused.field != "reason":
            raise
        return _entry_page(request, me, account, entry, form.refuse(refused, ("reason",)))
    said = "may be written to again, as far as this list goes." if lifted else "was lifted already."
    notice = f"{suppression_pages.row(entry, account)['address']} {said}"
    return render.go(request, suppression_pages.list_url(entry.kind), notice=notice)


async def export(account: TheAccount, kind: FromPath[str]) -> Stream:
    """The whole list as CSV, while it is read."""
    which = _kind(kind)
    name = f"{account.slug}-{which}.csv"
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Cache-Control": "no-store"}
    return Stream(paging.export(which, account.id), media_type="text/csv; charset=utf-8", headers=headers)


def _kind(slug: str) -> Kind:
    kind = suppression_pages.kind_of(slug)
    if kind is None:
        raise NotFound
    return kind


async def _found(account: Account, kind: str, entry_id: str) -> Listed:
    return await paging.entry(_kind(kind), account.id, suppression_pages.id_of(entry_id))


async def _page(
    request: AnyRequest,
    me: User,
    account: Account,
    kind: Kind,
    form: Form,
    q: str = "",
    lifted: bool = False,
    before: str = "",
) -> Response[str]:
    rows, following = await paging.page(kind, account.id, account.country, q, lifted=lifted, before=Cursor.read(before))
    rights = suppression_pages.rights(me, kind)
    narrowed = {**({"q": quote(q)} if q else {}), **({"show": "lifted"} if lifted else {})}
    older = {**narrowed, "before": str(following)}
    return render.page(
        request,
        "suppressions/index.html",
        status=422 if form.errors else 200,
        kind=kind,
        tabs=suppression_pages.tabs(kind, await paging.counts(account.id)),
        label=suppression_pages.LABELS[kind],
        lead=suppression_pages.LEADS[kind],
        add_label=suppression_pages.ADD[kind],
        why=suppression_pages.WHY[kind],
        lift_label=suppression_pages.LIFT[kind],
        rows=[suppression_pages.row(entry, account) for entry in rows],
        q=q,
        lifted=lifted,
        form=form,
        next_url=suppression_pages.list_url(kind, **older) if following else None,
        jobs=[suppression_pages.job(job, account) for job in await files.newest(account.id)]
        if rights["may_import"]
        else [],
        export_url=render.url_for("suppressions.export", kind=kind),
        **rights,
        page_title=f"{suppression_pages.LABELS[kind]} · No-contact lists",
    )


def _entry_page(request: AnyRequest, me: User, account: Account, entry: Listed, form: Form) -> Response[str]:
    shown = suppression_pages.row(entry, account)
    return render.page(
        request,
        "suppressions/show.html",
        status=422 if form.errors else 200,
        entry=shown,
        kind=entry.kind,
        label=suppression_pages.LABELS[entry.kind],
        lead=suppression_pages.LEADS[entry.kind],
        list_url=suppression_pages.list_url(entry.kind),
        lift_label=suppression_pages.LIFT[entry.kind],
        why=suppression_pages.LIFT_WHY[entry.kind],
        form=form,
        **suppression_pages.rights(me, entry.kind),
        page_title=f"{shown['address']} · {suppression_pages.LABELS[entry.kind]}",
    )

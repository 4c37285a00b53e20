"""Whom nothing is sent to: the three lists, who is on them and why, added and lifted by hand, and as a file."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from domain.accounts import Account
from domain.errors import NotFound, Refused
from domain.history import Cursor
from domain.suppressions import Kind, by_hand, files, paging
from domain.suppressions import erased as erased_addresses
from domain.suppressions.erased import Remembered
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
    add: FromQuery[str] = "",
) -> Response[str]:
    """`add` is an address to be put on the list: the form stands open with it."""
    return await _page(
        request, me, account, _kind(kind), Form({"address": add} if add else {}), q, show == "lifted", before
    )


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


async def erased(
    request: AnyRequest, me: Me, account: TheAccount, kind: FromPath[str], address: FromQuery[str] = ""
) -> Response[str]:
    """What is left of an address that was erased, for whoever has it."""
    return _erased_page(request, me, await _remembered(account, kind, address), Form())


async def lift_erased(
    request: AnyRequest, me: Me, account: TheAccount, kind: FromPath[str], form: TheForm
) -> Response[Any]:
    entry = await _remembered(account, kind, form.value("address"), form.value("channel"))
    try:
        await erased_addresses.lift(account.id, me, entry, form.value("reason"))
    except Refused as refused:
        if refused.field != "reason":
            raise
        return _erased_page(request, me, entry, form.refuse(refused, ("reason",)))
    shown = suppression_pages.remembered(entry)["address"]
    notice = f"{shown} may be written to again, as far as this list goes."
    return render.go(request, suppression_pages.list_url(entry.kind), notice=notice)


async def export(account: TheAccount, kind: FromPath[str]) -> Stream:
    """The whole list as CSV, while it is read."""
    which = _kind(kind)
    name = f"{account.slug}-{which}.csv"
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Cache-Control": "no-store"}
    return Stream(paging.export(which, account.id), media_type="text/csv", headers=headers)


def _kind(slug: str) -> Kind:
    kind = suppression_pages.kind_of(slug)
    if kind is None:
        raise NotFound
    return kind


async def _found(account: Account, kind: str, entry_id: str) -> Listed:
    return await paging.entry(_kind(kind), account.id, suppression_pages.id_of(entry_id))


async def _erased(account: Account, kind: Kind, q: str) -> list[Remembered]:
    """What was searched for, if it was erased and stands on the list all the same."""
    return await erased_addresses.of_address(account, kind, q) if q.strip() else []


async def _remembered(account: Account, kind: str, address: str, channel: str = "") -> Remembered:
    """Raises NotFound when the address does not stand on this list, or was never erased."""
    for entry in await erased_addresses.of_address(account, _kind(kind), address):
        if channel in ("", entry.channel):
            return entry
    raise NotFound


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
        erased=[suppression_pages.remembered(each) for each in await _erased(account, kind, q if not lifted else "")],
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
    there = render.url_for("suppressions.destroy", kind=entry.kind, entry_id=entry.id)
    return _lift_page(request, me, entry.kind, suppression_pages.row(entry, account), there, form)


def _erased_page(request: AnyRequest, me: User, entry: Remembered, form: Form) -> Response[str]:
    there = render.url_for("suppressions.lift_erased", kind=entry.kind)
    hidden = {"address": entry.address, "channel": entry.channel}
    return _lift_page(request, me, entry.kind, suppression_pages.remembered(entry), there, form, hidden)


def _lift_page(
    request: AnyRequest,
    me: User,
    kind: Kind,
    shown: dict[str, Any],
    there: str,
    form: Form,
    hidden: Mapping[str, str] = MappingProxyType({}),
) -> Response[str]:
    return render.page(
        request,
        "suppressions/show.html",
        status=422 if form.errors else 200,
        entry=shown,
        kind=kind,
        label=suppression_pages.LABELS[kind],
        lead=suppression_pages.LEADS[kind],
        list_url=suppression_pages.list_url(kind),
        lift_url=there,
        lift_label=suppression_pages.LIFT[kind],
        why=suppression_pages.LIFT_WHY[kind],
        hidden=hidden,
        form=form,
        **suppression_pages.rights(me, kind),
        page_title=f"{shown['address']} · {suppression_pages.LABELS[kind]}",
    )

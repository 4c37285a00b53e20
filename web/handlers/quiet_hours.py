"""When texts may reach sellers: the hours of each state and province, and a dealership's own in their place."""

from typing import Any

from litestar import Request, Response
from litestar.params import FromPath, FromQuery

from domain import quiet_hours, regions, seller_hours, users
from domain.accounts import Account
from domain.errors import Refused
from domain.users import Permission
from web import hours_pages, render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm

AnyRequest = Request[Any, Any, Any]

FIELDS = ("reason", "hours", "knowing")


async def index(request: AnyRequest, me: Me, account: TheAccount, country: FromQuery[str] = "") -> Response[str]:
    country = next((each for each in (country, account.country) if each in regions.COUNTRIES), "US")
    own = await seller_hours.own(account.id)
    rules = quiet_hours.rules({region: each.row for region, each in own.items()})
    return render.page(
        request,
        "quiet_hours/index.html",
        tabs=[
            {"label": label, "url": f"{render.url_for('quiet_hours.index')}?country={slug}", "current": slug == country}
            for slug, label in regions.COUNTRIES.items()
        ],
        country=regions.COUNTRIES[country],
        everybody=[hours_pages.row(region, own, rules, account) for region in ("", country)],
        rows=[hours_pages.row(region, own, rules, account) for region in regions.of(country)],
        may_edit=users.may(me, Permission.EDIT_ACCOUNT, account),
    )


async def edit(request: AnyRequest, account: TheAccount, region: FromPath[str]) -> Response[str]:
    return await _page(request, account, hours_pages.region_of(region))


async def update(
    request: AnyRequest, me: Me, account: TheAccount, region: FromPath[str], form: TheForm
) -> Response[Any]:
    where = hours_pages.region_of(region)
    row = hours_pages.typed(form)
    if row is None:
        return await _page(request, account, where, form)
    try:
        await seller_hours.change(account, me, where, row, knowing=form.ticked("knowing"))
    except Refused as refused:
        return await _page(request, account, where, form.refuse(refused, FIELDS), wider=refused.code == "wider")
    return _back(request, where, f"The hours for {hours_pages.name(where)} are saved.")


async def restore(request: AnyRequest, me: Me, account: TheAccount, region: FromPath[str]) -> Response[Any]:
    where = hours_pages.region_of(region)
    try:
        await seller_hours.restore(account, me, where)
    except Refused as refused:
        if refused.field != "hours":
            raise
        return await _page(request, account, where, refused=refused)
    return _back(request, where, f"{hours_pages.name(where)} has the shipped hours again.")


async def _page(
    request: AnyRequest,
    account: Account,
    region: str,
    form: Form | None = None,
    *,
    wider: bool = False,
    refused: Refused | None = None,
) -> Response[str]:
    """The form of a region: as it stands, or as it was typed."""
    own = await seller_hours.own(account.id)
    row = seller_hours.row_of(region, {each: kept.row for each, kept in own.items()})
    rules = quiet_hours.rules({each: kept.row for each, kept in own.items()})
    form = form or hours_pages.filled(row)
    if refused is not None:
        form.refuse(refused, FIELDS)
    return render.page(
        request,
        "quiet_hours/edit.html",
        status=422 if form.errors else 200,
        form=form,
        wider=wider or form.ticked("knowing") or quiet_hours.wider(row, quiet_hours.law(region)),
        shown=hours_pages.row(region, own, rules, account),
        beyond=hours_pages.beyond(region),
        days=list(enumerate(hours_pages.DAYS)),
        index_url=_index_url(region),
        update_url=render.url_for("quiet_hours.update", region=hours_pages.slug(region)),
        restore_url=render.url_for("quiet_hours.restore", region=hours_pages.slug(region)),
    )


def _back(request: AnyRequest, region: str, notice: str) -> Response[Any]:
    return render.go(request, f"{_index_url(region)}#region-{hours_pages.slug(region)}", notice=notice)


def _index_url(region: str) -> str:
    return render.url_for("quiet_hours.index") + (f"?country={region[:2]}" if region else "")

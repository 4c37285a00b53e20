"""How the contact form of each site is reached, and what would be sent through it."""

import secrets
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath, FromQuery

from domain import site_forms, trials
from domain.accounts import Account
from domain.errors import NotFound, Refused
from domain.site_forms import Preview, SiteForm
from domain.sources import Source
from domain.users import User
from web import render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm

AnyRequest = Request[Any, Any, Any]

FIELDS = ("kind", "endpoint", "permission", "fields", *site_forms.SUCCESS)


async def index(request: AnyRequest, account: TheAccount, after: FromQuery[str] = "") -> Response[str]:
    sites, following = await site_forms.sites(account.id, after)
    here = render.url_for("site_forms.index")
    rows = [
        {
            "name": site["name"],
            "way": site_forms.NAMES[site["form_transport"]],
            "endpoint": site["endpoint"],
            "url": render.url_for("site_forms.edit", source_id=site["id"]),
        }
        for site in sites
    ]
    more = f"{here}?{urlencode({'after': following})}" if following else None
    return render.page(request, "site_forms/index.html", sites=rows, more_url=more, page_title="Forms of your sites")


async def edit(request: AnyRequest, account: TheAccount, me: Me, source_id: FromPath[str]) -> Response[str]:
    source = await site_forms.site(account.id, key_of(source_id))
    return await saved(request, account, me, source)


async def saved(
    request: AnyRequest, account: Account, me: User, source: Source, check: dict[str, Any] | None = None
) -> Response[str]:
    """The page with what is saved; `check` is what a test just found."""
    kept = await site_forms.of(source)
    trial = {"kind": kept.kind, "to": await trials.of_site(account.id, kept, me), "check": check}
    trial["nonce"] = secrets.token_urlsafe(18)
    return _page(request, source, _shown(kept), trial=trial)


async def update(
    request: AnyRequest, account: TheAccount, me: Me, source_id: FromPath[str], form: TheForm
) -> Response[Any]:
    """Saves it, or shows what would be sent (`do` is preview)."""
    source = await site_forms.site(account.id, key_of(source_id))
    try:
        typed = _typed(form)
        if form.value("do") == "preview":
            return _page(request, source, form, await site_forms.preview(account, source, me, typed), looked=True)
        await site_forms.change(account.id, source, me, typed)
    except Refused as refused:
        return _page(request, source, form.refuse(refused, FIELDS))
    return render.go(request, render.url_for("site_forms.index"), notice=f"The form of {source.name} is saved.")


def _page(
    request: AnyRequest,
    source: Source,
    form: Form,
    preview: Preview | None = None,
    *,
    looked: bool = False,
    trial: dict[str, Any] | None = None,
) -> Response[str]:
    refused = trial and trial["check"] and not trial["check"]["ok"]
    return render.page(
        request,
        "site_forms/edit.html",
        status=422 if form.errors or refused else 200,
        site=source.name,
        kinds=list(site_forms.NAMES.items()),
        form=form,
        preview=preview,
        looked=looked,
        trial=trial,
        test_url=render.url_for("form_trials.create", source_id=source.id),
        save_url=render.url_for("site_forms.update", source_id=source.id),
        page_title=f"The form of {source.name}",
    )


def _typed(form: Form) -> SiteForm:
    success = {name: form.value(name) for name in site_forms.SUCCESS}
    fields = site_forms.read_fields(form.value("fields")) if form.value("kind") == "http_form" else {}
    return SiteForm(form.value("kind"), form.value("endpoint"), fields, success, form.value("permission"))


def _shown(kept: SiteForm) -> Form:
    values = {"kind": kept.kind, "endpoint": kept.endpoint, "permission": kept.permission}
    return Form({**values, "fields": site_forms.write_fields(kept.fields), **kept.success})


def key_of(source_id: str) -> UUID:
    try:
        return UUID(source_id)
    except ValueError:
        raise NotFound from None

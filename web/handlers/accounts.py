"""What the dealership says of itself."""

from typing import Any

from litestar import Request, Response

from domain import accounts
from domain.accounts import Account
from domain.errors import Refused
from web import filters, render
from web.forms import Form
from web.lookups import TheAccount, TheForm

AnyRequest = Request[Any, Any, Any]

SWITCHES = ("plain_texts", "managers_own_global_templates")


async def edit(request: AnyRequest, account: TheAccount) -> Response[str]:
    kept = {name: getattr(account, name) for name in accounts.PROFILE}
    kept |= {"phone": filters.phone(account.phone)}
    kept |= {name: "1" if getattr(account, name) else "" for name in SWITCHES}
    return _page(request, account, Form(kept))


async def update(request: AnyRequest, account: TheAccount, form: TheForm) -> Response[Any]:
    try:
        values = {name: form.value(name) for name in accounts.PROFILE}
        await accounts.change_profile(account, values, **{name: form.ticked(name) for name in SWITCHES})
    except Refused as refused:
        return _page(request, account, form.refuse(refused, accounts.PROFILE), status=422)
    return render.go(request, render.url_for("accounts.edit"), notice="The dealership is saved.")


def _page(request: AnyRequest, account: Account, form: Form, status: int = 200) -> Response[str]:
    zones = accounts.TIMEZONES if account.timezone in accounts.TIMEZONES else (account.timezone, *accounts.TIMEZONES)
    return render.page(request, "accounts/edit.html", status=status, form=form, timezones=zones, page_title=None)

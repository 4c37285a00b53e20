"""What the dealership says of itself."""

from typing import Any

from litestar import Request, Response

from domain import account_edits, accounts, users
from domain.accounts import Account
from domain.errors import Refused
from domain.users import Permission, User
from web import filters, render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm

AnyRequest = Request[Any, Any, Any]

FIELDS = (*accounts.PROFILE, "first_contacts_an_hour")
SWITCHES = (
    *("plain_texts", "managers_own_global_templates", "introduces_itself", "scheduled_messages"),
    *("facebook", "kijiji"),
)


async def edit(request: AnyRequest, account: TheAccount, me: Me) -> Response[str]:
    kept = {name: getattr(account, name) for name in accounts.PROFILE}
    kept |= {"phone": filters.phone(account.phone), "first_contacts_an_hour": account.first_contacts_an_hour or ""}
    kept |= {name: "1" if getattr(account, name) else "" for name in SWITCHES}
    return _page(request, account, me, Form(kept))


async def update(request: AnyRequest, account: TheAccount, me: Me, form: TheForm) -> Response[Any]:
    try:
        values = {name: form.value(name) for name in FIELDS}
        switches = {name: form.ticked(name) for name in SWITCHES}
        if account.country != "CA":  # it is not asked
            switches["kijiji"] = account.kijiji
        await account_edits.change(account, me, values, switches, aware=form.ticked("aware"))
    except Refused as refused:
        return _page(request, account, me, form.refuse(refused, (*FIELDS, "aware")), status=422)
    return render.go(request, render.url_for("accounts.edit"), notice="The dealership is saved.")


def _page(request: AnyRequest, account: Account, me: User, form: Form, status: int = 200) -> Response[str]:
    zones = accounts.TIMEZONES if account.timezone in accounts.TIMEZONES else (account.timezone, *accounts.TIMEZONES)
    may = users.may(me, Permission.INTRODUCTION)
    introduction = {"may": may, "on": form.ticked("introduces_itself") if may else account.introduces_itself}
    context: dict[str, Any] = {"timezones": zones, "introduction": introduction, "page_title": None}
    context["canadian"] = account.country == "CA"
    return render.page(request, "accounts/edit.html", status=status, form=form, **context)

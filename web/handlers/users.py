"""The people of the dealership: invited, given a role, sent away."""

from typing import Any

from litestar import Request, Response

from domain import staff, users
from domain.errors import Refused
from domain.users import ROLE_LABELS, Permission, Role, User
from web import people, render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm, ThePerson

FIELDS = ("name", "email", "title", "role")


async def index(request: Request, me: Me) -> Response:
    return await page(request, me, Form({"role": Role.AGENT}))


async def create(request: Request, me: Me, account: TheAccount, form: TheForm) -> Response:
    try:
        typed = [form.value(field) for field in ("email", "name", "role", "title")]
        person, token = await staff.invite(account, me, *typed, may_batch=form.ticked("may_batch"))
    except Refused as refused:
        return await page(request, me, form.refuse(refused, FIELDS), status=422)
    return await page(request, me, Form({"role": Role.AGENT}), link=people.link(request, person, token, account))


async def update(request: Request, me: Me, person: ThePerson, form: TheForm) -> Response:
    await staff.change_role(person, form.value("role"), me, may_batch=form.ticked("may_batch"))
    batches = " and may send batches" if person.may_batch else ""
    notice = f"{person.name} is {ROLE_LABELS[Role(person.role)]} now{batches}."
    return render.go(request, render.url_for("users.index"), notice=notice)


async def page(
    request: Request, me: User, form: Form, status: int = 200, link: dict[str, Any] | None = None
) -> Response:
    """The people page; `link` is a one-time link that was just made."""
    shown = render.page(
        request,
        "users/index.html",
        status=status,
        rows=await people.rows(me),
        roles=[(role, label) for role, label in ROLE_LABELS.items()],
        form=form,
        link=link,
        can_manage=users.may(me, Permission.MANAGE_USERS),
        page_title="People",
    )
    return render.once(shown) if link else shown

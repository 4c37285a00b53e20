"""What somebody says of themselves."""

from litestar import Request, Response

from domain import users
from domain.errors import Refused
from domain.users import User
from web import filters, render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm

FIELDS = ("name", "title", "phone", "undo_seconds")


async def edit(request: Request, me: Me) -> Response:
    return page(request, me, Form())


async def update(request: Request, me: Me, account: TheAccount, form: TheForm) -> Response:
    try:
        await users.change_profile(me, **{name: form.value(name) for name in FIELDS}, country=account.country)
    except Refused as refused:
        return page(request, me, Form(), form.refuse(refused, FIELDS), status=422)
    return render.go(request, render.url_for("profiles.edit"), notice="Your profile is saved.")


def page(request: Request, me: User, password_form: Form, form: Form | None = None, status: int = 200) -> Response:
    """The profile page; `form` is what was typed, when it was wrong."""
    kept = {"name": me.name, "title": me.title, "phone": filters.phone(me.phone), "undo_seconds": me.undo_seconds}
    return render.page(
        request,
        "profiles/edit.html",
        status=status,
        form=form or Form(kept),
        password_form=password_form,
        saved=False,
        page_title="Your profile",
    )

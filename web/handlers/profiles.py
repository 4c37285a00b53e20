"""What somebody says of themselves, and how Lotwire serves them."""

from typing import Any

from litestar import Request, Response

from domain import email_bodies, emojis, profiles
from domain.errors import Refused
from domain.profiles import FIELDS
from domain.users import User
from web import emoji_panel, filters, render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm

AnyRequest = Request[Any, Any, Any]


async def edit(request: AnyRequest, me: Me) -> Response[str]:
    return page(request, me, Form())


async def update(request: AnyRequest, me: Me, account: TheAccount, form: TheForm) -> Response[Any]:
    if form.value("do") == "preview":
        return page(request, me, Form(), form)
    try:
        await profiles.change(me, {name: form.value(name) for name in FIELDS}, account.country)
    except Refused as refused:
        return page(request, me, Form(), form.refuse(refused, FIELDS), status=422)
    return render.go(request, render.url_for("profiles.edit"), notice="Your profile is saved.")


def page(
    request: AnyRequest, me: User, password_form: Form, form: Form | None = None, status: int = 200
) -> Response[str]:
    """The profile page; `form` is what was typed, when it was wrong or shall only be looked at."""
    form = form or Form({**{name: getattr(me, name) for name in FIELDS}, "phone": filters.phone(me.phone)})
    return render.page(
        request,
        "profiles/edit.html",
        status=status,
        form=form,
        password_form=password_form,
        signature=email_bodies.render("", form.value("signature")[: profiles.LONGEST_SIGNATURE]).html,
        languages=list(emojis.LANGUAGES.items()),
        tones=[(place, f"👋{tone} {emoji_panel.TONES[place]}") for place, tone in enumerate(emojis.TONES)],
        page_title="Your profile",
    )

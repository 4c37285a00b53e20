"""The Outbound Word Tracks: read by everybody, written by managers and admins."""

from typing import Any

from litestar import Request, Response
from litestar.params import FromPath

from domain import guides, users
from domain.accounts import Account
from domain.errors import NotFound, Refused
from domain.guides import Shown
from domain.users import Permission, User
from web import render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm

AnyRequest = Request[Any, Any, Any]

FIELDS = ("title", "body")


async def index(request: AnyRequest, me: Me, account: TheAccount) -> Response[str]:
    pages = await guides.listed(account.id)
    return render.page(request, "guides/index.html", pages=pages, may_edit=_may_edit(me))


async def show(request: AnyRequest, me: Me, account: TheAccount, slug: FromPath[str]) -> Response[str]:
    guide, pages = await guides.shown(account.id, slug), await guides.listed(account.id)
    return render.page(request, "guides/show.html", guide=guide, pages=pages, may_edit=_may_edit(me))


async def new(request: AnyRequest) -> Response[str]:
    return await _page(request, Form())


async def create(request: AnyRequest, me: Me, account: TheAccount, form: TheForm) -> Response[Any]:
    if form.value("do") == "preview":
        return await _page(request, form)
    try:
        slug = await guides.add(account, me, form.value("title"), form.value("body"))
    except Refused as refused:
        return await _page(request, form.refuse(refused, FIELDS), status=422)
    return render.go(request, render.url_for("guides.show", slug=slug), notice="The guide is saved.")


async def edit(request: AnyRequest, account: TheAccount, slug: FromPath[str]) -> Response[str]:
    guide = await guides.shown(account.id, slug)
    return await _page(request, Form({name: getattr(guide, name) for name in (*FIELDS, "revision")}), guide)


async def update(request: AnyRequest, me: Me, account: TheAccount, slug: FromPath[str], form: TheForm) -> Response[Any]:
    try:
        if form.value("do") == "preview":
            return await _page(request, form, await guides.shown(account.id, slug))
        await guides.change(account, me, slug, *(form.value(name) for name in (*FIELDS, "revision")))
    except NotFound:
        return await _removed(request, form)
    except Refused as refused:
        return await _refused(request, form.refuse(refused, FIELDS), account, slug, refused.code)
    return render.go(request, render.url_for("guides.show", slug=slug), notice="The guide is saved.")


async def restore(request: AnyRequest, me: Me, account: TheAccount, slug: FromPath[str]) -> Response[Any]:
    await guides.restore(account, me, slug)
    return render.go(request, render.url_for("guides.show", slug=slug), notice="This is the shipped text again.")


async def destroy(request: AnyRequest, me: Me, account: TheAccount, slug: FromPath[str]) -> Response[Any]:
    await guides.remove(account, me, slug)
    return render.go(request, render.url_for("guides.index"), notice="The guide is removed.")


async def _refused(request: AnyRequest, form: Form, account: Account, slug: str, code: str) -> Response[str]:
    """The form with what was typed. Who was too late sees the other text, and saving again is then meant."""
    try:
        guide = await guides.shown(account.id, slug)
    except NotFound:
        return await _removed(request, form)
    stale = code == "stale"
    if stale:
        form.values["revision"] = str(guide.revision)
    return await _page(request, form, guide, status=422, theirs=guide if stale else None)


async def _removed(request: AnyRequest, form: Form) -> Response[str]:
    """What was typed, in the form of a new guide: the page itself is gone, or was never here."""
    form.errors[""] = (
        "This guide is not here any more: somebody removed it. Your text is still here; save it as a new one."
    )
    return await _page(request, form, status=404)


async def _page(
    request: AnyRequest, form: Form, guide: Shown | None = None, *, status: int = 200, theirs: Shown | None = None
) -> Response[str]:
    """The form for a page, a new one without `guide`, and how what stands in it will look."""
    preview = await guides.rendered(form.value("body")) if form.value("do") == "preview" else None
    context = {"form": form, "guide": guide, "theirs": theirs, "preview": preview}
    return render.page(request, "guides/edit.html", status=status, **context)


def _may_edit(me: User) -> bool:
    return users.may(me, Permission.EDIT_ACCOUNT)

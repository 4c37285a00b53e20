"""The saved wordings: found, written, changed, copied, put away; on pages of their own and beside a message."""

from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromQuery
from markupsafe import escape

from domain import attachments, drafts, message_templates
from domain.accounts import Account
from domain.errors import NotFound, Refused
from domain.message_templates import MessageTemplate, keeping
from domain.message_templates.keeping import NotSaved
from domain.users import User
from domain.wildcards import WILDCARDS
from web import auth, render, template_pages
from web import files as kept_files
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm, TheTemplate

AnyRequest = Request[Any, Any, Any]

FIELDS = ("type", "scope", "purpose", "name", "subject", "body", "attachment")
RESULTS = 20
NEWEST = 2**31 - 1  # version of a template


async def index(
    request: AnyRequest,
    me: Me,
    account: TheAccount,
    type: FromQuery[str] = "text",
    whose: FromQuery[str] = "",
    q: FromQuery[str] = "",
    after: FromQuery[str] = "",
    before: FromQuery[str] = "",
) -> Response[str]:
    context = await template_pages.index(account, me, type, whose, q, after, before)
    return render.page(request, "message_templates/index.html", page_title="Templates", **context)


async def search(
    request: AnyRequest, me: Me, account: TheAccount, type: FromQuery[str] = "text", q: FromQuery[str] = ""
) -> Response[str]:
    """What the search of the Send Message window finds."""
    found = await message_templates.find(account.id, me.id, type, q, RESULTS)
    return render.fragment(request, "message_templates/_results.html", hits=template_pages.results(found), q=q)


async def new(request: AnyRequest, me: Me, account: TheAccount, type: FromQuery[str] = "text") -> Response[str]:
    form = await template_pages.starting(me, type, _listing(request))
    return await _page(request, account, me, form)


async def create(request: AnyRequest, me: Me, account: TheAccount, form: TheForm) -> Response[Any]:
    if stays := await _pressed(request, account, me, form) or await _attached(request, account, me, form):
        return stays
    try:
        template = await keeping.create(account, me, template_pages.typed(form))
    except Refused as refused:
        return await _page(request, account, me, _refused(form, refused), status=422)
    return _saved(request, form, template, f"“{template.name}” is saved.")


async def edit(request: AnyRequest, me: Me, account: TheAccount, template: TheTemplate) -> Response[str]:
    keeping.may_change(account, me, template)
    if template.archived_at:
        raise NotFound
    form, files = await template_pages.standing(template, _listing(request))
    return await _page(request, account, me, form, template, files=files)


async def update(
    request: AnyRequest, me: Me, account: TheAccount, template: TheTemplate, form: TheForm
) -> Response[Any]:
    keeping.may_change(account, me, template)
    here = (request, account, me, form, template)
    if stays := await _pressed(*here) or await _attached(*here):
        return stays
    seen = (form.number("version", NEWEST) or 0) if form.value("version") else None  # 0: none that was ever shown
    try:
        typed = template_pages.typed(form, template)
        await keeping.change(account, me, template, typed, seen)
    except Refused as refused:
        return await _not_changed(request, account, me, template, form, refused)
    return _saved(request, form, template, f"“{typed.name.strip()}” is saved.")


async def confirm(request: AnyRequest, me: Me, account: TheAccount, template: TheTemplate) -> Response[str]:
    """Asks before a template is deleted."""
    keeping.may_change(account, me, template)
    context = await template_pages.context(
        account, me, *await template_pages.standing(template, _listing(request)), template
    )
    gone = template.archived_at is not None
    return render.page(request, "message_templates/confirm.html", gone=gone, **context)


async def destroy(
    request: AnyRequest, me: Me, account: TheAccount, template: TheTemplate, form: TheForm
) -> Response[Any]:
    deleted = await keeping.archive(account, me, template)
    notice = f"“{template.name}” is deleted." if deleted else f"“{template.name}” was deleted already."
    return _saved(request, form, None, notice, template.type)


async def copy(request: AnyRequest, me: Me, account: TheAccount, template: TheTemplate, form: TheForm) -> Response[Any]:
    """A copy of one's own, or everybody's, open to be changed."""
    made = await keeping.copy(account, me, template, form.value("scope") or "local")
    return render.go(request, render.url_for("message_templates.edit", template_id=made.id), notice="This is the copy.")


async def versions(request: AnyRequest, account: TheAccount, template: TheTemplate) -> Response[str]:
    rows = template_pages.versions(account, await keeping.versions(template.id))
    return render.page(request, "message_templates/versions.html", saved=template, rows=rows)


async def favorite(request: AnyRequest, me: Me, account: TheAccount, template: TheTemplate) -> Response[Any]:
    await message_templates.favorite(account.id, me.id, template.id)
    return _back(request, template, f"“{template.name}” stands on top for you now.")


async def unfavorite(request: AnyRequest, me: Me, account: TheAccount, template: TheTemplate) -> Response[Any]:
    await message_templates.unfavorite(account.id, me.id, template.id)
    return _back(request, template, f"“{template.name}” is back in its place.")


async def hide(request: AnyRequest, me: Me, account: TheAccount, template: TheTemplate) -> Response[Any]:
    await keeping.hide(account, me, template)
    return _back(request, template, f"“{template.name}” is hidden from everyone. Choose Hidden to see it.")


async def unhide(request: AnyRequest, me: Me, account: TheAccount, template: TheTemplate) -> Response[Any]:
    await keeping.show(account, me, template)
    return _back(request, template, f"“{template.name}” is shown to everyone again.")


async def preview(request: AnyRequest, me: Me, account: TheAccount, form: TheForm) -> Response[str]:
    """What a seller would read. Nothing is stored."""
    shown = template_pages.preview(account, me, template_pages.typed(form))
    return render.fragment(request, "message_templates/_preview.html", preview=shown)


async def insertion(form: TheForm) -> Response[str]:
    """What a wildcard button puts at the caret."""
    return Response(str(escape(_token(form))), media_type="text/html")


async def files(request: AnyRequest, me: Me, account: TheAccount, form: TheForm) -> Response[str]:
    """The files of the form after some were chosen or one was taken out."""
    ids, problem = await kept_files.keep(account, me, form)
    rows = template_pages.file_rows(await attachments.of(account.id, ids), problem)
    return render.fragment(request, "message_templates/_files.html", **rows)


async def _pressed(
    request: AnyRequest, account: Account, me: User, form: Form, template: MessageTemplate | None = None
) -> Response[str] | None:
    """The page again with what a button of the form did: without JavaScript every one of them comes here."""
    if not (form.value("insert") or form.value("detach") or form.value("do") in ("preview", "attach")):
        return None
    if form.value("insert"):
        form.values["body"] = form.value("body") + _token(form)
    ids, problem = await kept_files.keep(account, me, form)
    return await _page(request, account, me, form, template, files=ids, file_problem=problem)


async def _attached(
    request: AnyRequest, account: Account, me: User, form: Form, template: MessageTemplate | None = None
) -> Response[str] | None:
    """Keeps the files that were chosen and not attached yet; the page again when one of them cannot be kept."""
    if not form.files:
        return None
    ids, problem = await kept_files.keep(account, me, form)
    form.lists["attachment"] = [str(each) for each in ids]
    return await _page(request, account, me, form, template, file_problem=problem, status=422) if problem else None


async def _page(
    request: AnyRequest,
    account: Account,
    me: User,
    form: Form,
    template: MessageTemplate | None = None,
    *,
    files: list[UUID] | None = None,
    file_problem: str = "",
    status: int = 200,
) -> Response[str]:
    ids = drafts.typed_ids(form.all("attachment")) if files is None else files
    context = await template_pages.context(account, me, form, ids, template, file_problem)
    htmx = render.is_htmx(request) and status == 422
    page = "message_templates/_form.html" if htmx else "message_templates/edit.html"
    return render.page(request, page, status=status, **context)


async def _not_changed(
    request: AnyRequest, account: Account, me: User, template: MessageTemplate, form: Form, refused: Refused
) -> Response[str]:
    """The form with what was typed. One that was deleted meanwhile becomes a new one, one that was changed meanwhile
    may be saved over."""
    if refused.code == keeping.DELETED:
        form.values |= {"type": template.type, "scope": template.scope}
        return await _page(request, account, me, _refused(form, refused), status=422)
    if refused.code == keeping.CONFLICT:
        form.values["version"] = str((await keeping.current(template.id)).n)
    if refused.code in ("shipped", "no_permission"):
        raise refused
    return await _page(request, account, me, _refused(form, refused), template, status=422)


def _refused(form: Form, refused: Refused) -> Form:
    for each in refused.refusals if isinstance(refused, NotSaved) else (refused,):
        form.refuse(each, FIELDS)
    return form


def _saved(
    request: AnyRequest, form: Form, template: MessageTemplate | None, notice: str, type: str = ""
) -> Response[Any]:
    """Back to where the form stood: a dialog beside a message, the message's own window, or the list."""
    listing = drafts.typed_ids([form.value("listing")])
    here = render.url_for("message_templates.index")
    if render.is_htmx(request) and not _on_our_pages(request, here):
        event = "templates-changed, side-done"
        return render.fragment(request, "message_templates/_saved.html", event=event, notice=notice, made=template)
    if listing:
        picked = f"?template_id={template.id}" if template else ""
        return render.go(request, render.url_for("sends.new", listing_id=listing[0]) + picked, notice=notice)
    return render.go(request, f"{here}?type={template.type if template else type}", notice=notice)


def _listing(request: AnyRequest) -> str:
    """The listing whose message window leads here. No parameter of a handler: `listing` is the one of the path."""
    return str(request.query_params.get("listing", ""))


def _on_our_pages(request: AnyRequest, here: str) -> bool:
    return auth.path_of(request.headers.get("hx-current-url", "")).startswith(here)


def _back(request: AnyRequest, template: MessageTemplate, notice: str) -> Response[Any]:
    """To the list as it was filtered."""
    there = auth.local_path(auth.path_of(request.headers.get("referer", "")))
    here = render.url_for("message_templates.index")
    there = there if there.partition("?")[0] == here else f"{here}?type={template.type}"
    return render.wrote(request, there, notice=notice, event="templates-changed")


def _token(form: Form) -> str:
    """The wildcard of the button, as it is written. Raises NotFound."""
    known = WILDCARDS.get(form.value("insert"))
    if known is None:
        raise NotFound
    return known.markup

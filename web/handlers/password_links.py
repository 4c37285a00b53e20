"""One-time links with which people set a password: asked for by email, opened once."""

from litestar import Request, Response
from litestar.params import FromPath

from domain import sessions
from domain.errors import NotFound, Refused
from domain.sessions import PasswordLink
from web import auth, render
from web.forms import Form
from web.lookups import TheForm


async def new(request: Request) -> Response:
    return render.page(request, "password_links/new.html", form=Form(), sent=False, page_title="Forgot your password?")


async def create(request: Request, form: TheForm) -> Response:
    title = "Forgot your password?"
    try:
        await sessions.ask_for_link(form.value("email"))
    except Refused as refused:
        shown = form.refuse(refused)
        return render.page(request, "password_links/new.html", status=422, form=shown, sent=False, page_title=title)
    return render.page(request, "password_links/new.html", form=form, sent=True, page_title="Look in your mailbox")


async def show(request: Request, token: FromPath[str]) -> Response:
    """Looking does not use the link up: mail scanners look too."""
    try:
        link = await sessions.link_of(token)
    except NotFound:
        return _useless(request)
    return _shown(request, link, token, Form())


async def update(request: Request, token: FromPath[str], form: TheForm) -> Response:
    address, browser = auth.client_address(request.scope), request.headers.get("user-agent", "")
    try:
        session = await sessions.set_password(token, form.value("password"), address, browser)
    except Refused as refused:
        return _shown(request, await sessions.link_of(token), token, form.refuse(refused), 422)
    except NotFound:
        return _useless(request)
    notice = "Your password is set and you are signed in."
    return auth.start_session(render.go(request, render.url_for("listings.index"), notice=notice), session)


def _shown(request: Request, link: PasswordLink, token: str, form: Form, status: int = 200) -> Response:
    return render.page(
        request,
        "password_links/show.html",
        status=status,
        form=form.without("password"),
        token=token,
        name=link.user.name,
        email=link.user.email,
        first_time=link.purpose == "setup",
        page_title="Set your password",
    )


def _useless(request: Request) -> Response:
    sentence = "It was used already or is too old. Ask for a new one."
    step = {"url": render.url_for("password_links.new"), "label": "Ask for a new link"}
    return render.problem(request, 404, "This link does not work any more", sentence, step)

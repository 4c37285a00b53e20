"""Signing in and out."""

from litestar import Request, Response
from litestar.params import FromQuery

from domain import sessions
from domain.errors import Refused
from domain.sessions import TooManyFailures
from web import auth, render
from web.forms import Form
from web.lookups import TheForm


async def new(request: Request, next: FromQuery[str] = "") -> Response:
    if request.user:
        return render.go(request, _onward(next))
    if await sessions.is_empty():
        return render.go(request, render.url_for("setups.new"))
    onward = auth.local_path(next)
    return render.page(request, "sessions/new.html", form=Form(), next=onward, page_title="Sign in")


async def create(request: Request, form: TheForm) -> Response:
    address, browser = auth.client_address(request.scope), request.headers.get("user-agent", "")
    try:
        token = await sessions.sign_in(form.value("email"), form.value("password"), address, browser)
    except Refused as refused:
        return _again(request, form, refused)
    return auth.start_session(render.go(request, _onward(form.value("next"))), token)


async def destroy(request: Request) -> Response:
    await sessions.close(auth.session_of(request).id)
    return auth.end_session(render.go(request, render.url_for("sessions.new"), notice="You are signed out."))


def _again(request: Request, form: Form, refused: Refused) -> Response:
    wait = {"Retry-After": str(refused.seconds)} if isinstance(refused, TooManyFailures) else {}
    response = render.page(
        request,
        "sessions/new.html",
        status=429 if wait else 422,
        form=form.refuse(refused).without("password"),
        next=auth.local_path(form.value("next")),
        page_title="Sign in",
    )
    response.headers.update(wait)
    return response


def _onward(page: str) -> str:
    return auth.local_path(page) or render.url_for("listings.index")

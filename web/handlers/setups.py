"""The set-up page of an empty installation: the dealership and its first admin."""

from litestar import Request, Response
from litestar.params import FromQuery

from domain import accounts, sessions, setups
from domain.errors import NotFound, Refused
from web import auth, render
from web.forms import Form
from web.lookups import TheForm


async def new(request: Request, token: FromQuery[str] = "") -> Response:
    if not await sessions.is_setup_token(token):
        return await _no_way_in(request)
    return _shown(request, Form({"country": "US", "timezone": "America/New_York"}), token)


async def create(request: Request, form: TheForm) -> Response:
    address, browser = auth.client_address(request.scope), request.headers.get("user-agent", "")
    try:
        session = await setups.create(form.values, address, browser)
    except Refused as refused:
        return _shown(request, form.refuse(refused).without("password"), form.value("token"), 422)
    except NotFound:
        return await _no_way_in(request)
    return auth.start_session(
        render.go(request, render.url_for("listings.index"), notice="Lotwire is set up."), session
    )


def _shown(request: Request, form: Form, token: str, status: int = 200) -> Response:
    context = {"form": form, "token": token, "timezones": accounts.TIMEZONES, "page_title": "Set up Lotwire"}
    return render.page(request, "setups/new.html", status=status, **context)


async def _no_way_in(request: Request) -> Response:
    if await sessions.is_empty():
        sentence = "Open the link that Lotwire printed when it started. Start it again for a new link."
        return render.problem(request, 404, "This set-up link does not work", sentence)
    sentence = "Sign in, or ask an admin of your dealership for a link."
    step = {"url": render.url_for("sessions.new"), "label": "Sign in"}
    return render.problem(request, 404, "Lotwire is set up already", sentence, step)

"""One's own password."""

from litestar import Request, Response

from domain import sessions
from domain.errors import Refused
from domain.sessions import TooManyFailures
from web import auth, render
from web.forms import Form
from web.handlers import profiles
from web.lookups import Me, TheForm


async def update(request: Request, me: Me, form: TheForm) -> Response:
    session = auth.session_of(request).id
    try:
        await sessions.change_password(me, form.value("current"), form.value("password"), session)
    except TooManyFailures:
        raise
    except Refused as refused:
        shown = Form().refuse(refused, ("current", "password"))
        return profiles.page(request, me, shown, status=422)
    notice = "Your password is changed. Every other device is signed out."
    return render.go(request, render.url_for("profiles.edit"), notice=notice)

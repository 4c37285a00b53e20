"""Signing out everywhere."""

from litestar import Request, Response

from domain import sessions
from web import auth, render
from web.lookups import Me


async def create(request: Request, me: Me) -> Response:
    await sessions.close_all(me.id)
    return auth.end_session(render.go(request, render.url_for("sessions.new"), notice="You are signed out everywhere."))

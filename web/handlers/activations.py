"""Whether somebody may sign in."""

from litestar import Request, Response

from domain import staff
from web import render
from web.lookups import Me, ThePerson


async def create(request: Request, me: Me, person: ThePerson) -> Response:
    await staff.activate(person, me)
    return render.go(request, render.url_for("users.index"), notice=f"{person.name} may sign in again.")


async def destroy(request: Request, me: Me, person: ThePerson) -> Response:
    await staff.deactivate(person, me)
    notice = f"{person.name} is signed out and may not sign in any more."
    return render.go(request, render.url_for("users.index"), notice=notice)

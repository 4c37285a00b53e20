"""A one-time link for somebody who has no password, or forgot it."""

from litestar import Request, Response

from domain import staff
from domain.users import Role
from web import people
from web.forms import Form
from web.handlers import users
from web.lookups import Me, TheAccount, ThePerson


async def create(request: Request, me: Me, account: TheAccount, person: ThePerson) -> Response:
    token = await staff.make_link(person, me)
    return await users.page(request, me, Form({"role": Role.AGENT}), link=people.link(request, person, token, account))

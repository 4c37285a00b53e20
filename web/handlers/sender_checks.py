"""Whether somebody has an account at a provider, looked up now because a person asked."""

from litestar import Request, Response
from litestar.params import FromPath

from domain import connections, linked, users
from domain.db import found
from domain.errors import NotFound, Refused
from domain.users import Permission
from web import apps, render
from web.forms import Form
from web.lookups import Me, TheAccount, ThePerson


async def create(request: Request, me: Me, account: TheAccount, kind: FromPath[str], person: ThePerson) -> Response:
    """Of oneself; an administrator may ask for anybody."""
    app = apps.of(kind)
    if app.provider.senders == "one" or (person.id != me.id and not users.may(me, Permission.MANAGE_CONNECTIONS)):
        raise NotFound
    connection = await found(connections.current(account.id, kind))
    try:
        link = await linked.check(connection, person)
        check = apps.link_found(app, person, link)
    except Refused as refused:
        check = {"ok": False, "sentence": refused.message}
    context = await apps.context(request, account, me, app, Form(), check=check)
    return render.page(request, "apps/show.html", status=200 if check["ok"] else 422, **context)

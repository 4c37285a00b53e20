"""A live look at a connection, asked for by a person."""

from litestar import Request, Response
from litestar.params import FromPath

from domain import connections
from domain.db import found
from web import apps, render
from web.forms import Form
from web.lookups import Me, TheAccount


async def create(request: Request, me: Me, account: TheAccount, kind: FromPath[str]) -> Response:
    app = apps.of(kind)
    problem = await connections.recheck(await found(connections.current(account.id, kind)))
    check = {"ok": not problem, "sentence": problem or f"{app.name} answers and takes the key."}
    return render.page(request, "apps/show.html", **await apps.context(request, account, me, app, Form(), check=check))

"""A message to oneself by a connection, asked for by an administrator."""

from litestar import Request, Response
from litestar.params import FromPath

from domain import connections, trials
from domain.db import found
from domain.errors import Refused
from web import apps, render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm


async def create(request: Request, me: Me, account: TheAccount, kind: FromPath[str], form: TheForm) -> Response:
    app = apps.of(kind)
    connection = await found(connections.current(account.id, kind))
    try:
        trial = await trials.send(account, connection, me, form.value("to"))
        check = {"ok": trial.ok, "sentence": trial.sentence}
    except Refused as refused:
        check = {"ok": False, "sentence": refused.message}
    context = await apps.context(request, account, me, app, Form(), check=check)
    return render.page(request, "apps/show.html", status=200 if check["ok"] else 422, **context)

"""Another secret for a provider's calls; the one before is good for a day."""

from litestar import Request, Response
from litestar.params import FromPath

from domain import connections
from domain.db import found
from domain.errors import NotFound, Refused
from web import apps, render
from web.forms import Form
from web.lookups import Me, TheAccount


async def create(request: Request, me: Me, account: TheAccount, kind: FromPath[str]) -> Response:
    app, secret, check = apps.of(kind), None, None
    if not app.provider.secret_label:
        raise NotFound
    connection = await found(connections.current(account.id, kind))
    try:
        secret = await connections.rotate_hook_secret(connection, me.id)
    except Refused as refused:
        check = {"ok": False, "sentence": refused.message}
    context = await apps.context(request, account, me, app, Form(), secret=secret, check=check)
    page = render.page(request, "apps/show.html", status=422 if check else 200, **context)
    return render.once(page) if secret else page

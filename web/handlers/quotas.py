"""How many segments a day each sender may text by a connection."""

from litestar import Request, Response
from litestar.params import FromPath

from domain import connections, quotas
from domain.db import found
from domain.errors import Refused
from web import apps, render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm


async def update(request: Request, me: Me, account: TheAccount, kind: FromPath[str], form: TheForm) -> Response:
    app = apps.of(kind)
    connection = await found(connections.current(account.id, kind))
    try:
        segments = await quotas.limit(connection, me.id, form.value(quotas.OPTION))
    except Refused as refused:
        context = await apps.context(request, account, me, app, Form(), pace=form.refuse(refused, [quotas.OPTION]))
        return render.page(request, "apps/show.html", status=422, **context)
    notice = (
        f"Each sender may text {segments:,} segments a day now." if segments else "Senders have no limit a day now."
    )
    return render.go(request, render.url_for("apps.show", kind=kind), notice=notice)

"""How many segments a day each sender may text by a connection, and what one costs."""

from litestar import Request, Response
from litestar.params import FromPath

from domain import connections, prices, quotas
from domain.db import found
from domain.errors import NotFound, Refused
from web import apps, render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm

FIELDS = (quotas.OPTION, prices.OPTION)


async def update(request: Request, me: Me, account: TheAccount, kind: FromPath[str], form: TheForm) -> Response:
    app = apps.of(kind)
    if app.provider.channel != "text":
        raise NotFound
    connection = await found(connections.current(account.id, kind))
    try:
        price = {prices.OPTION: prices.read(form.value(prices.OPTION))} if prices.OPTION in form.values else {}
        segments = await quotas.limit(connection, me.id, form.value(quotas.OPTION), **price)
    except Refused as refused:
        context = await apps.context(request, account, me, app, Form(), pace=form.refuse(refused, FIELDS))
        return render.page(request, "apps/show.html", status=422, **context)
    notice = (
        f"Each sender may text {segments:,} segments a day now." if segments else "Senders have no limit a day now."
    )
    return render.go(request, render.url_for("apps.show", kind=kind), notice=notice)

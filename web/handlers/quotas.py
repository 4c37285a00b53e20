"""How much each sender may text by a connection in a minute and in a day, and what a segment costs."""

from litestar import Request, Response
from litestar.params import FromPath

from domain import connections, pace_limits, prices, quotas
from domain.db import found
from domain.errors import NotFound, Refused
from web import apps, render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm

FIELDS = (quotas.OPTION, prices.OPTION, pace_limits.SENDER)


async def update(request: Request, me: Me, account: TheAccount, kind: FromPath[str], form: TheForm) -> Response:
    app = apps.of(kind)
    if app.provider.channel != "text":
        raise NotFound
    connection = await found(connections.current(account.id, kind))
    try:
        more: dict[str, object] = {}
        if prices.OPTION in form.values:
            more[prices.OPTION] = prices.read(form.value(prices.OPTION))
        if pace_limits.parts_senders(kind) and pace_limits.SENDER in form.values:
            more[pace_limits.SENDER] = pace_limits.read(form.value(pace_limits.SENDER))
        segments = await quotas.limit(connection, me.id, form.value(quotas.OPTION), **more)
    except Refused as refused:
        context = await apps.context(request, account, me, app, Form(), pace=form.refuse(refused, FIELDS))
        return render.page(request, "apps/show.html", status=422, **context)
    a_minute = int(str(more.get(pace_limits.SENDER, pace_limits.of_sender(connection))))
    counted = ((a_minute, "text", "minute"), (segments, "segment", "day"))
    bounds = [f"{number:,} {what}{'s' * (number > 1)} a {span}" for number, what, span in counted if number]
    notice = f"Each sender may send {' and '.join(bounds)} now." if bounds else "Senders have no limit now."
    return render.go(request, render.url_for("apps.show", kind=kind), notice=notice)

"""Connecting a provider, changing what it may do, and disconnecting it."""

from litestar import Request, Response
from litestar.params import FromPath

from domain import connections, plans
from domain.db import found
from domain.errors import NotFound, Refused
from web import apps, queue, render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm


async def create(request: Request, me: Me, account: TheAccount, kind: FromPath[str], form: TheForm) -> Response:
    """Connects, or mends the connection that is there, after a live check; shows the hook's secret this once."""
    app, secret = apps.of(kind), None
    typed = {field["name"]: form.value(field["name"]).strip() for field in app.fields}
    given = {name: value for name, value in typed.items() if name not in ("webhook_secret", "base_url")}
    options = {"webhook_secret": typed["webhook_secret"]} if typed.get("webhook_secret") else {}
    try:
        if app.provider.feature:
            await plans.require(account, app.provider.feature)
        apps.require_owner(app, typed, me)
        made, secret = await connections.connect(account.id, me.id, kind, given, typed.get("base_url", ""), options)
        if app.provider.keeps_opt_outs:
            await queue.kick(request, "read_opt_outs", str(made.id))  # who said stop there before we came
        form = Form()
    except Refused as refused:
        form.refuse(refused, list(typed)).without(*(each["name"] for each in app.fields if each["type"] == "password"))
    context = await apps.context(request, account, me, app, form, secret=secret)
    page = render.page(request, "apps/show.html", status=422 if form.errors else 200, **context)
    return render.once(page) if secret else page


async def update(request: Request, me: Me, account: TheAccount, kind: FromPath[str], form: TheForm) -> Response:
    """Lets pictures go along with texts, or no longer."""
    app = apps.of(kind)
    if not app.provider.files_switch:
        raise NotFound
    connection, on = await found(connections.current(account.id, app.kind)), form.value("mms") == "true"
    await connections.change_options(connection, me.id, mms=on)
    notice = "Pictures go along with texts now." if on else "Texts leave without pictures now."
    return render.go(request, render.url_for("apps.show", kind=kind), notice=notice)


async def destroy(request: Request, me: Me, account: TheAccount, kind: FromPath[str]) -> Response:
    app = apps.of(kind)
    await connections.disconnect(await found(connections.current(account.id, kind)), me.id)
    return render.go(request, render.url_for("apps.show", kind=kind), notice=f"{app.name} is disconnected.")

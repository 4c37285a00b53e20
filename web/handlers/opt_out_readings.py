"""The provider's own list of opt-outs, read now because somebody asked."""

from litestar import Request, Response
from litestar.params import FromPath

from domain import connections, provider_lists
from domain.db import found
from web import apps, queue, render
from web.lookups import Me, TheAccount


async def create(request: Request, me: Me, account: TheAccount, kind: FromPath[str]) -> Response:
    app = apps.of(kind)
    connection = await found(connections.current(account.id, kind))
    await provider_lists.ask(connection, me)
    await queue.kick(request, "read_opt_outs", str(connection.id))
    notice = f"{app.name}’s list is being read. Look again in a minute."
    return render.go(request, render.url_for("apps.show", kind=kind), notice=notice)

"""The integrations of the account."""

from litestar import Request, Response
from litestar.params import FromPath

from web import apps, render
from web.forms import Form
from web.lookups import Me, TheAccount


async def index(request: Request, account: TheAccount) -> Response:
    return render.page(request, "apps/index.html", apps=await apps.tiles(account), page_title="Apps")


async def show(request: Request, me: Me, account: TheAccount, kind: FromPath[str]) -> Response:
    return render.page(request, "apps/show.html", **await apps.context(request, account, me, apps.of(kind), Form()))

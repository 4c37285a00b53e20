"""The bare address."""

from litestar import Request, Response

from web import render


async def show(request: Request) -> Response:
    return render.go(request, render.url_for("listings.index"))

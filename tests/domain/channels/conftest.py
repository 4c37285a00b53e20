"""Local servers for the adapters."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from domain.channels import http
from tests.domain.channels.local_servers import Scripted, Talk, TcpServer


@pytest.fixture(autouse=True)
async def _fresh_session() -> AsyncIterator[None]:
    yield
    await http.close()


@pytest.fixture
async def provider() -> AsyncIterator[Scripted]:
    scripted = Scripted()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", scripted.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    scripted.url = "http://{}:{}".format(*runner.addresses[0][:2])
    try:
        yield scripted
    finally:
        await runner.cleanup()


@pytest.fixture
def tcp_server() -> TcpServer:
    """A server that says or does with each connection whatever `talk` does; yields its URL."""

    @asynccontextmanager
    async def serve(talk: Talk) -> AsyncIterator[str]:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        try:
            yield f"http://{host}:{port}"
        finally:
            server.close()

    return serve

"""No spelling of an address, and no address that is connected to, leads anywhere but out on the internet."""

import ipaddress
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from domain.public_addresses import Address, NotPublic, connector, is_public, may_lead_there

INSIDE = """
127.0.0.1 127.1 2130706433 0x7f000001 0X7F.1 0177.0.0.1 017700000001 127.0.0.1. 127.0.0.0x1 0 10.0.0.1 0xa.0.0.1
127。0。0。1 127．0．0．1 127｡0｡0｡1 １２７.0.0.1 ①②⑦.0.0.1 0x7f。0。0。1 １６９.254.169.254 ２１３０７０６４３３
%31%32%37.0.0.1 127%2e0%2e0%2e1
[::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [64:ff9b::7f00:1] [2002:7f00:1::] [fe80::1]
[fe80::1%25eth0] [::1%eth0] [2606:4700::1111%25eth0]
"""


@pytest.mark.parametrize("host", INSIDE.split())
def test_no_spelling_of_an_address_leads_inside(host: str):
    assert not may_lead_there(f"https://{host}/1.jpg")
    assert not may_lead_there(f"https://{host}:8443/1.jpg")


@pytest.mark.parametrize(
    "host", ["93.184.216.34", "９３.184.216.34", "[2606:4700::1111]", "site.example", "münchen.example", "4x4.example"]
)
def test_names_and_public_addresses_may_be_called(host: str):
    assert may_lead_there(f"https://{host}/1.jpg")


def test_an_address_that_no_call_can_read_leads_nowhere():
    assert not may_lead_there("https://[::1/")
    assert not may_lead_there("https://127\u00ad.0.0.1/")


@pytest.fixture
async def inside() -> AsyncIterator[tuple[int, list[str]]]:
    """The port of a server on this machine, and what it was asked."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(text="inside")

    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    async with TestServer(app) as server:
        assert server.port
        yield server.port, asked


@pytest.mark.parametrize("host", ["127.0.0.1", "127。0。0。1", "１２７.0.0.1", "[::ffff:127.0.0.1]"])
async def test_an_address_that_met_no_resolver_is_not_connected_to(inside: tuple[int, list[str]], host: str):
    port, asked = inside
    async with aiohttp.ClientSession(connector=connector(is_public)) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await session.get(f"http://{host}:{port}/secret")
    assert isinstance(caught.value.os_error, NotPublic)
    assert asked == []


async def test_what_is_allowed_is_connected_to(inside: tuple[int, list[str]]):
    def own(address: Address) -> bool:
        return address == ipaddress.ip_address("127.0.0.1")

    port, asked = inside
    async with (
        aiohttp.ClientSession(connector=connector(own)) as session,
        session.get(f"http://127.0.0.1:{port}/ours") as answer,
    ):
        assert await answer.text() == "inside"
    assert asked == ["/ours"]

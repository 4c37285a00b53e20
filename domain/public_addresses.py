"""Which addresses are out on the internet: what somebody else names is called there, and nowhere nearer."""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII | re.IGNORECASE)
_CLOUD = (ipaddress.IPv4Address("168.63.129.16"),)  # Azure's own service looks public and is not


def is_public(address: Address) -> bool:
    """Whether an address is out on the internet, whatever it is wrapped in: neither this machine nor its networks.

    IPv6 that carries IPv4 (mapped, 6to4, NAT64) is judged by what it carries; Teredo never passes.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.teredo is not None or address.scope_id is not None or address.is_site_local:
            return False
        carried = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if carried is not None:
            return is_public(carried)
    return address.is_global and not address.is_multicast and not address.is_reserved and address not in _CLOUD


class NotPublic(OSError):
    """A name that leads to an address which is not out on the internet."""


class Resolver(AbstractResolver):
    """Looks a name up once, and refuses it when any answer is not allowed. What it gives is what is connected to, so
    that a name cannot lead elsewhere after it was looked at."""

    def __init__(self, allowed: Callable[[Address], bool]) -> None:
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        answers = []
        for kind, _, protocol, _, where in found:
            address = str(where[0])
            if not self._allowed(ipaddress.ip_address(address)):
                raise NotPublic(f"{host} leads to {address}")
            answers.append(
                ResolveResult(
                    hostname=host,
                    host=address,
                    port=port,
                    family=kind,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                )
            )
        return answers

    async def close(self) -> None:
        pass


def may_lead_there(url: str, allowed: Callable[[Address], bool] = is_public) -> bool:
    """Whether the host of a URL, if written as an address, is an allowed one: those meet no resolver."""
    try:
        # As the call itself will read it: full-width digits and dots of other scripts become plain ones there.
        host = URL(url).raw_host or ""
    except ValueError:
        return False
    # `127.1`, `0x7f000001` and `2130706433` are addresses to the system, though not to us: only whole ones are looked
    # at further. No name ends in a number.
    if "%" in host or ":" in host or _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        try:
            return allowed(ipaddress.ip_address(host))
        except ValueError:
            return False
    return True


def connector(allowed: Callable[[Address], bool], **options: Any) -> aiohttp.TCPConnector:
    """Connects to allowed addresses alone: names are looked up once, and every address is looked at again."""

    def line(where: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, peer = where
        if not allowed(ipaddress.ip_address(str(peer[0]))):
            raise NotPublic(f"{peer[0]} is not out on the internet")
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made

    return aiohttp.TCPConnector(resolver=Resolver(allowed), use_dns_cache=False, socket_factory=line, **options)

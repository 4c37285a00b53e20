"""A mail server as a connection names it, how it is reached, and how we sign in there."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from domain.channels.base import ChannelError, Kind
from domain.public_addresses import is_public

CONNECT_TIMEOUT = 10.0  # seconds, for each address of a name
GREETING = 30.0  # seconds in which a server says who it is: one that waits for TLS where we wait for it says nothing
Security = Literal["tls", "starttls", "none"]


@dataclass(frozen=True)
class Server:
    """`nearby` lets it stand on this machine or its networks: the owner of the installation said so."""

    host: str
    port: int
    security: Security
    nearby: bool = False


@dataclass(frozen=True)
class Login:
    """By password, or by an access token (XOAUTH2) that was just made."""

    username: str
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def context() -> ssl.SSLContext:
    """Whoever answers has to prove that it is the host we asked for. Made once: reading all whom we trust takes long
    enough to be felt by whoever waits for the loop."""
    return _trusting(ssl.get_default_verify_paths())


@cache
def _trusting(whom: ssl.DefaultVerifyPaths) -> ssl.SSLContext:
    """Of those whom OpenSSL reads from these files and folders."""
    return ssl.create_default_context()


async def dial(server: Server) -> socket.socket:
    """A connection to an address that the server may have. Raises ChannelError: nothing was sent."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise _not_found(server) from error
    for family, kind, protocol, _, where in _allowed(server, found):
        line = socket.socket(family, kind, protocol)
        line.setblocking(False)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await loop.sock_connect(line, where)
        except (OSError, TimeoutError):
            line.close()
        except BaseException:
            line.close()
            raise
        else:
            return line
    raise unreachable(server)


def dial_in_thread(server: Server) -> socket.socket:
    """The same for who has a thread to wait in."""
    try:
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise _not_found(server) from error
    for family, kind, protocol, _, where in _allowed(server, found):
        line = socket.socket(family, kind, protocol)
        line.settimeout(CONNECT_TIMEOUT)
        try:
            line.connect(where)
        except OSError:
            line.close()
        else:
            return line
    raise unreachable(server)


def unreachable(server: Server) -> ChannelError:
    return ChannelError(
        f"{server.host} could not be reached. Nothing was sent.", Kind.NEVER_CONNECTED, code="unreachable"
    )


def silent(server: Server) -> ChannelError:
    reason = f"{server.host} said nothing on port {server.port}. Check the port and its security. Nothing was sent."
    return ChannelError(reason, Kind.NEVER_CONNECTED, code="silent")


def unsafe(server: Server, error: ssl.SSLError) -> ChannelError:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = f"{server.host} could not prove who it is, so nothing was sent."
        return ChannelError(reason, Kind.NEVER_CONNECTED, code="certificate")
    reason = f"{server.host} speaks no TLS on port {server.port} that is safe. Check the port and its security."
    return ChannelError(reason, Kind.NEVER_CONNECTED, code="tls")


def _not_found(server: Server) -> ChannelError:
    return ChannelError(f"{server.host} was not found. Nothing was sent.", Kind.NEVER_CONNECTED, code="dns")


def _allowed(server: Server, found: Iterable[Any]) -> list[Any]:
    """What it is looked up as is what is connected to. A name that leads to a network of ours, too, is refused whole:
    anybody can make such a name."""
    answers = list(found)
    if not server.nearby and not all(is_public(ipaddress.ip_address(answer[4][0])) for answer in answers):
        raise ChannelError(
            f"{server.host} is not out on the internet. The owner of this installation can allow it.",
            Kind.NEVER_CONNECTED,
            code="not_public",
        )
    return answers

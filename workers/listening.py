"""The address the web processes share: bound before they start, so that a taken port is known at once."""

import errno
import select
import socket
from contextlib import suppress

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where this machine reaches who listens on all addresses


class CannotListen(Exception):
    """Why the address cannot be used: one sentence with the next step."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises CannotListen with a sentence."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        raise CannotListen(_why_not(host, port, error)) from error


def _why_not(host: str, port: int, error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"“{host}” is not an address of this machine. Choose another with --host."
    if isinstance(error, PermissionError):
        return f"Port {port} is only for root. Choose one above 1023 with --port."
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken on {host}. Stop the program that listens there, or choose another with --port."
    return f"Lotwire cannot listen on {host}, port {port}: {error.strerror}."


def address_of(listener: socket.socket) -> tuple[str, int]:
    """Where this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    return EVERYWHERE.get(host, host), port


def url_of(listener: socket.socket) -> str:
    """What to open in a browser on this machine."""
    host, port = address_of(listener)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Knock:
    """One request that waits in line until the web is there to answer it."""

    def __init__(self, listener: socket.socket) -> None:
        self.address = address_of(listener)
        self.connection: socket.socket | None = None

    def is_answered(self) -> bool:
        """True once something has answered. Never waits: select on `connection` for the next good moment to ask."""
        with suppress(OSError):
            if self.connection is None:
                self.connection = socket.create_connection(self.address, timeout=5)
                self.connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            if not select.select([self.connection], [], [], 0)[0]:
                return False
            if self.connection.recv(64):
                self.connection.close()
                return True
        if self.connection:  # who took it has died: knock again
            self.connection.close()
            self.connection = None
        return False

"""A mailbox by IMAP: what is new in a folder, and the wait for more. Everything here blocks: it runs in a thread."""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from socket import SHUT_RDWR, socket
from threading import Event
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import CapabilityError, IMAPClientError, LoginError

from domain.channels.base import ChannelError, Kind
from domain.channels.email import servers
from domain.channels.email.servers import Login, Server

TIMEOUT = 60.0  # seconds for each answer
RENEW = 25 * 60.0  # seconds in IDLE: a server may hang up after 30 minutes (RFC 2177), many routers sooner
POLL = 60.0  # seconds between two looks where the server has no IDLE, or where several folders are read
LARGEST = 30_000_000  # bytes of a mail that is read whole
BEGINNING = 1_000_000  # of a larger one
NO_FOLDER = "folder"  # the code of an error
LOOK_BACK = timedelta(days=14)  # when the mailbox was made anew: what may not have been read


@dataclass(frozen=True)
class Found:
    """A mail as it came; `cut`: only its beginning."""

    raw: bytes
    size: int
    at: datetime
    cut: bool


class Mailbox:
    """A connection that is signed in. Raises ChannelError for whatever goes wrong. `hang_up` may be called from
    another thread: whoever waits here then comes back with an error."""

    def __init__(self, server: Server, login: Login) -> None:
        self._server = server
        self._hung = Event()
        try:
            with self._faults():
                self._client = _Client(server)
                self._client.normalise_times = False
                if server.security == "starttls":
                    self._client.starttls(servers.context())
                self._sign_in(login)
        except BaseException:
            self.close()
            raise

    def open(self, folder: str, *, marking: bool = False) -> tuple[int, int]:
        """UIDVALIDITY of the folder, and the UID that the next mail gets. Nothing in it changes by reading, unless we
        are to mark what was read."""
        with self._faults():
            try:
                said = self._client.select_folder(folder, readonly=not marking)
            except IMAPClientError as error:
                if isinstance(error, _FATAL):
                    raise
                reason = f"The mailbox has no folder “{folder}”."
                raise ChannelError(reason, Kind.PERMANENT, code=NO_FOLDER) from error
            validity = int(said[b"UIDVALIDITY"])
            following = said.get(b"UIDNEXT")
            return validity, int(following) if following else max(self._client.search("ALL"), default=0) + 1

    def after(self, last: int) -> list[int]:
        """UIDs of the open folder beyond this one, in their order."""
        with self._faults():
            found = self._client.search(["UID", f"{last + 1}:*"])
        return sorted(uid for uid in found if uid > last)  # `n:*` always has the last mail, too

    def since(self, day: date) -> list[int]:
        with self._faults():
            return sorted(self._client.search(["SINCE", day]))

    def holding(self, rfc_id: str) -> list[int]:
        """UIDs of the mails with this Message-ID."""
        with self._faults():
            return sorted(self._client.search(["HEADER", "Message-ID", rfc_id]))

    def read(self, uid: int) -> Found | None:
        """One mail of the open folder, without marking it as read; None when it is gone."""
        with self._faults():
            facts = self._client.fetch([uid], ["RFC822.SIZE", "INTERNALDATE"]).get(uid)
            if not facts:
                return None
            size = int(facts.get(b"RFC822.SIZE", 0))
            cut = size > LARGEST
            part = f"BODY.PEEK[]<0.{BEGINNING}>" if cut else "BODY.PEEK[]"
            answer = self._client.fetch([uid], [part]).get(uid, {})
            raw = next((value for name, value in answer.items() if name.startswith(b"BODY[]")), None)
            return Found(raw or b"", size, facts[b"INTERNALDATE"], cut) if raw is not None else None

    def mark(self, uid: int) -> None:
        """As read, for people who look into the mailbox, too."""
        with self._faults():
            self._client.add_flags([uid], [rb"\Seen"], silent=True)

    def wait(self, *, others: bool = False) -> None:
        """Until there is something new in the open folder, or it is time to look. With `others` there are more folders
        to look at."""
        with self._faults():
            if not self._client.has_capability("IDLE"):
                self._hung.wait(POLL)
                self._client.noop()
                return
            _, told = self._client.noop()
            if any(b"EXISTS" in line for line in told):  # came since we looked, and would not be told again
                return
            self._client.idle()
            if not self._has_read_ahead():
                self._client.idle_check(timeout=POLL if others else RENEW)
            self._client.idle_done()

    def _has_read_ahead(self) -> bool:
        """Whether news came in one breath with the answer to IDLE: they lie in the buffer then, and whoever waits for
        the line to speak waits for the next ones."""
        line, client = self._client.socket(), self._client._imap
        line.setblocking(False)
        try:
            return bool((getattr(client, "_file", None) or client.file).peek(1))
        except OSError:  # nothing to read
            return False
        finally:
            line.settimeout(TIMEOUT)

    def hang_up(self) -> None:
        """Wakes whoever waits here. The line stays theirs to `close`: its number could be another line's by the time
        they look."""
        self._hung.set()
        with suppress(Exception):
            self._client.socket().shutdown(SHUT_RDWR)

    def close(self) -> None:
        with suppress(Exception):
            self._client.shutdown()

    def _sign_in(self, login: Login) -> None:
        try:
            if login.token:
                self._client.oauth2_login(login.username, login.token)
            else:
                self._client.login(login.username, login.password)
        except LoginError as error:
            said = _words(error)
            if "unavailable" in said.lower() or "try again" in said.lower():
                raise ChannelError(f"{self._server.host} lets nobody in now: {said}", Kind.THROTTLED) from error
            reason = f"{self._server.host} refused the user name or the password. {said}"
            raise ChannelError(reason, Kind.CONNECTION_BROKEN, code="sign_in") from error

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except ssl.SSLError as error:
            raise servers.unsafe(self._server, error) from error
        except CapabilityError as error:
            reason = f"{self._server.host} does not offer this way to sign in. Check its port and its security."
            raise ChannelError(reason, Kind.CONNECTION_BROKEN, code="sign_in") from error
        except (IMAPClientError, imaplib.IMAP4.error, OSError, EOFError, ValueError, KeyError, AttributeError) as error:
            reason = f"The line to the mailbox at {self._server.host} broke. {_words(error)}".strip()
            raise ChannelError(reason, Kind.NEVER_CONNECTED, code="broken") from error


_FATAL = (imaplib.IMAP4.abort, LoginError)


class _Line(imaplib.IMAP4):
    """Over a connection to an address that we looked at."""

    def __init__(self, host: str, line: socket) -> None:
        self._line = line
        super().__init__(host)  # whose name its certificate has to say

    def _create_socket(self, timeout: float | None = None) -> socket:
        return self._line


class _Client(IMAPClient):
    def __init__(self, server: Server) -> None:
        self._server = server
        super().__init__(
            server.host,
            server.port,
            ssl=server.security == "tls",
            ssl_context=servers.context(),
            timeout=SocketTimeout(connect=servers.CONNECT_TIMEOUT, read=TIMEOUT),
        )

    def _create_IMAP4(self) -> Any:
        line = servers.dial_in_thread(self._server)
        try:
            line.settimeout(servers.GREETING)
            if self.ssl:
                line = servers.context().wrap_socket(line, server_hostname=self._server.host)
            greeted = _Line(self._server.host, line)
            line.settimeout(TIMEOUT)
            return greeted
        except TimeoutError as error:
            line.close()
            raise servers.silent(self._server) from error
        except BaseException:
            line.close()
            raise


def _words(error: BaseException) -> str:
    said = str(error)
    if said.startswith(("b'", 'b"')):
        said = said[2:-1]
    return " ".join(said.split())[:300]

"""One email handed to a mail server by SMTP submission, and what each of the server's answers means for it."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import cast

import aiosmtplib

from domain.channels.base import ChannelError, Kind, Tells
from domain.channels.email import servers
from domain.channels.email.servers import Login, Server

TIMEOUT = 60.0  # seconds for each answer; of a server that looks through a large file before it says yes
NO_AUTH = {530, 534, 535, 538}  # RFC 4954
A_WHILE = 60.0  # seconds to wait for a server that says "not now"
A_LONG_WHILE = 3600.0  # for one that says "not today"
TODAY = re.compile(r"\b5\.4\.5\b|daily.{0,20}limit|limit.{0,30}exceeded|quota.{0,20}exceeded|too many", re.IGNORECASE)
# RFC 3463: no such mailbox, no such domain, not an address, moved away, no MX, disabled.
NO_MAILBOX = re.compile(r"\b5\.(?:1\.(?:1|2|3|6|10)|2\.1)\b")
ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
NO_STATUS = "5.0.0"  # says nothing
# What is no matter of this mail, though it is said of a recipient or of the whole mail (Postfix, Microsoft).
NOT_OF_THIS_ACCOUNT = re.compile(
    r"sender address rejected: not (?:owned by|logged in)|not have permissions to send as", re.IGNORECASE
)
NOT_PASSED_ON = re.compile(r"^\d{3}(?: [245]\.\d+\.\d+)?(?: <\S*>:)? relay(?:ing)? (?:access )?denied", re.IGNORECASE)
NO_MAILBOX_WORDS = re.compile(
    r"(?:user|mailbox|recipient|account|address).{0,40}(?:unknown|not found|not exist|doesn'?t exist|disabled|inactive)"
    r"|(?:unknown|no such|invalid|inactive) (?:user|mailbox|recipient|account)",
    re.IGNORECASE,
)


def bounced(words: str) -> bool:
    """Whether a refusal says that nobody has this address, rather than that it does not like us or the mail."""
    if said := [status for status in ENHANCED.findall(words) if status != NO_STATUS]:
        return any(NO_MAILBOX.fullmatch(status) for status in said)
    return bool(NO_MAILBOX_WORDS.search(words))


async def submit(server: Server, login: Login, sender: str, recipient: str, mail: bytes) -> None:
    """Hands over one mail for one recipient. Raises ChannelError: UNKNOWN only from the moment its text is on its way
    and no answer came."""
    async with _signed_in(server, login) as client:
        try:
            await client.mail(sender, options=[f"SIZE={len(mail)}"] if client.supports_extension("size") else None)
        except aiosmtplib.SMTPResponseException as error:
            raise _sender_refused(server, error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise servers.unreachable(server) from error
        try:
            await client.rcpt(recipient)
        except aiosmtplib.SMTPResponseException as error:
            raise _refused(server, error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise servers.unreachable(server) from error
        try:
            await client.data(mail)
        except aiosmtplib.SMTPResponseException as error:
            if 200 <= error.code < 300:  # taken, in other words than usual
                return
            if not 400 <= error.code < 600:  # no answer to what we asked: it may have the email
                reason = f"{server.host} did not say clearly whether it has the email. {_words(error)}"
                raise ChannelError(reason[:500], Kind.UNKNOWN, code="unclear") from error
            raise _refused(server, error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            reason = f"The connection to {server.host} broke before it said that it has the email."
            raise ChannelError(reason, Kind.UNKNOWN, code="broken") from error


async def check(server: Server, login: Login) -> None:
    """Whether it lets us in. Raises ChannelError."""
    async with _signed_in(server, login):
        pass


class _Client(aiosmtplib.SMTP):
    def close(self) -> None:
        """Nothing more is said, and nobody's goodbye waited for; it is also called after a 421 and a QUIT."""
        if self.transport:
            cast(asyncio.Transport, self.transport).abort()
        super().close()


@asynccontextmanager
async def _signed_in(server: Server, login: Login) -> AsyncIterator[aiosmtplib.SMTP]:
    line = await servers.dial(server)
    client = _Client(
        hostname=server.host,
        sock=line,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        tls_context=servers.context() if server.security != "none" else None,
        timeout=TIMEOUT,
        local_hostname="[127.0.0.1]",  # what we are called is nobody's business, and looking it up can take seconds
    )
    try:
        try:
            await client.connect(timeout=servers.GREETING)
            await _sign_in(client, login)
        except aiosmtplib.SMTPAuthenticationError as error:
            raise _not_let_in(server, error) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _not_now(server, error) from error
        except aiosmtplib.SMTPNotSupported as error:
            reason = f"{server.host} does not offer this way to sign in. Check its port and its security."
            raise ChannelError(reason, Kind.CONNECTION_BROKEN, code="sign_in") from error
        except ssl.SSLError as error:
            raise servers.unsafe(server, error) from error
        except aiosmtplib.SMTPTimeoutError as error:
            raise servers.silent(server) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            if isinstance(error.__cause__, ssl.SSLError):
                raise servers.unsafe(server, error.__cause__) from error
            raise servers.unreachable(server) from error
        yield client
        with suppress(aiosmtplib.SMTPException, OSError):
            async with asyncio.timeout(2):
                await client.quit()
    finally:
        client.close()
        await asyncio.sleep(0)  # in which the line is closed


async def _sign_in(client: aiosmtplib.SMTP, login: Login) -> None:
    if login.token:
        await client.auth_xoauth2(login.username, login.token)
    elif login.password:
        await client.login(login.username, login.password)


def _not_let_in(server: Server, error: aiosmtplib.SMTPResponseException) -> ChannelError:
    if 400 <= error.code < 500:
        return _not_now(server, error)
    said = _words(error)
    return ChannelError(
        f"{server.host} refused the user name or the password. {said}", Kind.CONNECTION_BROKEN, code=str(error.code)
    )


def _not_now(server: Server, error: aiosmtplib.SMTPResponseException) -> ChannelError:
    """An answer to anything before the mail itself: nothing was sent."""
    if error.code in NO_AUTH:
        return _not_let_in(server, error)
    if error.code < 0:  # no answer of an SMTP server's
        reason = f"{server.host} speaks no SMTP on port {server.port}. Check the port. Nothing was sent."
        return ChannelError(reason, Kind.NEVER_CONNECTED, code="no_smtp")
    wait = A_LONG_WHILE if error.code >= 500 else A_WHILE
    return ChannelError(
        f"{server.host} takes no mail now: {_words(error)}", Kind.THROTTLED, retry_after=wait, code=str(error.code)
    )


def _sender_refused(server: Server, error: aiosmtplib.SMTPResponseException) -> ChannelError:
    if error.code < 500 or error.code in NO_AUTH or TODAY.search(error.message):
        return _not_now(server, error)
    if error.code == 552:  # larger than it takes
        return _refused(server, error)
    return _not_of_this_account(server, error)


def _not_of_this_account(server: Server, error: aiosmtplib.SMTPResponseException) -> ChannelError:
    reason = f"{server.host} does not let this account send from your address. {_words(error)}"
    return ChannelError(reason, Kind.CONNECTION_BROKEN, code=str(error.code))


def _refused(server: Server, error: aiosmtplib.SMTPResponseException) -> ChannelError:
    """It did not take this mail for this recipient, or says only now that it takes none of ours."""
    said, code = _words(error), str(error.code)
    if NOT_OF_THIS_ACCOUNT.search(said):
        return _not_of_this_account(server, error)
    if NOT_PASSED_ON.search(said):
        reason = f"{server.host} passes on no emails of this account. Check how it is signed in. {said}"
        return ChannelError(reason, Kind.CONNECTION_BROKEN, code=code)
    if error.code == 421 or TODAY.search(said):
        wait = A_WHILE if error.code < 500 else A_LONG_WHILE
        return ChannelError(said, Kind.THROTTLED, retry_after=wait, code=code)
    if error.code < 500:  # of this recipient alone: tried again a few times, and nobody else waits for it
        return ChannelError(said, Kind.NEVER_CONNECTED, code=code)
    tells: Tells = "bounced" if bounced(said) else ""
    return ChannelError(said, Kind.PERMANENT, code=code, tells=tells)


def _words(error: aiosmtplib.SMTPResponseException) -> str:
    """In the server's words, on one line."""
    return f"{error.code} {' '.join(error.message.split())}"[:500]

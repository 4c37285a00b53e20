"""A real mail server of the tests' own: Dovecot's IMAP and its SMTP submission, in a temporary directory, on loopback
ports, as an ordinary user. What is submitted it relays, as it would to the world, to a listener of ours that keeps it.

Postfix, Exim and OpenSMTPD start as root alone and replace one another on a machine; Dovecot does neither."""

import asyncio
import grp
import os
import pwd
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests import children

PASSWORD = "an app password"
LOGIN = "sales@lots.example"
SECONDS = 30  # to start; it takes a few tenths
PROGRAMS = "/usr/sbin:/usr/local/sbin:/usr/bin"
NEEDED = ("imap", "submission")  # of Dovecot's own programs

SETTINGS = """
protocols = imap submission
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{home}/mail
hostname = localhost
ssl = yes
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_failure_delay = 0
auth_cache_size = 0
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
submission_relay_trusted = no
submission_max_mail_size = 1M
mailbox_idle_check_interval = 1s
mailbox_list_index = no
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service submission-login {{
  chroot =
  inet_listener submission {{
    port = {submission}
  }}
}}
service stats {{
  chroot =
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/home
}}
"""


class Missing(Exception):
    """Dovecot is not installed; the sentence says what to do."""


@dataclass
class MailServer:
    imap: int  # STARTTLS
    imaps: int  # TLS
    submission: int  # STARTTLS
    mail: Path  # its INBOX, a Maildir
    cert: Path
    relayed: list[tuple[str, str, bytes]] = field(default_factory=list)  # sender, recipient, mail
    refuses: dict[str, str] = field(default_factory=dict)  # recipient -> the answer of the world
    _owner: tuple[int, int] = (0, 0)
    _delivered: int = 0

    def deliver(self, mail: bytes, folder: str = "") -> None:
        """Puts a mail into the mailbox, as a delivery agent does."""
        self._delivered += 1
        inside = self.mail / f".{folder}" if folder else self.mail
        for each in ("tmp", "new", "cur"):
            (inside / each).mkdir(parents=True, exist_ok=True)
            os.chown(inside / each, *self._owner)
        for made in (self.mail, inside):
            os.chown(made, *self._owner)
        name = f"{int(time.time())}.M{time.monotonic_ns()}P{os.getpid()}Q{self._delivered}.localhost"
        (inside / "tmp" / name).write_bytes(mail)
        os.chown(inside / "tmp" / name, *self._owner)
        os.rename(inside / "tmp" / name, inside / "new" / name)
        # Dovecot looks at the second of the last change: two in one second would be one.
        changed = time.time() + self._delivered
        os.utime(inside / "new", (changed, changed))

    def empty(self) -> None:
        """Makes the mailbox anew, with another UIDVALIDITY in time."""
        shutil.rmtree(self.mail, ignore_errors=True)
        self.relayed.clear()
        self.refuses.clear()

    def fields(self, **changes: str) -> dict[str, str]:
        """What connecting to it takes."""
        return {
            "from_email": LOGIN,
            "from_name": "Harbor Motors",
            "smtp_host": "localhost",
            "smtp_port": str(self.submission),
            "smtp_security": "starttls",
            "imap_host": "localhost",
            "imap_port": str(self.imaps),
            "imap_security": "tls",
            "password": PASSWORD,
            "own_network": "true",
            **changes,
        }


@contextmanager
def running() -> Iterator[MailServer]:
    program, inside = shutil.which("dovecot", path=PROGRAMS), Path("/usr/lib/dovecot")
    if not program or not all((inside / each).exists() for each in NEEDED):
        raise Missing(
            "Dovecot is not installed, and email is tested against it. "
            "Run “apt-get install dovecot-imapd dovecot-submissiond”."
        )
    home = Path(tempfile.mkdtemp(prefix="lotwire-mail-", dir="/tmp"))  # short: a socket's path has at most 107 bytes
    owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    with _World() as world:
        server = MailServer(*(children.free_port() for _ in range(3)), home / "mail", home / "cert.pem")
        server._owner = (owner.pw_uid, owner.pw_gid)
        world.server = server
        _certify(home)
        (home / "users").write_text(f"{LOGIN}:{PASSWORD}::::::\n")
        (home / "home").mkdir()
        settings = SETTINGS.format(
            home=home,
            user=owner.pw_name,
            group=grp.getgrgid(owner.pw_gid).gr_name,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            relay=world.port,
            imap=server.imap,
            imaps=server.imaps,
            submission=server.submission,
        )
        (home / "dovecot.conf").write_text(settings)
        who: dict[str, Any] = {}
        if os.geteuid() == 0:
            who = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
            for path in (home, *home.rglob("*")):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        log = home / "output"
        process = children.spawn([program, "-F", "-c", home / "dovecot.conf"], log=log, cwd=home, **who)
        try:
            deadline = time.monotonic() + SECONDS
            while not all(map(_listens, (server.imap, server.imaps, server.submission))):
                if process.poll() is not None or time.monotonic() > deadline:
                    said = [each.read_text() for each in (log, home / "log") if each.exists()]
                    raise RuntimeError("Dovecot did not start:\n" + "\n".join(said))
                time.sleep(0.02)
            yield server
        finally:
            children.end(process)
            shutil.rmtree(home, ignore_errors=True)


class _World:
    """Where the server relays to: takes everything, but for whom it `refuses`."""

    server: MailServer

    def __enter__(self) -> "_World":
        self._loop = asyncio.new_event_loop()
        self._listening = self._loop.run_until_complete(
            asyncio.start_server(self._talk, "127.0.0.1", 0, limit=4_000_000)
        )
        self.port = self._listening.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        async def leave() -> None:
            self._listening.close()
            others = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
            for each in others:
                each.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(leave(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender = recipient = ""

        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        try:
            say("220 the world")
            while line := (await reader.readline()).decode().strip():
                word = line.upper()
                if word.startswith("EHLO"):
                    say("250-the world\r\n250 8BITMIME")
                elif word.startswith("MAIL"):
                    sender = line.partition("<")[2].partition(">")[0]
                    say("250 2.1.0 Ok")
                elif word.startswith("RCPT"):
                    recipient = line.partition("<")[2].partition(">")[0]
                    say(self.server.refuses.get(recipient, "250 2.1.5 Ok"))
                elif word.startswith("DATA"):
                    say("354 Go on")
                    await writer.drain()
                    mail = await reader.readuntil(b"\r\n.\r\n")
                    self.server.relayed.append((sender, recipient, mail[:-3].replace(b"\r\n..", b"\r\n.")))
                    say("250 2.0.0 Ok: queued")
                elif word.startswith("QUIT"):
                    say("221 Bye")
                    await writer.drain()
                    break
                else:
                    say("250 2.0.0 Ok")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def _certify(home: Path) -> None:
    """A certificate for localhost that proves itself: whoever shall trust it is told so."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(secret, hashes.SHA256())
    )
    (home / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (home / "key.pem").write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True

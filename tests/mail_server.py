"""A real mail server of the tests' own, in a temporary directory and on loopback ports: Postfix takes what is sent and
what comes in, Dovecot serves the mailbox and knows who may sign in. What goes to others Postfix relays to `world`."""

import contextlib
import grp
import os
import pwd
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests import children, postfix
from tests.mail_world import World

PASSWORD = "an app password"
LOGIN = "sales@lots.example"
QUEUES = ("incoming", "active", "deferred")  # of Postfix
SECONDS = 30  # to start; it takes a few tenths
AUTH = "run/auth-smtp"  # whom Postfix asks who may sign in
PROGRAMS = "/usr/sbin:/usr/local/sbin:/usr/bin"
IMAP = Path("/usr/lib/dovecot/imap")  # one of Dovecot's programs that a package of its own brings

SETTINGS = """
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
hostname = localhost
ssl = yes
auth_mechanisms = plain login
auth_failure_delay = 0
auth_cache_size = 0
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
service auth {{
  unix_listener auth-smtp {{
    mode = 0666
  }}
}}
service stats {{
  chroot =
}}
"""
# What Dovecot 2.4 (Debian 13) says in other words than 2.3 (Debian 12), and how it begins.
BEGINS_24 = "dovecot_config_version = {version}\ndovecot_storage_version = {version}\n"
IN_24 = """
mail_driver = maildir
mail_path = {home}/mail
ssl_server_cert_file = {home}/cert.pem
ssl_server_key_file = {home}/cert.key
auth_allow_cleartext = no
passdb passwd-file {{
  passwd_file_path = {home}/users
  default_password_scheme = PLAIN
}}
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
    home = {home}/home
  }}
}}
"""
IN_23 = """
mail_location = maildir:{home}/mail
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/cert.key
disable_plaintext_auth = yes
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
    starttls: int  # SMTP for who signs in
    tls: int  # the same
    expired: int  # the same by STARTTLS, with a certificate that was good until yesterday
    incoming: int  # SMTP for the world
    home: Path
    world: World
    _owner: tuple[int, int]
    _keeper: "subprocess.Popen[bytes] | None" = None  # of Postfix
    _delivered: int = 0

    @property
    def mail(self) -> Path:
        """Its INBOX, a Maildir."""
        return self.home / "mail"

    @property
    def cert(self) -> Path:
        """Whom to trust."""
        return self.home / "trusted.pem"

    def receive(self, mail: bytes, to: str, sender: str = "") -> None:
        """Takes a mail from the world; a machine's has no sender."""
        with smtplib.SMTP("127.0.0.1", self.incoming, "mail.example", timeout=SECONDS) as line:
            line.sendmail(sender, to, mail)

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
        """Makes the mailbox anew, with another UIDVALIDITY in time, once nothing is on its way any more."""
        self.world.refuses.clear()
        deadline = time.monotonic() + SECONDS
        while self.on_the_way:
            if time.monotonic() > deadline:
                raise RuntimeError(f"Postfix keeps its mail:\n{self.log}")
            time.sleep(0.02)
        shutil.rmtree(self.mail, ignore_errors=True)
        self.world.clear()

    def give_up(self) -> None:
        """Postfix tries no more what the world did not take yet, as after five days."""
        assert self._keeper is not None
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(b"!")
        self._keeper.stdin.flush()

    @property
    def on_the_way(self) -> bool:
        """Whether Postfix has mail that it delivered to nobody yet."""
        queue = self.home / "postfix" / "queue"
        return any(each.is_file() for name in QUEUES for each in (queue / name).rglob("*"))

    @property
    def log(self) -> str:
        logs = (self.home / each for each in ("output", "log", "postfix/output", "postfix/log"))
        return "\n".join(each.read_text() for each in logs if each.exists())

    def fields(self, **changes: str) -> dict[str, str]:
        """What connecting to it takes."""
        return {
            "from_email": LOGIN,
            "from_name": "Harbor Motors",
            "smtp_host": "localhost",
            "smtp_port": str(self.starttls),
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
    home = Path(tempfile.mkdtemp(prefix="lotwire-mail-", dir="/tmp"))  # short: a socket's path has at most 107 bytes
    home.chmod(0o711)  # the one asks the other who may sign in
    owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    try:
        with World() as world:
            ports = [children.free_port() for _ in range(6)]
            server = MailServer(*ports, home, world, (owner.pw_uid, owner.pw_gid))
            trusted = _certify(home, "cert", days=30) + _certify(home, "expired", days=-1)
            server.cert.write_bytes(trusted)
            with _dovecot(server, owner) as dovecot, _postfix(server) as keeper:
                server._keeper = keeper
                _wait(server, dovecot, keeper)
                yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _dovecot(server: MailServer, owner: pwd.struct_passwd) -> Iterator["subprocess.Popen[bytes]"]:
    program, home = shutil.which("dovecot", path=PROGRAMS), server.home
    if not program or not IMAP.exists():
        raise Missing("Dovecot is not installed, and email is tested against it. Run “apt-get install dovecot-imapd”.")
    (home / "users").write_text(f"{LOGIN}:{PASSWORD}::::::\n")
    (home / "home").mkdir()
    settings = _settings_for(program).format(
        home=home,
        user=owner.pw_name,
        group=grp.getgrgid(owner.pw_gid).gr_name,
        uid=owner.pw_uid,
        gid=owner.pw_gid,
        imap=server.imap,
        imaps=server.imaps,
    )
    (home / "dovecot.conf").write_text(settings)
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        who = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        for path in (home, *home.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    process = children.spawn([program, "-F", "-c", home / "dovecot.conf"], log=home / "output", cwd=home, **who)
    try:
        yield process
    finally:
        children.end(process)


def _settings_for(program: str) -> str:
    """In the words of the Dovecot that is here."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=SECONDS, check=True).stdout
    version = said.split()[0].partition("-")[0]
    if tuple(map(int, version.split(".")[:2])) >= (2, 4):
        return BEGINS_24.format(version=version) + SETTINGS + IN_24
    return SETTINGS + IN_23


def _postfix(server: MailServer) -> contextlib.AbstractContextManager["subprocess.Popen[bytes]"]:
    uid, gid = server._owner
    ports = {"starttls": server.starttls, "tls": server.tls, "expired": server.expired, "incoming": server.incoming}
    world = {"world": server.world.port, "policy": server.world.policy_port}
    mailbox = {"login": LOGIN, "mailbox": server.mail.name, "uid": uid, "gid": gid, "auth": server.home / AUTH}
    return postfix.running(server.home, ports | world | mailbox)


def _wait(server: MailServer, *processes: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + SECONDS
    for port in (server.starttls, server.imap):  # each process opens its ports in one go
        while not _listens(port):
            if any(each.poll() is not None for each in processes) or time.monotonic() > deadline:
                raise RuntimeError(f"The mail server did not start:\n{server.log}")
            time.sleep(0.02)


def _certify(home: Path, called: str, days: int) -> bytes:
    """A certificate for localhost that proves itself and is good for some days: whoever shall trust it is told so."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(secret, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    (home / f"{called}.pem").write_bytes(certificate)
    (home / f"{called}.key").write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True

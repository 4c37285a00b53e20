"""The environment, read once into a frozen Settings: the only os.environ in the house."""

import hashlib
import ipaddress
import os
import re
import secrets
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

os.environ.setdefault("PICCOLO_CONF", "domain.piccolo_conf")  # Piccolo looks this up on import

ROOT = Path(__file__).resolve().parent.parent
SHORTEST_KEY = 32  # characters
MAX_SOCKET_PATH = 100  # bytes; the systems stop at 104 (macOS) and 108 (Linux)


class WrongSetting(SystemExit):
    """A value of the environment that stops the start, with a sentence that names it."""


@dataclass(frozen=True)
class Bucket:
    """Where attachments lie in a store that speaks S3. Secrets are left out of repr()."""

    name: str
    prefix: str  # before every key, without slashes at its ends; empty: none
    endpoint: str  # http(s)://host[:port]
    region: str
    key: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """Where Lotwire keeps things and whom it talks to. Secrets are left out of repr()."""

    data_dir: Path
    database_url: str
    redis_url: str  # empty: the embedded Valkey of the data directory
    smtp_url: str = field(repr=False)
    mail_from: str
    public_url: str  # empty: not known to the outside world
    secret_key: bytes = field(repr=False)
    old_secret_key: bytes = field(repr=False)  # the one before, which still opens what was sealed; empty: none
    bucket: Bucket | None  # None: attachments lie in the data directory
    clamd: str  # tcp://host:port or unix:///path; empty: uploads are not scanned
    trusted_proxies: str
    form_networks: str  # networks of the owner's own in which contact forms may be posted; empty: none
    log: str  # console | json
    clock_offset: float  # seconds, tests only
    test: bool

    @property
    def secure(self) -> bool:
        """True when people reach Lotwire by https, so cookies may be Secure."""
        return self.public_url.startswith("https://")

    @property
    def sqlite_path(self) -> Path | None:
        """The SQLite file, or None on PostgreSQL."""
        if not self.database_url.startswith("sqlite:"):
            return None
        return Path(self.database_url.removeprefix("sqlite:///"))

    @property
    def valkey_dir(self) -> Path:
        """What the embedded Valkey keeps."""
        return self.data_dir / "valkey"

    @property
    def valkey_socket(self) -> Path:
        """Where the embedded Valkey listens: in its directory, unless the path is too long for a socket or cannot stand
        in a URL. Then it is a short one made from it, the same for every process of this user and data directory."""
        path = self.valkey_dir / "v.sock"
        if len(os.fsencode(path)) <= MAX_SOCKET_PATH and not set(str(path)) & set("%?#"):
            return path
        name = f"lotwire-{os.getuid()}-{hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:12]}"
        return Path("/tmp") / name / "v.sock"  # noqa: S108 - the directory is checked to be ours, see workers/valkey.py

    @property
    def queue_url(self) -> str:
        """The Redis or Valkey that wakes the workers."""
        return self.redis_url or f"unix://{self.valkey_socket}"


def read(environ: dict[str, str]) -> Settings:
    """Settings from the environment. Raises WrongSetting with a sentence that names the variable."""
    data_dir = Path(environ.get("LOTWIRE_DATA_DIR") or ROOT / "var").expanduser().absolute()
    test = environ.get("LOTWIRE_TEST") == "1"
    return Settings(
        data_dir=data_dir,
        database_url=_database_url(environ.get("LOTWIRE_DATABASE_URL", ""), data_dir),
        redis_url=_url(environ, "LOTWIRE_REDIS_URL", ("redis", "rediss", "unix", "valkey")),
        smtp_url=_url(environ, "LOTWIRE_SMTP_URL", ("smtp", "smtps", "smtp+starttls")),
        mail_from=_mail_from(environ.get("LOTWIRE_MAIL_FROM", "")),
        public_url=_public_url(environ),
        secret_key=_secret_key(environ.get("LOTWIRE_SECRET_KEY", ""), data_dir),
        old_secret_key=environ.get("LOTWIRE_OLD_SECRET_KEY", "").strip().encode(),
        bucket=_bucket(environ),
        clamd=_clamd(environ.get("LOTWIRE_CLAMD", "")),
        trusted_proxies=_networks(environ, "LOTWIRE_TRUSTED_PROXIES"),
        form_networks=_networks(environ, "LOTWIRE_FORM_NETWORKS"),
        log=_one_of(environ, "LOTWIRE_LOG", ("console", "json")),
        clock_offset=_clock(environ.get("LOTWIRE_CLOCK", ""), test),
        test=test,
    )


@cache
def settings() -> Settings:
    """The settings of this process."""
    return read(dict(os.environ))


def environ_for_child(**changes: str) -> dict[str, str]:
    """The environment for a child process, with these variables set."""
    return {**os.environ, **changes}


def _database_url(url: str, data_dir: Path) -> str:
    if not url:
        return f"sqlite:///{data_dir / 'lotwire.sqlite3'}"
    if url.startswith(("sqlite:////", "postgresql://", "postgres://")):
        return url
    raise WrongSetting(
        f"LOTWIRE_DATABASE_URL is {_shown(url)}: it must be sqlite:////absolute/path "
        "or postgresql://user:password@host/database."
    )


def _url(environ: dict[str, str], name: str, schemes: tuple[str, ...]) -> str:
    url = environ.get(name, "")
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme not in schemes or not (parts.netloc or parts.scheme == "unix"):
        raise WrongSetting(f"{name} is {_shown(url)}: it must start with {' or '.join(s + '://' for s in schemes)}.")
    return url.replace("valkey://", "redis://", 1)


def _public_url(environ: dict[str, str]) -> str:
    url = _url(environ, "LOTWIRE_PUBLIC_URL", ("http", "https")).rstrip("/")
    parts = urlsplit(url)
    if parts.path or "?" in url or "#" in url or parts.username is not None:
        raise WrongSetting(
            f"LOTWIRE_PUBLIC_URL is {_shown(url)}: it must be an address of its own without a path, "
            "such as https://lotwire.example.com."
        )
    return url


def _bucket(environ: dict[str, str]) -> Bucket | None:
    """LOTWIRE_FILES_URL with its key and secret. The name of a bucket may have upper case letters and underscores,
    which stores other than Amazon's allow."""
    url, key, secret = (environ.get(f"LOTWIRE_FILES_{name}", "") for name in ("URL", "KEY", "SECRET"))
    for name, value in (("LOTWIRE_FILES_KEY", key), ("LOTWIRE_FILES_SECRET", secret)):
        if bool(url) != bool(value):
            raise WrongSetting(
                f"{name} is {'empty' if url else 'set without LOTWIRE_FILES_URL'}: set all three or none."
            )
    if not url:
        return None
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        region = options.pop("region", "us-east-1")
        endpoint = urlsplit(options.pop("endpoint", f"https://s3.{region}.amazonaws.com"))
        right = (
            parts.scheme == "s3"
            and re.fullmatch(r"[A-Za-z0-9][\w.-]{2,62}", parts.netloc, re.ASCII)
            and re.fullmatch(r"(/[\w-][\w.-]*)*/?", parts.path, re.ASCII)
            and re.fullmatch(r"[\w-]+", region, re.ASCII)
            and endpoint.scheme in ("http", "https")
            and endpoint.hostname
            and endpoint.port != 0
            and "@" not in endpoint.netloc
            and not (endpoint.path.strip("/") or endpoint.query or endpoint.fragment or parts.fragment or options)
        )
    except ValueError:
        right = False
    if not right:
        raise WrongSetting(
            f"LOTWIRE_FILES_URL is {_shown(url)}: it must look like "
            "s3://bucket/prefix?endpoint=https://s3.example.com&region=us-east-1. Prefix, endpoint and region may be "
            "left out; what opens the bucket goes into LOTWIRE_FILES_KEY and LOTWIRE_FILES_SECRET."
        )
    return Bucket(parts.netloc, parts.path.strip("/"), f"{endpoint.scheme}://{endpoint.netloc}", region, key, secret)


def _clamd(url: str) -> str:
    parts = urlsplit(url)
    try:
        tcp = parts.scheme == "tcp" and parts.hostname and parts.port and not parts.path.strip("/")
    except ValueError:  # a port that is none
        tcp = False
    if url and not tcp and not (parts.scheme == "unix" and not parts.netloc and len(parts.path) > 1):
        raise WrongSetting(f"LOTWIRE_CLAMD is {_shown(url)}: it must be tcp://host:port or unix:///path/to/the/socket.")
    return url


def _mail_from(address: str) -> str:
    if address and "@" not in address.strip("@"):
        raise WrongSetting(f"LOTWIRE_MAIL_FROM is “{address}”: it must be an email address.")
    return address


def _networks(environ: dict[str, str], name: str) -> str:
    networks = environ.get(name, "")
    for item in networks.replace(",", " ").split():
        try:
            ipaddress.ip_network(item, strict=False)
        except ValueError:
            raise WrongSetting(
                f"{name} names “{item}”: it must be an address or a network, such as 10.0.0.0/8."
            ) from None
    return networks


def _one_of(environ: dict[str, str], name: str, values: tuple[str, ...]) -> str:
    value = environ.get(name) or values[0]
    if value not in values:
        raise WrongSetting(f"{name} is “{value}”: it must be {' or '.join(values)}.")
    return value


def _clock(offset: str, test: bool) -> float:
    if not offset:
        return 0.0
    if not test:
        raise WrongSetting("LOTWIRE_CLOCK moves the clock and is refused unless LOTWIRE_TEST=1.")
    try:
        return float(offset)
    except ValueError:
        raise WrongSetting(f"LOTWIRE_CLOCK is “{offset}”: it must be a number of seconds.") from None


def _secret_key(given: str, data_dir: Path) -> bytes:
    """LOTWIRE_SECRET_KEY, or the key kept in the data directory, made on first use with mode 0600."""
    if given:
        if len(given) < SHORTEST_KEY:
            raise WrongSetting(f"LOTWIRE_SECRET_KEY is too short: give at least {SHORTEST_KEY} characters.")
        return given.encode()
    path = data_dir / "secret-key"
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            # Written aside and linked into place: of two processes that start at once, one key wins whole.
            new = data_dir / f"secret-key.{os.getpid()}"
            new.touch(mode=0o600)
            new.write_text(secrets.token_hex(32))
            try:
                os.link(new, path)
            except FileExistsError:
                pass
            finally:
                new.unlink()
        key = path.read_bytes().strip()
    except OSError as error:
        raise WrongSetting(
            f"LOTWIRE_DATA_DIR {data_dir} cannot be used: {error.strerror}. Choose a directory this user may write to."
        ) from None
    if len(key) < SHORTEST_KEY or not key.isascii():
        raise WrongSetting(
            f"{path} is damaged. Put it back from a backup: stored credentials cannot be read without it. "
            "If there is none, remove it, start again and connect your providers anew."
        )
    return key


def _shown(url: str) -> str:
    """The URL without its password or that of a URL inside it, for an error message."""
    parts = urlsplit(url)
    if parts.password:
        url = url.replace(f":{parts.password}@", ":…@")
    return f"“{re.sub(r':[^:@/]+@', ':…@', url)}”"

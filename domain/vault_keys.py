"""The keys that seal credentials: one made from LOTWIRE_SECRET_KEY, and before it those that were made by rotating.

They lie in the file `vault-keys` of the data directory, each sealed itself with a key made from LOTWIRE_SECRET_KEY, the
newest first. It is looked at each time, so that every process seals with a new one at once and opens with all.
"""

import base64
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from domain.errors import Unavailable
from domain.settings import settings

NAME = "vault-keys"


def path() -> Path:
    return settings().data_dir / NAME


def every() -> list[Fernet]:
    """The newest first. Raises Unavailable when the file cannot be opened."""
    return [*_rotated(), *_made("vault:")]


@contextmanager
def alone() -> Iterator[None]:
    """Only one at a time makes and forgets keys. Raises Unavailable while somebody else is at it."""
    with open(path().with_name(f"{NAME}.lock"), "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable("Somebody rotates the key just now. Look again in a minute.") from None
        yield


def add() -> None:
    """Makes another key, which seals from now on; those before go on opening. Once it returns it is on the disk."""
    _write([Fernet.generate_key(), *_opened(_read())])


def keep_newest() -> int:
    """Forgets the keys before the newest, which nothing is sealed with any more; how many. The newest is sealed with
    the LOTWIRE_SECRET_KEY of now."""
    keys = _opened(_read())
    if keys:
        _write(keys[:1])
    return max(len(keys) - 1, 0)


def _rotated() -> list[Fernet]:
    return list(_fernets(_read(), settings().secret_key, settings().old_secret_key))


@cache
def _fernets(written: str, *_: bytes) -> tuple[Fernet, ...]:
    return tuple(Fernet(key) for key in _opened(written))


def _read() -> str:
    try:
        return path().read_text("ascii")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise Unavailable(f"{path()} cannot be read. Put it back from a backup.") from error


def _opened(written: str) -> list[bytes]:
    found = []
    for line in written.split():
        for wrapping in _made("vault-keys:"):
            try:
                found.append(wrapping.decrypt(line))
                break
            except InvalidToken:
                continue
        else:
            raise Unavailable(
                f"{path()} was sealed with another secret key. Restore LOTWIRE_SECRET_KEY, or name the one before in "
                "LOTWIRE_OLD_SECRET_KEY."
            )
    return found


def _write(keys: list[bytes]) -> None:
    """Whole or not at all, and for its owner alone."""
    wrapping = _made("vault-keys:")[0]
    handle, aside = tempfile.mkstemp(prefix=f"{NAME}.", dir=path().parent)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write("".join(f"{wrapping.encrypt(key).decode()}\n" for key in keys))
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path())
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def _made(purpose: str) -> list[Fernet]:
    """From the secret key of now, and the one before where it is named."""
    return [_fernet(purpose.encode(), key) for key in (settings().secret_key, settings().old_secret_key) if key]


@cache
def _fernet(purpose: bytes, key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(purpose + key).digest()))

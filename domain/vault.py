"""Credentials at rest: sealed with the newest key of the vault, opened with any of them, only where they are used."""

from cryptography.fernet import InvalidToken, MultiFernet

from domain import vault_keys
from domain.errors import Unavailable


def seal(secret: str) -> str:
    """The secret as it may lie in a database. An empty one stays empty."""
    return _keys().encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str:
    """The secret itself. Raises Unavailable when it was sealed with another key."""
    if not sealed:
        return ""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unavailable(
            "A stored credential was sealed with another secret key. Restore LOTWIRE_SECRET_KEY or connect again."
        ) from None


def resealed(sealed: str) -> str:
    """The same under the newest key; itself where it is sealed with that already, or is empty. Raises Unavailable."""
    if not sealed:
        return ""
    try:
        vault_keys.every()[0].decrypt(sealed.encode())
    except InvalidToken:
        return seal(unseal(sealed))
    return sealed


def _keys() -> MultiFernet:
    return MultiFernet(vault_keys.every())

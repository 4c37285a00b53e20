"""Credentials at rest: sealed with a key made from LOTWIRE_SECRET_KEY, opened only where they are used."""

import base64
import hashlib
from functools import cache

from cryptography.fernet import Fernet, InvalidToken

from domain.errors import Unavailable
from domain.settings import settings


def seal(secret: str) -> str:
    """The secret as it may lie in a database. An empty one stays empty."""
    return _fernet(settings().secret_key).encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str:
    """The secret itself. Raises Unavailable when it was sealed with another key."""
    if not sealed:
        return ""
    try:
        return _fernet(settings().secret_key).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unavailable(
            "A stored credential was sealed with another secret key. Restore LOTWIRE_SECRET_KEY or connect again."
        ) from None


@cache
def _fernet(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"vault:" + key).digest()))

"""Passwords: what is accepted, and how they are kept (Argon2id, in threads of their own)."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.errors import Refused

LEAST, MOST = 12, 200

# The OWASP Password Storage Cheat Sheet's first choice: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

# Two at a time: a burst of sign-ins waits its turn instead of taking all memory and every core.
_POOL = ThreadPoolExecutor(max_workers=2, thread_name_prefix="passwords")


def check(password: str, *known: str, field: str = "password") -> None:
    """Raises Refused for a password that is too short, too long, or one of the `known` words (email, name)."""
    if len(password) < LEAST:
        raise Refused(f"This password is too short. Give at least {LEAST} characters.", field=field)
    if len(password) > MOST:
        raise Refused(f"This password is too long. Give at most {MOST} characters.", field=field)
    if len(set(password)) < 4 or password.casefold() in {word.casefold() for word in known}:
        raise Refused("This password is easy to guess. Choose another one, such as four unrelated words.", field=field)


async def hashed(password: str) -> str:
    """The password as it is kept."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, _HASHER.hash, password)


async def matches(kept: str, password: str) -> bool:
    """Whether this is the password. Takes as long for an empty hash (nobody has that email, no password yet)."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, _matches, kept, password[: MOST + 1])


def is_dated(kept: str) -> bool:
    """Whether it was hashed with other parameters than today's, so that it should be hashed anew."""
    return _HASHER.check_needs_rehash(kept)


def _matches(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept or _decoy(), password) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _decoy() -> str:
    return _HASHER.hash("nobody has this password")

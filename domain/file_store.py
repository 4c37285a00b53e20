"""The bytes of attachments by their SHA-256: in the data directory, or in a bucket of a store that speaks S3."""

import asyncio
import errno
import hashlib
import logging
import os
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, S3Store

from domain.errors import Unavailable
from domain.settings import Bucket, Settings, settings

CONNECT_SECONDS = 3.0
REQUEST_SECONDS = 20.0  # one request with its answer
PATIENCE = 30.0  # seconds for all that a caller waits for, retries included
RETRIES = 2  # everything is safe to repeat: a key always holds the same bytes
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}

log = logging.getLogger(__name__)


class Damaged(Unavailable):
    """What the store holds is not what was put there: trying again does not help."""


async def put(sha256: str, data: bytes, *, thumb: bool = False) -> None:
    """Keeps `data` under its SHA-256, whole or not at all; the same bytes again change nothing.

    `sha256` is 64 lower-case hexadecimal digits. With `thumb` it is the small picture beside that file, here and in
    every other verb. Raises Unavailable.
    """
    try:
        async with _reached() as store:
            if isinstance(store, LocalStore):
                await asyncio.to_thread(_write, settings().data_dir / _key(sha256, thumb), data)
            else:
                await store.put_async(_key(sha256, thumb), data, use_multipart=False)  # pieces can stay behind
    except FileNotFoundError as error:
        raise _no_entry(error) from None


async def get(sha256: str, *, thumb: bool = False) -> bytes:
    """What was put there. Raises FileNotFoundError, Damaged when the bytes are others, or Unavailable."""
    async with _reached() as store:
        found = await store.get_async(_key(sha256, thumb))
        data = bytes(await found.bytes_async())
    if not thumb and (await asyncio.to_thread(hashlib.sha256, data)).hexdigest() != sha256:
        log.error("a file is damaged", extra={"sha256": sha256})
        raise Damaged("This file is damaged in the file store. Upload it again.")
    return data


async def delete(sha256: str, *, thumb: bool = False) -> None:
    """Removes the bytes, unless they are gone already. Raises Unavailable."""
    try:
        async with _reached() as store:
            await store.delete_async(_key(sha256, thumb))
    except FileNotFoundError:
        pass


@asynccontextmanager
async def _reached() -> AsyncIterator[LocalStore | S3Store]:
    """The store, asked in time; its faults come out as FileNotFoundError or Unavailable."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield _store(settings())
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise _no_entry(error) from None
        raise
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise _no_entry(error) from None
    except (BaseError, OSError) as error:  # a TimeoutError is an OSError
        _log(error)
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise Unavailable("There is no room left for files. Ask whoever runs Lotwire to make some.") from None
        raise Unavailable("The file store does not answer. Try again in a moment.") from None


def _no_entry(error: Exception) -> Unavailable:
    _log(error)
    return Unavailable(
        "The file store does not let Lotwire in. Ask whoever runs Lotwire to check its bucket, key and rights."
    )


def _log(error: Exception) -> None:
    """The first line only: what follows may quote the request with its signature."""
    first = str(error).partition("\n")[0]
    log.warning("file store: %s", type(error).__name__, extra={"reason": first[:300]})


@lru_cache(maxsize=1)
def _store(of: Settings) -> LocalStore | S3Store:
    if of.bucket:
        return _s3(of.bucket)
    of.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return LocalStore(of.data_dir)


def _s3(bucket: Bucket) -> S3Store:
    """What it opens and as whom is said here in full, because obstore else asks the AWS_… of the environment."""

    def credentials() -> Any:  # obstore's own type is only for type checkers
        return {"access_key_id": bucket.key, "secret_access_key": bucket.secret, "token": None, "expires_at": None}

    return S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        region=bucket.region,
        config={"endpoint": bucket.endpoint, "aws_endpoint_url_s3": bucket.endpoint},  # the second would win
        credential_provider=credentials,
        virtual_hosted_style_request=False,  # MinIO and its like know no other way, Amazon knows both
        skip_signature=False,
        disable_bulk_delete=True,  # not every store has it
        client_options={
            "allow_http": bucket.endpoint.startswith("http:"),
            "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
            "timeout": timedelta(seconds=REQUEST_SECONDS),
        },
        retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=PATIENCE / 3)},
    )


def _key(sha256: str, thumb: bool) -> str:
    """`attachments/ab/abcd…`, the small picture `attachments/ab/abcd….thumb`."""
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise ValueError("A file is named by the 64 lower-case hexadecimal digits of its SHA-256.")
    return f"attachments/{sha256[:2]}/{sha256}{'.thumb' if thumb else ''}"


def _write(path: Path, data: bytes) -> None:
    """Aside, onto the disk, then into place. obstore would rename before the disk has the bytes, so that a power cut
    leaves an empty file under the final name, and others of this machine could read them."""
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(exist_ok=True, mode=0o700)
    file, aside = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")  # for its owner only
    try:
        with os.fdopen(file, "wb") as writing:
            writing.write(data)
            writing.flush()
            os.fsync(file)
        os.replace(aside, path)
    except BaseException:
        os.unlink(aside)
        raise
    folder_file = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder_file)  # the name, too
    finally:
        os.close(folder_file)

"""A file comes back as it went in, from the disk and from a bucket, or a sentence says why it does not."""

import asyncio
import hashlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from aiohttp import web
from moto.server import ThreadedMotoServer

from domain import file_store
from domain.errors import Unavailable
from domain.settings import ROOT, Settings, environ_for_child, settings
from tests.children import free_port
from tests.files import stored

KEY, SECRET = "LOTWIREKEY", "the secret of the bucket"
DATA = b"A picture of a 2019 Honda CR-V."
SHA256 = hashlib.sha256(DATA).hexdigest()
NO_ANSWER = "The file store does not answer. Try again in a moment."
NO_ENTRY = "The file store does not let Lotwire in. Ask whoever runs Lotwire to check its bucket, key and rights."

VERBS: dict[str, Callable[[], Any]] = {
    "put": lambda: file_store.put(SHA256, DATA),
    "get": lambda: file_store.get(SHA256),
    "delete": lambda: file_store.delete(SHA256),
}
every_verb = pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
Configure = Callable[..., Settings]


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The URL of a server that speaks S3."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3: str, data_dir: Path, configure: Configure) -> Any:
    """An empty bucket, which the settings name; boto3's view of it."""
    resource = boto3.resource(
        "s3", endpoint_url=s3, region_name="us-east-1", aws_access_key_id=KEY, aws_secret_access_key=SECRET
    )
    found = resource.create_bucket(Bucket="harbor-files")
    found.objects.delete()
    use(configure, s3, "harbor-files/lotwire/")
    return found


@pytest.fixture(params=["disk", "bucket"])
def place(request: pytest.FixtureRequest, data_dir: Path) -> str:
    """The test runs once for each place."""
    if request.param == "bucket":
        request.getfixturevalue("bucket")
    return str(request.param)


def use(configure: Configure, endpoint: str, bucket: str = "harbor-files") -> None:
    url = f"s3://{bucket}?endpoint={endpoint}&region=eu-central-1"
    configure(LOTWIRE_FILES_URL=url, LOTWIRE_FILES_KEY=KEY, LOTWIRE_FILES_SECRET=SECRET)


@asynccontextmanager
async def site(answer: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    """A server on loopback that answers everything with `answer`; its URL."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def on_disk() -> Path:
    return settings().data_dir / "attachments" / SHA256[:2] / SHA256


async def test_what_was_put_comes_back_until_it_is_deleted(place: str) -> None:
    assert not await stored(SHA256)

    await file_store.put(SHA256, DATA)
    await file_store.put(SHA256, DATA)
    await file_store.put(SHA256, b"small", thumb=True)

    assert await stored(SHA256)
    assert await file_store.get(SHA256) == DATA
    assert await file_store.get(SHA256, thumb=True) == b"small"

    await file_store.delete(SHA256)
    assert not await stored(SHA256)
    assert await stored(SHA256, thumb=True)
    with pytest.raises(FileNotFoundError):
        await file_store.get(SHA256)


async def test_what_is_gone_can_be_deleted_again(place: str) -> None:
    await file_store.delete(SHA256)
    await file_store.put(SHA256, DATA)
    await file_store.delete(SHA256)
    await file_store.delete(SHA256)
    assert not await stored(SHA256)


async def test_a_file_of_many_megabytes_comes_back_whole(place: str) -> None:
    data = os.urandom(12_000_000)
    sha256 = hashlib.sha256(data).hexdigest()
    await file_store.put(sha256, data)
    assert await file_store.get(sha256) == data


async def test_the_same_file_put_by_many_at_once_is_one_file(place: str) -> None:
    await asyncio.gather(*(file_store.put(SHA256, DATA) for _ in range(20)))
    assert await file_store.get(SHA256) == DATA
    if place == "disk":
        assert list(on_disk().parent.iterdir()) == [on_disk()]


@pytest.mark.parametrize("name", ["", "../secret-key", SHA256.upper(), SHA256[:-1], f"{SHA256}\n", f"{SHA256[:-2]}/x"])
@pytest.mark.parametrize("verb", [file_store.get, file_store.delete])
async def test_only_a_sha256_is_a_name(data_dir: Path, verb: Callable[[str], Any], name: str) -> None:
    with pytest.raises(ValueError, match="64 lower-case"):
        await verb(name)


async def test_on_the_disk_only_the_owner_may_look(data_dir: Path) -> None:
    before = os.umask(0)
    try:
        await file_store.put(SHA256, DATA)
    finally:
        os.umask(before)
    modes = {path.relative_to(data_dir).as_posix(): path.stat().st_mode & 0o777 for path in data_dir.rglob("*")}
    assert modes["attachments"] == modes[f"attachments/{SHA256[:2]}"] == 0o700
    assert modes[f"attachments/{SHA256[:2]}/{SHA256}"] == 0o600


async def test_in_the_bucket_a_file_lies_below_the_prefix(bucket: Any) -> None:
    await file_store.put(SHA256, DATA)
    await file_store.put(SHA256, b"small", thumb=True)
    name = f"lotwire/attachments/{SHA256[:2]}/{SHA256}"
    assert [found.key for found in bucket.objects.all()] == [name, f"{name}.thumb"]


async def test_other_settings_are_another_store(bucket: Any, configure: Configure) -> None:
    await file_store.put(SHA256, DATA)
    configure(LOTWIRE_FILES_URL="", LOTWIRE_FILES_KEY="", LOTWIRE_FILES_SECRET="")
    assert not await stored(SHA256)


# Damage


async def test_a_damaged_file_is_never_given_out_and_a_new_upload_mends_it(place: str, request: Any) -> None:
    await file_store.put(SHA256, DATA)
    if place == "disk":
        on_disk().write_bytes(DATA[:-1])
    else:
        request.getfixturevalue("bucket").Object(f"lotwire/attachments/{SHA256[:2]}/{SHA256}").put(Body=DATA[:-1])

    with pytest.raises(file_store.Damaged, match="Upload it again"):
        await file_store.get(SHA256)

    await file_store.put(SHA256, DATA)
    assert await file_store.get(SHA256) == DATA


def test_a_death_while_writing_leaves_nothing_under_the_name(data_dir: Path) -> None:
    """It dies when the bytes are written, and not yet known to be on the disk: the name must not be there."""
    program = f"""
import asyncio, os, signal
from domain import file_store
os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(file_store.put({SHA256!r}, {DATA!r}))
"""
    died = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environ_for_child(PYTHONPATH=str(ROOT)), timeout=60, check=False
    )
    assert died.returncode == -signal.SIGKILL
    assert len(list(on_disk().parent.iterdir())) == 1  # what was written aside
    assert not asyncio.run(stored(SHA256))

    asyncio.run(file_store.put(SHA256, DATA))
    assert asyncio.run(file_store.get(SHA256)) == DATA


async def test_a_full_disk_is_a_sentence_and_leaves_nothing(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="no room left for files"):
        await file_store.put(SHA256, DATA)
    assert list(on_disk().parent.iterdir()) == []


async def test_a_disk_that_cannot_be_written_is_a_sentence(data_dir: Path) -> None:
    (data_dir / "attachments").write_text("a file where the directory should be")
    with pytest.raises(Unavailable):
        await file_store.put(SHA256, DATA)


# A bucket that does not do as it should


@every_verb
async def test_a_server_that_hangs_is_given_up_and_nobody_else_waits(
    data_dir: Path, configure: Configure, monkeypatch: pytest.MonkeyPatch, verb: Callable[[], Any]
) -> None:
    monkeypatch.setattr(file_store, "PATIENCE", 0.5)

    async def hang(request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        raise AssertionError

    async with site(hang) as url:
        use(configure, url)
        started = time.monotonic()
        asking = asyncio.create_task(verb())
        turns = 0
        while not asking.done():
            await asyncio.sleep(0.01)
            turns += 1
        with pytest.raises(Unavailable, match=NO_ANSWER):
            await asking
        assert 0.4 < time.monotonic() - started < 5
    assert turns > 10


@every_verb
async def test_a_server_that_is_gone_is_a_sentence(
    data_dir: Path, configure: Configure, verb: Callable[[], Any]
) -> None:
    use(configure, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unavailable, match=NO_ANSWER):
        await verb()


@every_verb
async def test_a_refused_key_is_a_sentence_and_no_log_has_the_secret(
    data_dir: Path, configure: Configure, caplog: pytest.LogCaptureFixture, verb: Callable[[], Any]
) -> None:
    async def refuse(request: web.Request) -> web.Response:
        quoted = f"<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>{KEY}</AWSAccessKeyId></Error>"
        return web.Response(status=403, text=f'<?xml version="1.0"?>\n{quoted}', content_type="application/xml")

    caplog.set_level(logging.DEBUG)
    async with site(refuse) as url:
        use(configure, url)
        with pytest.raises(Unavailable, match=NO_ENTRY) as refused:
            await verb()
    told = " ".join(str(vars(record)) for record in caplog.records) + repr(refused.value) + repr(settings())
    assert "403" in told
    assert KEY not in told
    assert SECRET not in told


@every_verb
async def test_a_missing_bucket_is_not_a_missing_file(
    bucket: Any, s3: str, configure: Configure, verb: Callable[[], Any]
) -> None:
    use(configure, s3, "no-such-bucket")
    with pytest.raises(Unavailable, match=NO_ENTRY):
        await verb()


@every_verb
async def test_a_broken_server_is_asked_again_and_then_given_up(
    data_dir: Path, configure: Configure, verb: Callable[[], Any]
) -> None:
    asked: list[str] = []

    async def fail(request: web.Request) -> web.Response:
        asked.append(request.method)
        return web.Response(status=500)

    async with site(fail) as url:
        use(configure, url)
        with pytest.raises(Unavailable, match=NO_ANSWER):
            await verb()
    assert len(asked) == 1 + file_store.RETRIES


async def test_a_server_that_recovers_is_not_noticed(data_dir: Path, configure: Configure) -> None:
    kept: list[bytes] = []

    async def stumble(request: web.Request) -> web.Response:
        kept.append(await request.read())
        return web.Response(status=503 if len(kept) == 1 else 200, headers={"ETag": '"1"'})

    async with site(stumble) as url:
        use(configure, url)
        await file_store.put(SHA256, DATA)
    assert kept == [DATA, DATA]


async def test_what_the_machine_says_about_amazon_changes_nothing(
    data_dir: Path, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """obstore reads AWS_… by itself: another dealership's token or server must not slip in."""
    for name, value in {
        "ACCESS_KEY_ID": "other",
        "SECRET_ACCESS_KEY": "other",
        "SESSION_TOKEN": "other",
        "ENDPOINT_URL": "http://127.0.0.1:9",
        "ENDPOINT_URL_S3": "http://127.0.0.1:9",
        "REGION": "other",
        "SKIP_SIGNATURE": "true",
        "VIRTUAL_HOSTED_STYLE_REQUEST": "true",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    asked: list[web.Request] = []

    async def note(request: web.Request) -> web.Response:
        asked.append(request)
        return web.Response(headers={"ETag": '"1"'})

    async with site(note) as url:
        use(configure, url, "harbor-files/below")
        await file_store.put(SHA256, DATA)
    [request] = asked
    assert request.path == f"/harbor-files/below/attachments/{SHA256[:2]}/{SHA256}"
    assert f"Credential={KEY}/" in request.headers["Authorization"]
    assert "/eu-central-1/s3/" in request.headers["Authorization"]
    assert "x-amz-security-token" not in request.headers

"""Pictures come from public addresses only, are looked at before they are believed, and lose what they tell."""

import asyncio
import io
import ipaddress
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from PIL import Image

from domain import clock, picture_files, pictures
from domain.listings import Picture
from domain.pictures import PictureError, Rules, fetch, fetch_due, store
from domain.public_addresses import connector, is_public
from tests import make
from tests.conftest import Clock

ANYWHERE = Rules(schemes=frozenset({"http", "https"}), allowed=lambda _: True)
PUBLIC_BY_HTTP = Rules(schemes=frozenset({"http", "https"}))


def image(size: tuple[int, int] = (640, 480), kind: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.effect_noise(size, 60).convert(mode).save(file, kind, **options)
    return file.getvalue()


def opened(sha256: str, thumb: bool = False) -> Image.Image:
    return Image.open(io.BytesIO(picture_files.path(sha256, thumb).read_bytes()))


@asynccontextmanager
async def site(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """A server on loopback that answers everything with `answer`; its URL."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def wanted(url: str) -> Picture:
    listing = await make.listing()
    row = Picture(listing=listing.id, url=url, not_before=clock.now())
    await Picture.insert(row)
    return row


async def again(picture: Picture) -> Picture:
    found = await Picture.objects().get(Picture.id == picture.id)
    assert found is not None
    return found


async def refusal(url: str, rules: Rules) -> PictureError:
    async with aiohttp.ClientSession(connector=connector(rules.allowed)) as session:
        with pytest.raises(PictureError) as refused:
            await fetch(session, url, rules)
    return refused.value


INSIDE = """
127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255 192.0.2.1
198.18.0.1 240.0.0.1 168.63.129.16 :: ::1 fe80::1 fe80::1%1 fd00::1 ff02::1 fec0::1 2001:db8::1 2001:0:1::1
::ffff:127.0.0.1 ::ffff:10.0.0.1 2002:7f00:1:: 64:ff9b::a00:1 64:ff9b:1::1
"""
WAYS_INSIDE = """
127.0.0.1 127.1 2130706433 0x7f000001 017700000001 127.0.0.1. localhost 0 169.254.169.254 10.0.0.1
[::1] [::ffff:127.0.0.1]
"""


@pytest.mark.parametrize("address", INSIDE.split())
def test_what_is_not_out_on_the_internet_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"])
def test_what_is_out_on_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", WAYS_INSIDE.split())
async def test_no_way_to_write_a_private_address_leads_there(host: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        raise AssertionError("The private server was reached.")

    async with site(answer) as url:
        port = url.rpartition(":")[2]
        refused = await refusal(f"http://{host}:{port}/1.jpg", PUBLIC_BY_HTTP)
    assert refused.permanent
    assert "private network" in refused.reason or "not a web address" in refused.reason


async def test_a_name_that_leads_to_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(host: str, *args: Any, **kwargs: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("93.184.216.34", "10.0.0.7")]

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    assert (
        await refusal("https://pictures.example/1.jpg", Rules())
    ).reason == "The address leads into a private network."


async def test_what_is_connected_to_is_what_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=image())

    async with site(answer) as url:
        port = int(url.rpartition(":")[2])

        def answers(host: str, *args: Any, **kwargs: Any) -> list[Any]:
            asked.append(host)
            address = "127.0.0.1" if len(asked) == 1 else "127.0.0.2"  # a second look would be led elsewhere
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *args, **kwargs: (answers if host == "pictures.example" else real)(host, *args, **kwargs),
        )
        rules = Rules(frozenset({"http"}), lambda address: str(address) == "127.0.0.1")
        async with aiohttp.ClientSession(connector=connector(rules.allowed)) as session:
            assert await fetch(session, f"http://pictures.example:{port}/1.jpg", rules)
    assert asked == ["pictures.example"]


@pytest.mark.parametrize("url", ["http://a.example/1.jpg", "file:///etc/passwd", "ftp://a.example/1.jpg", "1.jpg", ""])
async def test_only_https_is_fetched(url: str) -> None:
    refused = await refusal(url, Rules())
    assert (refused.reason, refused.permanent) == ("The address does not start with https://.", True)


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest", "http://127.0.0.2:1/", "file:///etc/passwd", "//10.0.0.1/x"]
)
async def test_a_redirect_is_looked_at_like_the_first_address(location: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": location})

    async with site(answer) as url:
        rules = Rules(frozenset({"http", "https"}), lambda address: str(address) == "127.0.0.1")
        refused = await refusal(f"{url}/1.jpg", rules)
    assert refused.permanent
    assert refused.reason in (
        "The address leads into a private network.",
        "The address does not start with https://.",
    )


async def test_three_redirects_are_followed_and_a_fourth_is_not(house: None) -> None:
    async def answer(request: web.Request) -> web.Response:
        left = int(request.path.strip("/"))
        if left:
            return web.Response(status=302, headers={"Location": f"/{left - 1}"})
        return web.Response(body=image())

    async with site(answer) as url:
        three, four = await wanted(f"{url}/3"), await wanted(f"{url}/4")
        assert await fetch_due(rules=ANYWHERE) == 2
    assert (await again(three)).state == "kept"
    failed = await again(four)
    assert (failed.state, failed.reason) == (
        "failed",
        "The site sends from one address to the next without end.",
    )


async def test_a_wanted_picture_is_kept_with_its_thumbnail(house: None) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=image((2400, 1200)))

    async with site(answer) as url:
        picture = await wanted(f"{url}/1.jpg")
        assert await fetch_due(rules=ANYWHERE) == 1
        assert await fetch_due(rules=ANYWHERE) == 0
    kept = await again(picture)
    assert (kept.state, kept.reason, kept.width, kept.height) == ("kept", "", 1600, 800)
    assert opened(kept.sha256).size == (1600, 800)
    assert opened(kept.sha256, thumb=True).size == (480, 240)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, b"", "The site has no such picture any more."),
        (403, b"", "The site does not give the picture away."),
        (200, b"<html>Please sign in</html>", "This is not a picture."),
        (200, image()[:2000], "This is not a picture."),
        (200, b"", "This is not a picture."),
    ],
)
async def test_what_will_never_be_a_picture_fails_at_once(house: None, status: int, body: bytes, reason: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, content_type="image/jpeg")

    async with site(answer) as url:
        picture = await wanted(f"{url}/1.jpg")
        await fetch_due(rules=ANYWHERE)
    failed = await again(picture)
    assert (failed.state, failed.reason) == ("failed", reason)


async def test_a_busy_site_is_asked_three_times_with_time_between(house: None, clock: Clock) -> None:
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=503)

    async with site(answer) as url:
        picture = await wanted(f"{url}/1.jpg")
        for wait in (timedelta(), timedelta(seconds=61), timedelta(seconds=601)):
            if wait:
                assert await fetch_due(rules=ANYWHERE) == 0
                clock.advance(seconds=wait.total_seconds())
            assert await fetch_due(rules=ANYWHERE) == 1
        clock.advance(days=1)
        assert await fetch_due(rules=ANYWHERE) == 0
    assert len(asked) == 3
    failed = await again(picture)
    assert (failed.state, failed.reason) == ("failed", "The site is busy.")


@pytest.mark.parametrize("announced", [True, False])
async def test_a_picture_that_is_too_large_is_not_read_to_its_end(house: None, announced: bool) -> None:
    sent = []

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if announced:
            response.content_length = 60_000_000
        await response.prepare(request)
        try:
            for _ in range(60):
                await response.write(bytes(1_000_000))
                sent.append(1)
        except (ConnectionError, asyncio.CancelledError):
            pass
        return response

    async with site(answer) as url:
        picture = await wanted(f"{url}/1.jpg")
        await fetch_due(rules=ANYWHERE)
    failed = await again(picture)
    assert (failed.state, failed.reason) == ("failed", "The picture is larger than 10 MB.")
    assert len(sent) < 40


async def test_a_site_that_trickles_is_left(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "TIMEOUT", 0.5)

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            for _ in range(100):
                await response.write(b"x")
                await asyncio.sleep(0.1)
        except (ConnectionError, asyncio.CancelledError):
            pass
        return response

    async with site(answer) as url:
        picture = await wanted(f"{url}/1.jpg")
        await fetch_due(rules=ANYWHERE)
    waiting = await again(picture)
    assert (waiting.state, waiting.tries, waiting.reason) == ("wanted", 1, "The site took too long to answer.")


async def test_an_answer_that_unpacks_to_more_is_not_unpacked(house: None) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"\x1f\x8b" + bytes(100), headers={"Content-Encoding": "gzip"})

    async with site(answer) as url:
        picture = await wanted(f"{url}/1.jpg")
        await fetch_due(rules=ANYWHERE)
    assert (await again(picture)).reason == "This is not a picture."


async def test_two_workers_share_what_is_due(house: None) -> None:
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=image((64, 48)))

    async with site(answer) as url:
        listing = await make.listing()
        rows = [Picture(listing=listing.id, url=f"{url}/{n}.jpg", not_before=clock.now()) for n in range(8)]
        await Picture.insert(*rows)
        tried = await asyncio.gather(*(fetch_due(5, ANYWHERE) for _ in range(2)))
    assert sum(tried) == len(asked) == len(set(asked)) == 8
    assert await Picture.count().where(Picture.state == "kept") == 8


async def test_a_picture_that_took_its_worker_down_three_times_is_given_up(house: None) -> None:
    picture = await wanted("http://127.0.0.1:9/1.jpg")
    values: dict[Any, Any] = {Picture.tries: 3}
    await Picture.update(values).where(Picture.id == picture.id)
    assert await fetch_due(rules=ANYWHERE) == 1
    failed = await again(picture)
    assert (failed.state, failed.reason) == ("failed", "The picture could not be read.")


def test_the_same_picture_twice_is_one_file(data_dir: Path) -> None:
    data = image()
    assert store(data) == store(data)
    assert len(list((data_dir / "pictures").rglob("*.jpg"))) == 2


def test_a_picture_is_turned_and_tells_nothing_of_its_camera(data_dir: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by a quarter
    exif[0x010F] = "A camera"
    exif.get_ifd(0x8825)[1] = "N"
    kept = store(image((400, 200), exif=exif.tobytes(), comment=b"at home"))
    assert (kept.width, kept.height) == (200, 400)
    for thumb in (False, True):
        shown = opened(kept.sha256, thumb)
        assert dict(shown.getexif()) == {}
        assert "comment" not in shown.info


@pytest.mark.parametrize("kind", ["PNG RGBA", "PNG P", "PNG L", "WEBP RGB", "GIF P", "JPEG CMYK"])
def test_every_usual_kind_of_image_becomes_a_jpeg(data_dir: Path, kind: str) -> None:
    name, mode = kind.split()
    kept = store(image(kind=name, mode=mode))
    shown = opened(kept.sha256)
    assert (shown.format, shown.mode, shown.size) == ("JPEG", "RGB", (640, 480))


def test_a_thumbnail_is_small_in_every_way(data_dir: Path) -> None:
    for size in ((3000, 2000), (800, 3000)):
        kept = store(image(size, quality=95))
        thumb = opened(kept.sha256, thumb=True)
        assert thumb.width <= 480
        assert thumb.height <= 640
        assert picture_files.path(kept.sha256, True).stat().st_size <= 40_000


def test_a_decompression_bomb_is_refused_before_it_is_decoded(data_dir: Path) -> None:
    for side in (7000, 30_000):
        file = io.BytesIO()
        Image.new("1", (side, side)).save(file, "PNG")
        assert len(file.getvalue()) < 1_000_000
        with pytest.raises(PictureError, match="too many pixels"):
            store(file.getvalue())


def test_a_drawing_that_is_a_program_is_no_picture(data_dir: Path) -> None:
    for data in (b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%!PS-Adobe-3.0 EPSF-3.0", b"BM" + bytes(100)):
        with pytest.raises(PictureError, match="not a picture"):
            store(data)

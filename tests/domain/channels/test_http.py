"""What each kind of network fault becomes: the difference between trying again and never again."""

import asyncio
import gzip
import logging
import socket
import ssl
import struct
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from domain import clock
from domain.channels import http
from domain.channels.base import ChannelError, Kind
from tests.domain.channels.local_servers import Scripted, TcpServer

HEADERS = {"Authorization": "Bearer very-secret"}


async def failing(method: str, url: str, **options) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await http.call(method, url, headers=HEADERS, **options)
    return caught.value


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.split(b":")[1]))
    return head


def reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def test_an_answer_comes_back_whole_with_lower_case_header_names(provider: Scripted):
    provider.answers(429, {"a": 1}, {"Retry-After": "7"})

    answer = await http.call("POST", provider.url + "/x", headers=HEADERS, json={"b": "é"}, params={"q": "a b"})

    assert (answer.status, answer.headers["retry-after"], answer.json()) == (429, "7", {"a": 1})
    assert provider.asked[0].body == {"b": "é"}
    assert provider.asked[0].query == {"q": "a b"}
    assert provider.asked[0].headers["authorization"] == "Bearer very-secret"
    assert provider.asked[0].headers["content-type"] == "application/json"


async def test_a_form_keeps_its_names_that_come_twice_and_their_order(provider: Scripted):
    provider.answers(201)
    form = [("MediaUrl", "https://a/1"), ("Body", "Größe & more"), ("MediaUrl", "https://a/2")]

    await http.call("POST", provider.url, headers={}, form=form)

    assert provider.asked[0].body == form
    assert provider.asked[0].headers["content-type"] == "application/x-www-form-urlencoded"


async def test_a_refused_connection_was_never_connected(unused_tcp_port: int):
    error = await failing("POST", f"http://127.0.0.1:{unused_tcp_port}/x", json={})

    assert error.kind is Kind.NEVER_CONNECTED
    assert error.reason == "127.0.0.1 could not be reached. Nothing was sent."


async def test_a_name_nobody_has_was_never_connected():
    error = await failing("POST", "http://nobody.invalid/x", json={})

    assert error.kind is Kind.NEVER_CONNECTED
    assert error.reason == "nobody.invalid was not found. Nothing was sent."


async def test_a_connection_that_is_not_taken_in_time_was_never_connected():
    # A listener whose queue is full leaves further connections unanswered, as a router that drops packets does.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
            fillers.append(filler)
        try:
            await asyncio.sleep(0.05)
            error = await failing("POST", f"http://127.0.0.1:{server.getsockname()[1]}/x", json={}, timeout=0.4)
        finally:
            for filler in fillers:
                filler.close()

    assert error.kind is Kind.NEVER_CONNECTED


async def test_a_server_without_tls_was_never_connected(tcp_server: TcpServer):
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with tcp_server(plain) as url:
        error = await failing("POST", url.replace("http:", "https:"), json={})

    assert error.kind is Kind.NEVER_CONNECTED


async def test_a_certificate_nobody_vouches_for_was_never_connected(tmp_path: Path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    reached = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(await reader.read())

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
    async with server:
        error = await failing("POST", f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/x", json={})

    assert error.kind is Kind.NEVER_CONNECTED
    assert error.reason == "127.0.0.1 could not prove who it is, so nothing was sent."
    assert not any(reached)


async def test_a_reset_before_the_request_was_read_is_unknown(tcp_server: TcpServer):
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reset(writer)

    async with tcp_server(talk) as url:
        error = await failing("POST", url, json={"text": "x" * 100_000})

    assert error.kind is Kind.UNKNOWN


async def test_a_reset_after_the_request_was_read_is_unknown(tcp_server: TcpServer):
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        reset(writer)

    async with tcp_server(talk) as url:
        error = await failing("POST", url, json={})

    assert error.kind is Kind.UNKNOWN
    assert error.reason == "The connection to 127.0.0.1 broke before an answer came."


async def test_a_closed_kept_connection_is_unknown_and_the_text_is_not_sent_again_by_itself(tcp_server: TcpServer):
    requests = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await read_request(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        requests.append(await read_request(reader))
        writer.close()

    async with tcp_server(talk) as url:
        await http.call("POST", url, headers=HEADERS, json={})
        error = await failing("POST", url, json={})

    assert error.kind is Kind.UNKNOWN
    assert len(requests) == 2


async def test_a_hanging_provider_is_unknown_after_the_timeout(tcp_server: TcpServer):
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with tcp_server(talk) as url:
        error = await failing("POST", url, json={}, timeout=0.2)

    assert error.kind is Kind.UNKNOWN
    assert error.reason == "127.0.0.1 took too long to answer."


async def test_an_answer_cut_short_is_unknown(tcp_server: TcpServer):
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id"')
        writer.close()

    async with tcp_server(talk) as url:
        error = await failing("POST", url, json={})

    assert error.kind is Kind.UNKNOWN


async def test_an_answer_that_is_not_http_is_unknown(tcp_server: TcpServer):
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"220 mail.example.com ESMTP\r\n")
        writer.close()

    async with tcp_server(talk) as url:
        error = await failing("POST", url, json={})

    assert error.kind is Kind.UNKNOWN


async def test_a_broken_gzip_answer_is_unknown(provider: Scripted):
    provider.answers(200, b"not gzip at all", {"Content-Encoding": "gzip"})

    assert (await failing("POST", provider.url, json={})).kind is Kind.UNKNOWN


async def test_a_gzip_answer_is_unpacked(provider: Scripted):
    provider.answers(200, gzip.compress(b'{"id": "7"}'), {"Content-Encoding": "gzip"})

    assert (await http.call("GET", provider.url, headers={})).json() == {"id": "7"}


@pytest.mark.parametrize("packed", [False, True])
async def test_a_huge_answer_is_cut_at_a_megabyte(provider: Scripted, packed: bool):
    huge = b"x" * 5_000_000
    provider.answers(200, gzip.compress(huge), {"Content-Encoding": "gzip"}) if packed else provider.answers(200, huge)

    answer = await http.call("GET", provider.url, headers={})

    assert len(answer.body) == http.LARGEST_BODY
    assert answer.json() is None


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff\xfe", b"[" * 100_000, b"9" * 5_000])
async def test_an_answer_that_is_not_json_reads_as_none(body: bytes):
    assert http.Answer(200, {}, body).json() is None


async def test_a_redirect_is_handed_back_and_not_followed(provider: Scripted):
    provider.answers(307, b"", {"Location": "https://elsewhere.example/"})

    assert (await http.call("POST", provider.url, headers=HEADERS, json={})).status == 307
    assert len(provider.asked) == 1


@pytest.mark.parametrize("url", ["http://", "nonsense", "ftp://127.0.0.1/x", "http://127.0.0.1:99999/"])
async def test_an_address_that_cannot_be_called_is_refused_for_good(url: str):
    assert (await failing("GET", url)).kind is Kind.PERMANENT


async def test_logs_hold_neither_the_key_nor_who_was_looked_for(
    provider: Scripted, caplog: pytest.LogCaptureFixture, unused_tcp_port: int
):
    caplog.set_level(logging.DEBUG)
    provider.answers(200, {})

    await http.call("GET", provider.url + "/users", headers=HEADERS, params={"email": "dana@example.com"})
    await failing("POST", f"http://127.0.0.1:{unused_tcp_port}/users?email=dana@example.com", json={"text": "private"})

    assert "/users" in caplog.text
    assert not any(secret in caplog.text for secret in ("very-secret", "dana", "private"))


async def test_cookies_of_one_call_do_not_travel_with_the_next(provider: Scripted):
    provider.answers(200, {}, {"Set-Cookie": "who=me"})

    await http.call("GET", provider.url, headers={})
    await http.call("GET", provider.url, headers={})

    assert "cookie" not in provider.asked[1].headers


async def test_a_closed_session_is_made_anew(provider: Scripted):
    provider.answers(200, {})
    first = http.session()
    await http.close()

    assert (await http.call("GET", provider.url, headers={})).status == 200
    assert http.session() is not first
    assert first.closed


def self_signed(directory: Path) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(clock.now() - timedelta(days=1))
        .not_valid_after(clock.now() + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = directory / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return str(path)

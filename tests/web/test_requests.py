"""A form is read within bounds, and a file only for somebody signed in."""

import base64
import inspect
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from litestar._parsers import parse_url_encoded_form_data
from litestar.datastructures import FormMultiDict
from litestar.types import Message

from domain import ids, message_templates, plans
from tests import make
from tests.client import Client
from web import forms, requests, routes

URL_ENCODED = {"content-type": "application/x-www-form-urlencoded"}


class Upload:
    """A multipart body that tells how much of it was asked for."""

    def __init__(self) -> None:
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'--xxx\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(5):
            self.read += 1
            yield b"x" * 1_000_000
        yield b"\r\n--xxx--\r\n"


@pytest.mark.parametrize("path", ["/imports", "/sign-in", "/set-up", "/profile"])
async def test_a_file_of_a_visitor_is_not_read_whatever_token_it_brings(client: Client, path: str) -> None:
    for headers in ({}, {"cookie": "session=made-up"}, {"x-csrftoken": await client.csrf_token()}):
        upload = Upload()
        headers = {"content-type": "multipart/form-data; boundary=xxx", **headers}
        answer = await client.post(path, content=upload, headers=headers)
        assert answer.status_code in {303, 401, 403}
        if "x-csrftoken" not in headers:
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
        assert upload.read == 0


async def test_a_posted_form_is_forgotten_once_it_is_answered(client: Client) -> None:
    user = await make.user()
    before = parse_url_encoded_form_data.cache_info().currsize
    fields = {"email": user.email, "password": make.PASSWORD}
    assert (await client.submit("/sign-in", fields)).status_code == 303
    assert parse_url_encoded_form_data.cache_info().currsize == before


@pytest.mark.parametrize(
    "body", ["a=b&" * (requests.MOST_FIELDS + 1), "a=" + "b" * requests.LARGEST_BODY], ids=["fields", "bytes"]
)
async def test_a_form_beyond_all_use_is_refused_before_its_token_is_looked_for(client: Client, body: str) -> None:
    answer = await client.post("/sign-in", content=body, headers=URL_ENCODED)
    assert answer.status_code == 413
    assert "This is too big" in answer.text


async def test_a_field_may_come_several_times_and_in_any_script(agent_client: Client) -> None:
    body = "name=First&name=Z%C3%B6e+%F0%9F%9A%97&undo_seconds=5&_csrf_token=" + await agent_client.csrf_token()
    answer = await agent_client.post("/profile", content=body, headers=URL_ENCODED)
    assert answer.status_code == 303
    assert "Zöe 🚗" in (await agent_client.get("/profile")).text


STRANGE = ("%00", "a%00b", "%ed%a0%80", "%c2%9b", "%1b%5b", "%", "9" * 5000, "%e2%80%ae")


async def test_no_parameter_of_any_page_can_break_it(admin_client: Client, house: None) -> None:
    """Every GET of routes.py with each of its parameters: NUL, half a surrogate pair, C1, escape, digits."""
    await plans.seed()
    await message_templates.seed()
    account = admin_client.user.account
    listing = await make.listing(account)
    there = {
        "listing_id": listing.id,
        "picture_id": ids.new(),
        "attachment_id": (await make.attachment(account)).id,
        "template_id": (await make.template(account)).id,
        "slug": "reply",
        "kind": "dialpad",
    }
    asked = 0
    for path, parameters in pages():
        if path.endswith("/stream") or not set(re.findall(r"{(\w+)", path)) <= there.keys():
            continue
        url = re.sub(r"{(\w+)(?::\w+)?}", lambda found: str(there[found[1]]), path)
        for name in parameters:
            for value in STRANGE:
                answer = await admin_client.get(f"{url}?{name}={value}&again=1")
                assert answer.status_code < 500, (url, name, value)
                said = "" if "zip" in answer.headers["content-type"] else answer.text  # an archive holds any byte
                assert not re.search("[\0\x1b\x9b\ud800]", said), (url, name, value)
                asked += 1
    assert asked > 200


LATIN = "utf-8 no “é”".encode("cp1252")


@pytest.mark.parametrize("said", ["", "content-type: text/plain; charset=no-such\r\n"], ids=["bytes", "charset"])
async def test_words_that_are_no_utf_8_are_refused_at_their_field(agent_client: Client, said: str) -> None:
    head = f'--xxx\r\ncontent-disposition: form-data; name="signature"\r\n{said}\r\n'.encode()
    token = {"x-csrftoken": await agent_client.csrf_token()}
    whole = {"content-type": "multipart/form-data; boundary=xxx", **token}
    answer = await agent_client.post("/profile", content=head + LATIN + b"\r\n--xxx--\r\n", headers=whole)
    assert answer.status_code == 422
    assert "“signature” holds characters that cannot be read" in answer.text


async def test_words_in_an_urlencoded_form_never_turn_into_question_marks(agent_client: Client) -> None:
    for body in (b"undo_seconds=5&name=Jos%E9", b"undo_seconds=5&name=Jos\xe9"):
        headers = {**URL_ENCODED, "x-csrftoken": await agent_client.csrf_token()}
        answer = await agent_client.post("/profile", content=body, headers=headers)
        assert answer.status_code == 422
        assert "“name” holds characters that cannot be read" in answer.text
    assert "�" not in (await agent_client.get("/profile")).text


async def test_a_file_name_that_is_no_utf_8_is_told_of_in_words_of_files(admin_client: Client) -> None:
    body = b'--xxx\r\ncontent-disposition: form-data; name="file"; filename="a\xff.csv"\r\n\r\nx\r\n--xxx--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=xxx", "x-csrftoken": await admin_client.csrf_token()}
    answer = await admin_client.post("/imports", content=body, headers=headers)
    assert answer.status_code == 422
    assert "plain names" in answer.text


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "9999-12-30", "0001-01-02"])
async def test_no_day_is_too_far_for_the_page_of_what_waits(agent_client: Client, day: str) -> None:
    await plans.seed()
    for query in (f"day={day}", f"view=calendar&month={day[:7]}", f"view=stopped&day={day}"):
        assert (await agent_client.get(f"/schedules?{query}")).status_code == 200


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
async def test_a_cursor_beyond_the_calendar_is_the_first_page(agent_client: Client, at: str) -> None:
    await make.listing(agent_client.user.account)
    cursor = base64.urlsafe_b64encode(json.dumps([at, str(ids.new())]).encode()).decode().rstrip("=")
    for sort in ("newest", "last-contact"):
        assert (await agent_client.get(f"/listings?sort={sort}&after={cursor}")).status_code == 200


async def test_a_parameter_without_control_characters_comes_as_it_was_sent(agent_client: Client) -> None:
    for query in (b"", b"q=a+b%26c&view=&x", b"q=%F0%9F%9A%97", b"next=/listings%3Fq%3Dx", b"q=%zz"):
        assert requests.clean_query(query) == query
    assert requests.clean_query(b"q=a%00%26b&view=%0b") == b"q=a%26b&view="
    answer = await agent_client.get("/listings?q=So%00rento")
    assert 'value="Sorento"' in answer.text


@pytest.mark.parametrize("path", ["/templates/{}/edit", "/guides/{}", "/apps/{}", "/listings/{}", "/password-links/{}"])
async def test_no_strange_address_can_break_a_page(manager_client: Client, path: str) -> None:
    for value in STRANGE:
        assert (await manager_client.get(path.format(value))).status_code in {200, 404}


def pages() -> Iterator[tuple[str, list[str]]]:
    """Every page of a member or visitor with the parameters of its query."""
    for handler in (*routes.MEMBERS, *routes.CONVERSATION, *routes.VISITORS):
        if "GET" in handler.http_methods:
            of_query = [name for name, hint in _hints(handler.fn).items() if "QueryParameter" in repr(hint)]
            for path in handler.paths:
                yield path, [*of_query, "listing", "from"]


def _hints(function: Any) -> dict[str, Any]:
    return {name: each.annotation for name, each in inspect.signature(function).parameters.items()}


async def test_a_file_field_that_was_left_alone_says_nothing_whoever_wrote_the_form() -> None:
    class Posted:
        async def form(self) -> FormMultiDict:
            return FormMultiDict([("files", "[object File]"), ("title", "[object File]"), ("file", "front.jpg")])

    form = await forms.read(Posted())  # type: ignore[arg-type]
    assert form.values == {"title": "[object File]", "file": "front.jpg"}
    assert not form.files


async def test_a_browser_that_goes_away_in_the_middle_is_no_fault_of_ours(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[Message] = []
    pieces: list[Message] = [
        {"type": "http.request", "body": b"a=", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return pieces.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"900000")]
    scope: Any = {"type": "http", "method": "POST", "path": "/sign-in", "raw_path": b"/sign-in", "headers": headers}
    await client.app({**scope, "query_string": b"", "server": None, "client": None, "extensions": {}}, receive, send)
    assert sent[0]["status"] == 400
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]

"""What every answer carries, routed or not, and what the log says of it."""

import logging

import pytest

from tests import make
from tests.client import Client
from web.envelope import CSP


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/sign-in", 200),
        ("GET", "/static/app.css", 200),
        ("GET", "/static/no-such-file.css", 404),
        ("GET", "/no-such-page", 404),
        ("DELETE", "/sign-in", 405),
        ("POST", "/sign-in", 403),
        ("GET", "/listings", 303),
        ("GET", "/healthz", 200),
    ],
)
async def test_every_answer_carries_the_security_headers(client: Client, method: str, path: str, status: int) -> None:
    await make.user()
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-security-policy"] == CSP
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert answer.headers["x-request-id"]
    assert "strict-transport-security" not in answer.headers


async def test_browsers_are_told_to_stay_with_https_where_people_use_it(client: Client, configure) -> None:
    configure(LOTWIRE_PUBLIC_URL="https://dealer.example")
    answer = await client.get("/healthz")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_a_fault_of_ours_is_a_page_with_a_number_and_no_trace(
    agent_client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret of the house")

    monkeypatch.setattr("domain.inventory.counts", broken)
    answer = await agent_client.get("/listings", headers={"X-Request-Id": "abc-123"})
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == CSP
    assert answer.headers["x-request-id"] == "abc-123"
    assert "tell your admin this number: abc-123" in answer.text
    assert "secret of the house" not in answer.text
    assert "ZeroDivisionError" in caplog.text


async def test_a_fault_in_the_error_page_itself_still_answers(
    agent_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("web.render.problem", broken)
    answer = await agent_client.get("/listings/nonsense")
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == CSP
    assert "Lotwire could not answer." in answer.text


async def test_a_request_id_that_could_forge_a_log_line_is_replaced(client: Client) -> None:
    answer = await client.get("/healthz", headers={"X-Request-Id": "a b\tc"})
    assert answer.headers["x-request-id"] != "a b\tc"


async def test_the_log_names_method_path_and_user_but_no_query(
    agent_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "web.requests"):
        await agent_client.get("/listings?q=5205550117")
    [line] = [record for record in caplog.records if record.name == "web.requests"]
    assert line.getMessage() == "GET /listings"
    assert line.status == 200
    assert line.user == str(agent_client.user.id)
    assert "5205550117" not in str(vars(line))


async def test_the_token_of_a_one_time_link_is_not_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "web.requests"):
        await client.get("/password-links/a-secret-token")
    assert "web.requests" in {record.name for record in caplog.records}
    assert "a-secret-token" not in "".join(
        record.getMessage() for record in caplog.records if record.name == "web.requests"
    )


async def test_a_static_file_with_its_hash_may_be_kept_for_ever(client: Client) -> None:
    from web.render import asset

    kept = await client.get(asset("app.css"))
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    plain = await client.get("/static/app.css")
    assert "immutable" not in plain.headers.get("cache-control", "")


async def test_health_static_files_and_errors_ask_no_database(client: Client, count_queries) -> None:
    name, token = await make.session(await make.user())
    client.cookies.set(name, token)
    with count_queries() as queries:
        for path in ("/healthz", "/static/app.css", "/no-such-page"):
            await client.get(path)
    assert queries.count == 0

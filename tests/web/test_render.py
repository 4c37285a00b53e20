"""Notices left for the next page, and addresses of files and pages."""

import base64
import json

import pytest

from tests.client import Client
from web import render


async def test_a_notice_is_shown_once(agent_client: Client) -> None:
    await agent_client.submit("/profile", {"name": "Robin", "undo_seconds": "5"})
    assert "Your profile is saved." in (await agent_client.get("/profile")).text
    assert "Your profile is saved." not in (await agent_client.get("/profile")).text


@pytest.mark.parametrize("signature", ["", ".", ".0", "." + "0" * 64, ".é"])
async def test_a_notice_that_we_did_not_write_is_not_shown(agent_client: Client, signature: str) -> None:
    body = base64.urlsafe_b64encode(json.dumps({"text": "Call this number", "tone": "bad"}).encode()).decode()
    answer = await agent_client.get(
        "/profile", headers={"Cookie": f"session={agent_client.cookies['session']}; notice={body}{signature}".encode()}
    )
    assert answer.status_code == 200
    assert "Call this number" not in answer.text


def test_the_address_of_a_file_changes_with_what_is_in_it(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "STATIC", tmp_path)
    (tmp_path / "a.css").write_text("one")
    one = render.asset("a.css")
    (tmp_path / "a.css").write_text("another")
    assert one != render.asset("a.css")
    assert one.startswith("/static/a.css?v=")


async def test_pages_are_kept_by_no_proxy_and_asked_for_again(agent_client: Client) -> None:
    answer = await agent_client.get("/profile")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_a_missing_name_in_a_template_is_an_error_not_a_hole() -> None:
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError):
        render.TEMPLATES.from_string("{{ no_such_name }}").render()

"""Forged posts are refused, and an honest one never is, whatever page its form stood on."""

import re

import httpx
import pytest

from tests import make
from tests.client import Client


@pytest.mark.parametrize("times", [1, 3])
async def test_a_form_that_was_refused_can_be_sent_again(client: Client, times: int) -> None:
    user = await make.user()
    answer = await client.get("/sign-in")
    for _ in range(times):
        answer = await _sign_in(client, user.email, "wrong", _token(answer))
        assert answer.status_code == 422
    assert (await _sign_in(client, user.email, make.PASSWORD, _token(answer))).status_code == 303


async def test_a_token_looks_different_on_every_page_and_every_one_of_them_works(client: Client) -> None:
    user = await make.user()
    tokens = [_token(await client.get("/sign-in")) for _ in range(3)]
    assert len(set(tokens)) == 3
    for token in tokens:
        assert (await _sign_in(client, user.email, "wrong", token)).status_code == 422


@pytest.mark.parametrize("token", ["", "x", "0" * 128, "\N{SNOWMAN}"])
async def test_a_made_up_token_is_refused_with_a_way_on(client: Client, token: str) -> None:
    user = await make.user()
    await client.get("/sign-in")
    answer = await _sign_in(client, user.email, make.PASSWORD, token)
    assert answer.status_code == 403
    assert "open too long" in answer.text
    assert "session" not in answer.cookies


@pytest.mark.parametrize("cookie", ["x", "0" * 128, "zz" * 64, "%00"])
async def test_a_cookie_that_is_not_ours_does_not_lock_anybody_out(client: Client, cookie: str) -> None:
    user = await make.user()
    client.cookies.set("csrftoken", cookie, domain="lotwire.test", path="/")
    answer = await client.get("/sign-in")
    assert answer.status_code == 200
    assert (await _sign_in(client, user.email, make.PASSWORD, _token(answer))).status_code == 303


async def _sign_in(client: Client, email: str, password: str, token: str) -> httpx.Response:
    return await client.post("/sign-in", data={"email": email, "password": password, "_csrf_token": token})


def _token(answer: httpx.Response) -> str:
    found = re.search(r'name="_csrf_token" value="([^"]*)"', answer.text)
    assert found
    return found[1]

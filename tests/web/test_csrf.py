"""Forged posts are refused, and an honest one never is, whatever page its form stood on."""

import re

import httpx
import pytest

from tests import make
from tests.client import Client

PROFILE = {"name": "Robin Q", "title": "", "phone": "", "undo_seconds": "5"}


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


async def test_a_page_whose_cookie_is_gone_gets_a_token_for_its_forms_and_nothing_is_lost(agent_client: Client) -> None:
    stale = await agent_client.csrf_token()
    agent_client.cookies.delete("csrftoken")
    refused = await agent_client.submit("/profile", PROFILE, htmx=True, token=stale)
    assert refused.status_code == 403
    assert "Send again: your text stays here." in refused.text
    assert 'hx-swap-oob="outerHTML:[name=_csrf_token]"' in refused.text
    # The page says the old token in its header for as long as it is open, and the new one in its fields.
    again = await agent_client.submit("/profile", {**PROFILE, "_csrf_token": _token(refused)}, htmx=True, token=stale)
    assert again.status_code == 204
    assert 'value="Robin Q"' in (await agent_client.get("/profile")).text


async def test_who_lost_every_cookie_signs_in_elsewhere_and_sends_the_same_form(agent_client: Client) -> None:
    stale = await agent_client.csrf_token()
    agent_client.cookies.clear()
    refused = await agent_client.submit("/profile", PROFILE, htmx=True, token=stale)
    assert (refused.status_code, "You are signed out." in refused.text) == (401, True)
    await agent_client.submit("/sign-in", {"email": agent_client.user.email, "password": make.PASSWORD})
    again = await agent_client.submit("/profile", {**PROFILE, "_csrf_token": _token(refused)}, htmx=True, token=stale)
    assert again.status_code == 204


async def test_a_good_cookie_is_never_replaced_and_none_is_given_to_what_another_site_may_post(
    agent_client: Client,
) -> None:
    await agent_client.csrf_token()
    for headers in ({}, {"HX-Request": "true", "x-csrftoken": "0" * 128}):
        answer = await agent_client.post("/profile", data=PROFILE, headers=headers)
        assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None)
    agent_client.cookies.delete("csrftoken")  # as browsers hold it back from a post that another site causes
    answer = await agent_client.post("/profile", data=PROFILE)
    assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None)
    assert "_csrf_token" not in answer.text


@pytest.mark.parametrize(("header", "field"), [("0" * 128, "1" * 128), ("x", ""), ("", "x")])
async def test_two_wrong_tokens_are_no_better_than_one(agent_client: Client, header: str, field: str) -> None:
    await agent_client.csrf_token()
    fields = {**PROFILE, "_csrf_token": field}
    answer = await agent_client.post("/profile", data=fields, headers={"x-csrftoken": header})
    assert answer.status_code == 403


async def _sign_in(client: Client, email: str, password: str, token: str) -> httpx.Response:
    return await client.post("/sign-in", data={"email": email, "password": password, "_csrf_token": token})


def _token(answer: httpx.Response) -> str:
    found = re.search(r'name="_csrf_token" value="([^"]*)"', answer.text)
    assert found
    return found[1]

"""Signing in and out, in the browser's eyes."""

import re
from datetime import timedelta

import pytest

from domain import clock as house_clock
from domain.sessions import Session, SignInFailure
from domain.users import User
from tests import make
from tests.client import HTMX, Client


async def test_a_page_sends_a_visitor_to_sign_in_and_then_on_to_it(client: Client) -> None:
    user = await make.user()
    away = await client.get("/apps?x=1")
    assert away.status_code == 303
    assert away.headers["location"] == "/sign-in?next=/apps%3Fx%3D1"
    form = await client.get(away.headers["location"])
    assert 'name="next" value="/apps?x=1"' in form.text
    answer = await client.submit("/sign-in", {"email": user.email, "password": make.PASSWORD, "next": "/apps?x=1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/apps?x=1")
    assert (await client.get("/apps")).status_code == 200


async def test_signing_in_makes_a_new_session_whatever_the_browser_sent(client: Client) -> None:
    user = await make.user()
    client.cookies.set("session", "chosen-by-somebody-else")
    await client.submit("/sign-in", {"email": user.email, "password": make.PASSWORD})
    cookie = client.cookies.get("session", domain="lotwire.test")
    assert cookie != "chosen-by-somebody-else"
    [row] = await Session.select()
    assert cookie not in str(row)
    assert row["user"] == user.id


async def test_the_session_cookie_is_kept_from_scripts_and_other_sites(client: Client) -> None:
    user = await make.user()
    answer = await client.submit("/sign-in", {"email": user.email, "password": make.PASSWORD})
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=2592000" in cookie
    assert "Secure" not in cookie


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_signing_in_never_leads_to_another_site(client: Client, place: str) -> None:
    user = await make.user()
    answer = await client.submit("/sign-in", {"email": user.email, "password": make.PASSWORD, "next": place})
    assert answer.headers["location"] == "/listings"


async def test_a_wrong_password_keeps_the_email_and_says_so_in_words(client: Client) -> None:
    user = await make.user()
    answer = await client.submit("/sign-in", {"email": user.email, "password": "not this one"})
    assert answer.status_code == 422
    assert "The email address or the password is wrong." in answer.text
    assert f'value="{user.email}"' in answer.text
    assert "not this one" not in answer.text


async def test_an_unknown_email_and_a_wrong_password_look_the_same(client: Client) -> None:
    user = await make.user()
    wrong = await client.submit("/sign-in", {"email": user.email, "password": "not this one"})
    unknown = await client.submit("/sign-in", {"email": "nobody@x.example", "password": "not this one"})

    def comparable(text: str) -> str:
        return re.sub(r'value="[0-9a-f]{128}"|value="[^"]*@[^"]*"', "", text)

    assert comparable(wrong.text) == comparable(unknown.text)


async def test_somebody_inactive_cannot_sign_in(client: Client) -> None:
    user = await make.user(active=False)
    answer = await client.submit("/sign-in", {"email": user.email, "password": make.PASSWORD})
    assert answer.status_code == 422
    assert not await Session.exists()


async def test_the_eleventh_failure_within_a_quarter_of_an_hour_must_wait(client: Client, clock) -> None:
    user = await make.user()
    clock.freeze()
    for _ in range(10):
        answer = await client.submit("/sign-in", {"email": user.email, "password": "guess"})
        assert answer.status_code == 422
    answer = await client.submit("/sign-in", {"email": user.email, "password": make.PASSWORD})
    assert answer.status_code == 429
    assert "Try again in 15 minutes." in answer.text
    assert answer.headers["retry-after"] == "900"
    clock.advance(minutes=15, seconds=1)
    answer = await client.submit("/sign-in", {"email": user.email, "password": make.PASSWORD})
    assert answer.status_code == 303


async def test_signing_in_forgets_the_failures_of_that_email(client: Client) -> None:
    user = await make.user()
    for _ in range(9):
        await client.submit("/sign-in", {"email": user.email, "password": "guess"})
    await client.submit("/sign-in", {"email": user.email, "password": make.PASSWORD})
    assert not await SignInFailure.exists().where(SignInFailure.subject.like(f"email:{user.email} ip:%"))


async def test_signing_out_ends_the_session_on_the_server_too(agent_client: Client) -> None:
    token = agent_client.cookies["session"]
    assert (await agent_client.submit("/sign-out")).headers["location"] == "/sign-in"
    assert not await Session.exists()
    agent_client.cookies.set("session", token)
    assert (await agent_client.get("/apps")).status_code == 303


async def test_signing_out_everywhere_ends_every_session_of_mine_and_nobody_elses(
    client: Client, agent_client: Client
) -> None:
    await make.session(agent_client.user)
    other = await make.user()
    await make.session(other)
    await agent_client.submit("/profile/session-purges")
    assert [row["user"] for row in await Session.select()] == [other.id]


async def test_a_session_ends_after_its_time_and_with_its_user(client: Client) -> None:
    user = await make.user()
    name, late = await make.session(user, expires_at=house_clock.now() - timedelta(seconds=1))
    client.cookies.set(name, late)
    assert (await client.get("/apps")).status_code == 303
    _, token = await make.session(user)
    client.cookies.clear()
    client.cookies.set(name, token)
    assert (await client.get("/apps")).status_code == 200
    await User.update({User.active: False}).where(User.id == user.id)
    assert (await client.get("/apps")).status_code == 303


async def test_being_seen_is_written_at_most_every_five_minutes(agent_client: Client, clock, count_queries) -> None:
    with count_queries() as queries:
        await agent_client.get("/profile")
    assert not [statement for statement in queries.statements if "UPDATE" in statement]
    clock.advance(minutes=6)
    with count_queries() as queries:
        await agent_client.get("/profile")
        await agent_client.get("/profile")
    assert (
        len([statement for statement in queries.statements if "UPDATE" in statement and "web_session" in statement])
        == 1
    )


async def test_htmx_is_told_to_leave_for_the_sign_in_page(client: Client) -> None:
    answer = await client.get(
        "/listings?q=x", headers={"HX-Request": "true", "HX-Current-URL": "http://lotwire.test/listings?view=dnc"}
    )
    assert answer.status_code == 204
    assert answer.headers["hx-redirect"] == "/sign-in?next=/listings%3Fview%3Ddnc"


@pytest.mark.parametrize(
    ("method", "path", "place"),
    [
        ("POST", "/listings/{id}/sends", "#send-problem"),
        ("POST", "/listings/{id}/draft", "#send-problem"),
        ("POST", "/templates", "#notices"),
        ("POST", "/emoji/insertions", "#notices"),
        ("GET", "/emoji?q=car", "#notices"),
        ("GET", "/templates/search?q=hi", "#notices"),
        ("GET", "/guides", "#notices"),
    ],
)
async def test_who_is_signed_out_while_writing_is_told_so_where_they_write(
    client: Client, method: str, path: str, place: str
) -> None:
    listing = await make.listing()
    page = {**HTMX, "HX-Current-URL": f"http://lotwire.test/listings/{listing.id}"}
    headers = {**page, "x-csrftoken": await client.csrf_token()}
    answer = await client.request(method, path.format(id=listing.id), headers=headers)
    assert (answer.status_code, answer.headers["hx-retarget"]) == (401, place)
    assert "hx-redirect" not in answer.headers
    assert "Sign in in another tab, then send again: your text stays here." in answer.text
    assert '<a class="btn" href="/sign-in" target="_blank" rel="noopener">Sign in</a>' in answer.text


@pytest.mark.parametrize(("method", "path"), [("GET", "history/latest"), ("POST", "sends/preview")])
async def test_what_asks_by_itself_leaves_the_page_as_it_is(client: Client, method: str, path: str) -> None:
    listing = await make.listing()
    page = {**HTMX, "HX-Current-URL": f"http://lotwire.test/listings/{listing.id}"}
    headers = {**page, "x-csrftoken": await client.csrf_token()}
    answer = await client.request(method, f"/listings/{listing.id}/{path}", headers=headers)
    assert (answer.status_code, answer.headers["hx-reswap"]) == (401, "none")


async def test_after_signing_in_in_another_tab_the_form_that_was_open_is_sent(agent_client: Client) -> None:
    page = await agent_client.get("/profile")
    fields = {"name": "Half a thought", "title": "", "phone": "", "undo_seconds": "5"}
    token = re.search(r'x-csrftoken": "([0-9a-f]+)"', page.text)
    assert token
    await agent_client.submit("/sign-out")
    refused = await agent_client.submit("/profile", fields, htmx=True, token=token[1])
    assert refused.status_code == 401
    await agent_client.submit("/sign-in", {"email": agent_client.user.email, "password": make.PASSWORD})
    sent = await agent_client.submit("/profile", fields, htmx=True, token=token[1])
    assert "hx-redirect" in sent.headers
    assert 'value="Half a thought"' in (await agent_client.get("/profile")).text


async def test_cookies_are_bound_to_the_host_when_people_come_by_https(client: Client, configure) -> None:
    configure(LOTWIRE_PUBLIC_URL="https://dealer.example")
    user = await make.user()
    name, _ = await make.session(user)
    assert name == "__Host-session"


async def test_a_form_without_a_good_token_is_refused_in_words(client: Client) -> None:
    user = await make.user()
    for token in ("", "0" * 128, "nonsense"):
        answer = await client.submit("/sign-in", {"email": user.email, "password": make.PASSWORD}, token=token)
        assert answer.status_code == 403
        assert "This form was open too long" in answer.text
        assert not await Session.exists()


async def test_the_token_of_a_page_differs_every_time_and_works(client: Client) -> None:
    user = await make.user()
    pages = [(await client.get("/sign-in")).text for _ in range(2)]
    tokens = [re.search(r'name="_csrf_token" value="([0-9a-f]+)"', page)[1] for page in pages]
    assert tokens[0] != tokens[1]
    for token in tokens:
        answer = await client.submit("/sign-in", {"email": user.email, "password": make.PASSWORD}, token=token)
        assert answer.status_code == 303

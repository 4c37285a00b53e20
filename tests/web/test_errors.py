"""What people and programs read when something cannot be done."""

import pytest

from domain import ids, plans
from tests import make
from tests.client import Client


@pytest.mark.parametrize("key", ["nonsense", "00000000", "%00", "0" * 400])
async def test_a_malformed_id_is_a_page_not_found(agent_client: Client, key: str) -> None:
    answer = await agent_client.get(f"/listings/{key}")
    assert answer.status_code == 404
    assert "This page is not here" in answer.text


async def test_an_unknown_and_a_foreign_listing_read_exactly_alike(agent_client: Client) -> None:
    foreign = await make.listing(await make.account())
    pages = [await agent_client.get(f"/listings/{key}") for key in (foreign.id, ids.new())]
    assert [page.status_code for page in pages] == [404, 404]
    assert pages[0].text == pages[1].text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/listings/{id}/edit"),
        ("POST", "/listings/{id}"),
        ("POST", "/listings/{id}/stages"),
        ("POST", "/listings/{id}/assignments"),
        ("POST", "/listings/{id}/follows"),
        ("POST", "/listings/{id}/follows/deletion"),
        ("GET", "/listings/{id}/history"),
        ("GET", "/listings/{id}/history/latest"),
        ("GET", "/listings/{id}/sends/new"),
        ("POST", "/listings/{id}/sends"),
        ("POST", "/listings/{id}/responses"),
    ],
)
async def test_no_url_below_a_foreign_listing_gives_anything_away(agent_client: Client, method: str, path: str) -> None:
    await plans.seed()
    foreign = await make.listing(await make.account())
    url = path.format(id=foreign.id)
    answer = await (agent_client.get(url) if method == "GET" else agent_client.submit(url, {"stage": "pass"}))
    assert answer.status_code == 404


async def test_a_foreign_message_and_a_foreign_colleague_are_not_found(admin_client: Client) -> None:
    await plans.seed()
    elsewhere = await make.account()
    message = await make.message(await make.listing(elsewhere))
    stranger = await make.user(elsewhere)
    for url in (
        f"/unmatched/{message.id}/deletion",
        f"/messages/{message.id}/attempts",
        f"/users/{stranger.id}/links",
        f"/users/{stranger.id}/activations/deletion",
    ):
        assert (await admin_client.submit(url)).status_code == 404


async def test_htmx_gets_a_problem_into_the_notices(agent_client: Client) -> None:
    answer = await agent_client.get_fragment("/listings/nonsense")
    assert answer.status_code == 404
    assert answer.headers["hx-retarget"] == "#notices"
    assert "<html" not in answer.text
    assert "This page is not here" in answer.text


async def test_a_program_gets_json(client: Client) -> None:
    answer = await client.get("/api/v1/nothing-here")
    assert answer.status_code == 404
    assert answer.json() == {
        "errors": [
            {
                "field": "",
                "code": "not_found",
                "message": "There is no such address. /api/v1/openapi.json lists them all.",
            }
        ]
    }


async def test_a_database_that_cannot_write_is_told_in_its_own_sentence(
    agent_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from domain.errors import Unavailable

    async def full(*_: object) -> None:
        raise Unavailable("The disk is full, so nothing was stored. Free some space and try again.")

    listing = await make.listing()
    monkeypatch.setattr("domain.stages.change", full)
    answer = await agent_client.submit(f"/listings/{listing.id}/stages", {"stage": "pass"})
    assert answer.status_code == 503
    assert "The disk is full, so nothing was stored." in answer.text
    assert answer.headers["retry-after"] == "5"


async def test_a_form_that_is_too_big_is_refused_in_words(agent_client: Client) -> None:
    answer = await agent_client.submit("/profile", {"name": "x" * 13_000_000})
    assert answer.status_code == 413
    assert "This is too big" in answer.text


async def test_an_expired_form_leads_back_to_its_page(agent_client: Client) -> None:
    answer = await agent_client.post("/profile", data={"name": "x"}, headers={"Referer": "http://lotwire.test/profile"})
    assert answer.status_code == 403
    assert 'href="/profile"' in answer.text

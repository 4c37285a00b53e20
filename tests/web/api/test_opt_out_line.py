"""The opt-out line over the API: asked for, put below a text once, counted, and never added unasked."""

from typing import Any

import pytest

from domain.messages import Message
from tests import make
from tests.web.api.conftest import Api, codes

LINE = "Reply STOP to opt out"


async def previewed(api: Api, listing: Any, **said: Any) -> dict[str, Any]:
    answer = await api.post("/previews", {"listing_id": str(listing.id), "channel": "text", **said})
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_it_stands_below_the_wording_in_preview_and_message_alike(api: Api) -> None:
    listing = await make.listing(seller={"first_name": "Dana"})
    said = {"body": "Hi {{seller.first_name}}, is it sold?\n", "opt_out_line": True}
    shown = await previewed(api, listing, **said)
    assert shown["body"] == f"Hi Dana, is it sold?\n{LINE}"
    assert (shown["characters"], shown["segments"], shown["refusals"]) == (len(shown["body"]), 1, [])
    assert (await api.send(listing, **said)).status_code == 202
    [message] = await Message.objects()
    assert (message.body, message.segments) == (shown["body"], 1)


async def test_it_stands_below_a_template_and_not_twice(api: Api) -> None:
    listing = await make.listing()
    template = await make.template(body=f"Is your {{{{vehicle.make}}}} sold? {LINE.upper()}.")
    shown = await previewed(api, listing, template_id=str(template.id), opt_out_line=True)
    assert shown["body"] == f"Is your Subaru sold? {LINE.upper()}."
    template = await make.template(body="Is your {{vehicle.make}} sold?")
    assert (await api.send(listing, template_id=str(template.id), opt_out_line=True)).status_code == 202
    assert [message.body for message in await Message.objects()] == [f"Is your Subaru sold?\n{LINE}"]


@pytest.mark.parametrize("asked", [{}, {"opt_out_line": False}, {"opt_out_line": None}])
async def test_nothing_is_added_unasked_to_a_first_text(api: Api, asked: dict[str, Any]) -> None:
    listing = await make.listing()
    assert (await previewed(api, listing, body="Is it sold?", **asked))["body"] == "Is it sold?"
    assert (await api.send(listing, body="Is it sold?", **asked)).status_code == 202
    assert [message.body for message in await Message.objects()] == ["Is it sold?"]


@pytest.mark.parametrize("channel", ["email", "facebook", "kijiji", "form"])
async def test_another_channel_refuses_it(api: Api, channel: str) -> None:
    listing = await make.listing(seller={"email": "dana@example.com"})
    answer = await api.send(listing, channel=channel, opt_out_line=True)
    assert (answer.status_code, codes(answer)) == (422, [("opt_out_line", "invalid")])
    body = {"listing_id": str(listing.id), "channel": channel, "body": "Hi", "opt_out_line": True}
    answer = await api.post("/previews", body)
    assert answer.json()["errors"][0]["message"] == "Only a text has an opt-out line. Leave it out."


@pytest.mark.parametrize("wrong", ["true", 1, []])
async def test_it_is_true_or_false(api: Api, wrong: Any) -> None:
    assert codes(await api.send(await make.listing(), opt_out_line=wrong)) == [("opt_out_line", "invalid")]


async def test_the_line_alone_is_no_message(api: Api) -> None:
    listing = await make.listing()
    for said in ({"body": " ", "opt_out_line": True}, {"body": LINE}):
        answer = await api.send(listing, **said)
        assert (answer.status_code, codes(answer)) == (422, [("body", "required")])
        refusals = (await previewed(api, listing, **said))["refusals"]
        assert [each["code"] for each in refusals] == ["required"]


async def test_with_and_without_it_are_two_requests(api: Api) -> None:
    listing = await make.listing()
    assert (await api.send(listing, key="k", opt_out_line=True)).status_code == 202
    assert (await api.send(listing, key="k", opt_out_line=True)).headers["idempotency-replayed"] == "true"
    answer = await api.send(listing, key="k")
    assert (answer.status_code, codes(answer)) == (409, [("Idempotency-Key", "idempotency_conflict")])
    assert await Message.count() == 1

"""Batches over the API: looked at without a trace, started once a key, watched until every number sums, steered."""

import asyncio
import re
from typing import Any

import httpx
import pytest
from arq.connections import ArqRedis

from domain.batches import expanding
from domain.batches.tables import Batch
from domain.connections import Connection
from domain.ids import new
from domain.listings import Listing
from domain.messages import IdempotencyKey, Message
from tests import make
from tests.sending import without
from tests.web.api.conftest import Api, codes

WORDING = "Hi {{seller.first_name}}, is your {{vehicle.title}} still for sale?"


def asked(*chosen: Listing, **more: Any) -> dict[str, Any]:
    return {"listing_ids": [str(each.id) for each in chosen], "channel": "text", "body": WORDING, **more}


async def start(api: Api, body: dict[str, Any], key: str = "k") -> httpx.Response:
    return await api.post("/batches", body, **{"Idempotency-Key": key})


async def started(api: Api, *chosen: Listing, **more: Any) -> str:
    answer = await start(api, asked(*chosen, **more))
    assert answer.status_code == 202, answer.text
    batch: str = answer.json()["id"]
    await expanding.expand(await id_of(batch))
    return batch


async def id_of(batch: str) -> Any:
    row = await Batch.objects().get(Batch.id == batch)
    assert row
    return row.id


async def test_the_preview_names_every_number_and_stores_nothing(api: Api) -> None:
    going, passed = await make.listing(), await make.listing(stage="pass")
    answer = await api.post("/batch-previews", asked(going, passed))
    assert answer.status_code == 200
    seen = answer.json()
    assert (seen["size"], seen["sendable"], seen["channels"]) == (2, 1, {"text": 1, "email": 0, "form": 0})
    assert seen["codes"] == [{"code": "stage_pass", "message": "This listing was passed.", "number": 1}]
    assert [each["listing_id"] for each in seen["skipped"]] == [str(passed.id)]
    [message] = seen["messages"]
    assert message["body"] == "Hi Dana, is your 2019 Subaru Outback still for sale?\nReply STOP to opt out"
    assert await Batch.count() == 0


async def test_all_that_match_are_taken_as_they_are_now(api: Api) -> None:
    for word in ("outback", "outback", "civic"):
        await make.listing(search=word)
    body = {"view": "all", "q": "outback", "channel": "text", "body": WORDING}
    assert (await api.post("/batch-previews", body)).json()["size"] == 2
    batch = (await start(api, body)).json()["id"]
    await make.listing(search="outback")
    assert (await api.get(f"/batches/{batch}")).json()["size"] == 2


async def test_what_narrows_the_inventory_narrows_a_batch_and_what_cannot_be_read_reaches_nobody(api: Api) -> None:
    for price in (4000_00, 5000_00, 6000_00):
        await make.listing(price=price)
    body = {"view": "all", "price_from": "5000", "main_user": "nobody", "channel": "text", "body": WORDING}
    assert (await api.post("/batch-previews", body)).json()["size"] == 2
    only = {"year_from": 2019, "channel": "text", "body": WORDING}
    assert (await api.post("/batch-previews", only)).json()["size"] == 3
    refused = await api.post("/batch-previews", {**body, "price_from": "cheap"})
    assert (refused.status_code, codes(refused)) == (422, [("price_from", "invalid")])
    both = await api.post("/batch-previews", {**body, "listing_ids": [str(new())]})
    assert (both.status_code, codes(both)[0][0]) == (422, "listing_ids")


async def test_one_key_is_one_batch_however_many_ask_at_once(api: Api, queue: str) -> None:
    body = asked(await make.listing(), await make.listing())
    answers = await asyncio.gather(*[start(api, body) for _ in range(50)])
    assert {each.status_code for each in answers} == {202}
    assert len({each.json()["id"] for each in answers}) == 1
    assert await Batch.count() == 1
    redis = ArqRedis.from_url(queue)
    assert "expand_batches" in {job.function for job in await redis.queued_jobs()}
    await redis.aclose()
    again = await start(api, body)
    assert again.headers["idempotency-replayed"] == "true"
    other = await start(api, {**body, "body": "Something else"})
    assert (other.status_code, codes(other)) == (409, [("Idempotency-Key", "idempotency_conflict")])


async def test_a_refused_request_leaves_its_key_free(api: Api) -> None:
    passed = await make.listing(stage="pass")
    nobody = await start(api, asked(passed))
    assert (nobody.status_code, codes(nobody)) == (422, [("", "nobody")])
    assert await Batch.count() == await IdempotencyKey.count() == 0
    assert (await start(api, asked(await make.listing()))).status_code == 202


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"listing_ids": None}, ("listing_ids", "invalid")),
        ({"view": "all"}, ("listing_ids", "invalid")),
        ({"listing_ids": ["00000000-0000-0000-0000-000000000000"]}, ("listing_ids[0]", "not_found")),
        ({"listing_ids": []}, ("listing_ids", "required")),
        ({"body": None}, ("body", "required")),
        ({"body": "Hi {{seller.nick}}"}, ("body", "unknown_wildcard")),
        ({"template_id": "00000000-0000-0000-0000-000000000000", "body": None}, ("template_id", "not_found")),
        ({"attachments": ["00000000-0000-0000-0000-000000000000"]}, ("attachments[0]", "not_found")),
        ({"send_at": "2026-11-24T16:00:10Z"}, ("send_at", "too_soon")),
        ({"send_at": "9999-12-31T23:59:59-23:59"}, ("send_at", "too_far")),
        ({"send_at": "0001-01-01T00:00:00+23:59"}, ("send_at", "too_far")),
        ({"send_at": "9999-12-31T23:59:59Z"}, ("send_at", "too_far")),
        ({"send_local": "9999-12-31T23:59", "send_zone": "America/Denver"}, ("send_local", "too_far")),
        ({"send_local": "9999-12-31T23:59", "send_zone": "seller"}, ("send_local", "too_far")),
        ({"send_local": "2026-11-24T03:00"}, ("send_local", "too_soon")),
        ({"send_local": "2026-12-01"}, ("send_local", "invalid")),
        ({"send_local": "2026-12-01T09:00", "send_zone": "America/Nowhere"}, ("send_zone", "invalid")),
        ({"send_local": "2026-12-01T09:00", "send_at": "2026-12-01T09:00:00Z"}, ("send_local", "invalid")),
        ({"send_zone": "seller"}, ("send_zone", "invalid")),
        ({"to_number": "fax"}, ("to_number", "invalid")),
    ],
)
async def test_what_is_wrong_is_told_at_its_field(api: Api, more: dict[str, Any], problem: tuple[str, str]) -> None:
    body = asked(await make.listing()) | more
    for answer in (await api.post("/batch-previews", body), await start(api, body)):
        assert answer.status_code == 422
        assert problem in codes(answer)
    assert await Batch.count() == 0


async def test_the_counts_by_state_and_by_code_always_sum_to_the_selection(api: Api) -> None:
    chosen = [await make.listing(), await make.listing(), await make.listing(stage="pass")]
    answer = await start(api, asked(*chosen))
    batch = answer.json()["id"]

    async def counts() -> tuple[dict[str, int], dict[str, int]]:
        told = (await api.get(f"/batches/{batch}")).json()
        assert sum(told["states"].values()) == sum(each["number"] for each in told["codes"]) == told["size"] == 3
        return (
            {state: number for state, number in told["states"].items() if number},
            {each["code"]: each["number"] for each in told["codes"]},
        )

    assert await counts() == ({"pending": 3}, {"": 3})
    await expanding.expand(await id_of(batch))
    assert await counts() == ({"queued": 2, "skipped": 1}, {"": 2, "stage_pass": 1})
    await api.post(f"/batches/{batch}/stop", {})
    assert await counts() == ({"cancelled": 2, "skipped": 1}, {"stopped": 2, "stage_pass": 1})


async def test_the_recipients_come_page_by_page_and_by_state(api: Api) -> None:
    batch = await started(api, *[await make.listing() for _ in range(3)], await make.listing(stage="pass"))
    first = (await api.get(f"/batches/{batch}/recipients", limit=2)).json()
    second = (await api.get(f"/batches/{batch}/recipients", limit=2, cursor=first["next"])).json()
    assert (len(first["items"]), len(second["items"]), second["next"]) == (2, 2, None)
    skipped = (await api.get(f"/batches/{batch}/recipients", state="skipped")).json()["items"]
    assert [(each["code"], each["reason"]) for each in skipped] == [("stage_pass", "This listing was passed.")]
    assert (await api.get(f"/batches/{batch}/recipients", cursor="x")).status_code == 422


async def test_it_is_paused_resumed_stopped_and_tried_again(api: Api) -> None:
    batch = await started(api, await make.listing(), await make.listing())
    assert (await api.post(f"/batches/{batch}/pause", {})).json()["state"] == "paused"
    assert (await api.post(f"/batches/{batch}/pause", {})).status_code == 409
    assert (await api.delete(f"/batches/{batch}/pause")).json()["state"] == "running"
    assert (await api.delete(f"/batches/{batch}/pause")).status_code == 409
    one = await Message.objects().where(Message.batch == await id_of(batch)).first()
    assert one
    await Message.update({Message.state: "failed"}).where(Message.id == one.id)
    again = (await api.post(f"/batches/{batch}/attempts", {})).json()
    assert (again["retried"], again["batch"]["states"]["queued"]) == (1, 2)
    assert (await api.post(f"/batches/{batch}/stop", {})).json()["state"] == "stopped"
    assert (await api.post(f"/batches/{batch}/stop", {})).status_code == 409


async def test_a_draft_of_the_house_has_not_begun_and_cannot_be_stopped(api: Api) -> None:
    batch = await started(api, await make.listing())
    await Batch.update({Batch.state: "draft"}).where(Batch.id == await id_of(batch))
    refused = await api.post(f"/batches/{batch}/stop", {})
    assert (refused.status_code, codes(refused)) == (409, [("", "not_begun")])


async def test_it_leaves_at_the_moment_it_was_planned_for(api: Api) -> None:
    batch = await started(api, await make.listing(), send_at="2026-11-30T09:00:20-05:00")
    assert (await api.get(f"/batches/{batch}")).json()["send_at"] == "2026-11-30T14:00:20Z"
    [message] = await Message.objects().where(Message.batch == await id_of(batch))
    assert (message.state, message.scheduled_at.isoformat()) == ("pending", "2026-11-30T14:00:20+00:00")


async def test_without_the_line_or_the_mobile(api: Api) -> None:
    listing = await make.listing(seller={"phone": "+15205550190"})
    seen = (await api.post("/batch-previews", asked(listing, opt_out_line=False, to_number="phone"))).json()
    assert seen["messages"][0]["body"].endswith("still for sale?")
    batch = await started(api, listing, to_number="phone")
    [to] = (await api.get(f"/batches/{batch}/recipients")).json()["items"]
    assert to["to"] == "+15205550190"


async def test_who_may_not_send_to_many_neither_looks_nor_sends(api: Api) -> None:
    body = asked(await make.listing())
    batch = await started(api, await make.listing())
    agent = await api.with_scopes("batches:write", await make.user(role="agent"))
    for answer in (
        await agent.post("/batch-previews", body),
        await start(agent, body, "other"),
        await agent.get(f"/batches/{batch}"),
        await agent.get(f"/batches/{batch}/recipients"),
        await agent.post(f"/batches/{batch}/stop", {}),
    ):
        assert (answer.status_code, codes(answer)[0][1]) == (403, "no_permission")
    stranger = await make.user(await make.account(), role="manager")
    foreign = await api.with_scopes("batches:write", stranger)
    assert (await foreign.get(f"/batches/{batch}")).status_code == 404


async def test_without_the_feature_in_the_plan_it_is_refused(api: Api) -> None:
    batch = await started(api, await make.listing())
    await without("batch")
    body = asked(await make.listing())
    for answer in (await api.post("/batch-previews", body), await start(api, body, "other")):
        assert (answer.status_code, codes(answer)[0][1]) == (422, "tier")
    assert (await api.get(f"/batches/{batch}")).status_code == 403


async def test_by_an_app_outside_the_plan_it_is_refused_and_auto_takes_the_others(api: Api) -> None:
    listing = await make.listing(seller={"email": "dana@mail.example"})
    await make.connection(kind="email", options="{}")
    await without("email")
    for channel, expected in (("email", 422), ("auto", 200)):
        answer = await api.post("/batch-previews", asked(listing, channel=channel))
        assert answer.status_code == expected
    answer = await start(api, asked(listing, channel="email"))
    assert codes(answer) == [("channel", "tier")]
    assert answer.json()["errors"][0]["message"] == "Email is not part of your plan. Compare plans."


async def test_a_batch_leaves_by_a_chosen_clock_or_by_each_sellers_own(api: Api) -> None:
    phoenix = {"mobile": "+16025550134", "postal_code": "85001"}  # two hours behind the dealership
    listing, local = await make.listing(seller=phoenix), "2026-12-01T10:00"

    async def leaves(**more: Any) -> tuple[str, str, str, str]:
        answer = await start(api, asked(listing, send_local=local, **more), key=str(more))
        batch = answer.json()["id"]
        await expanding.expand(await id_of(batch))
        told = (await api.get(f"/batches/{batch}")).json()
        message = await Message.objects().get(Message.batch == await id_of(batch))
        assert message
        return told["send_at"], told["send_local"], told["send_zone"], f"{message.scheduled_at:%H:%M}"

    assert await leaves() == ("2026-12-01T15:00:00Z", local, "America/New_York", "15:00")
    assert await leaves(send_zone="America/Denver") == ("2026-12-01T17:00:00Z", local, "America/Denver", "17:00")
    assert await leaves(send_zone="seller") == ("2026-12-01T15:00:00Z", local, "seller", "17:00")


async def test_a_program_is_told_what_a_program_can_do(api: Api) -> None:
    nobody = await start(api, asked(await make.listing(stage="pass")))
    none = await start(api, asked())
    saved = {"type": "text", "scope": "local", "purpose": "follow_up", "name": "A", "body": "Hi {{qqqqqqqqq}}"}
    unknown = await start(api, asked(await make.listing(), body="Hi {{qqqqqqqqq}}"))
    zone = await start(api, asked(await make.listing(), send_local="2026-12-01T09:00", send_zone="Mars/Base"))
    for answer in (nobody, none, unknown, zone, await api.post("/templates", saved)):
        assert answer.status_code == 422
        assert not re.search("below|Tick|button|from the list", answer.text)
    assert "/batch-previews" in nobody.text
    assert "Give listing_ids" in none.text


async def test_the_preview_names_a_cost_where_the_price_of_a_segment_is_known(api: Api) -> None:
    body = asked(await make.listing())
    assert (await api.post("/batch-previews", body)).json()["cost"] is None
    await Connection.update({Connection.options: '{"price_per_segment": "0.25"}'}).where(
        Connection.id == api.connection.id
    )
    assert (await api.post("/batch-previews", body)).json()["cost"] == 0.25

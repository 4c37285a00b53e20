"""Messages over the API: sent once a key, previewed, shown with all that happened, cancelled."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from domain import clock as the_clock
from domain.connections import Connection as ConnectionRow
from domain.connections import ConnectionState, SenderLink
from domain.gate import CODES
from domain.messages import IdempotencyKey, Message, State
from domain.receipts import Receipt
from domain.users import Role, User
from tests import make
from tests.web.api.conftest import Api, codes


async def test_a_message_is_taken_on_as_the_seller_will_read_it(api: Api) -> None:
    listing = await make.listing(seller={"first_name": "Dana"})
    answer = await api.send(listing, body="Hi {{seller.first_name}}, is your {{vehicle.title}} still for sale?")
    assert answer.status_code == 202, answer.text
    assert set(answer.json()) == {"id", "state"}
    assert answer.json()["state"] == "queued"
    [message] = await Message.objects()
    assert str(message.id) == answer.json()["id"]
    assert message.body == "Hi Dana, is your 2019 Subaru Outback still for sale?"
    seller = await make.seller_of(listing)
    assert (message.origin, message.to_address, message.to_field) == ("api", seller.mobile, "mobile")
    assert message.not_before <= the_clock.now()
    assert not message.undoable


async def test_the_number_and_the_template_can_be_chosen(api: Api) -> None:
    listing = await make.listing(seller={"phone": "+15205550199", "first_name": "Dana"})
    template = await make.template(body="Hello {{seller.first_name}}")
    answer = await api.send(listing, template_id=str(template.id), to_number="phone")
    assert answer.status_code == 202, answer.text
    message = await Message.objects().first()
    assert (message.to_address, message.body) == ("+15205550199", "Hello Dana")
    assert message.template_version is not None


async def test_the_same_key_and_request_give_the_first_answer(api: Api) -> None:
    listing = await make.listing()
    first = await api.send(listing, key="k")
    await Message.update({Message.state: State.DELIVERED}).where(Message.listing == listing.id)
    again = await api.send(listing, key="k")
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert await Message.count() == 1


async def test_the_same_key_for_another_request_is_a_conflict(api: Api) -> None:
    listing = await make.listing()
    await api.send(listing, key="k")
    answer = await api.send(listing, key="k", body="Something else")
    assert (answer.status_code, codes(answer)) == (409, [("Idempotency-Key", "idempotency_conflict")])
    assert await Message.count() == 1


async def test_a_key_belongs_to_its_dealership(api: Api) -> None:
    other = await make.account()
    colleague = await make.user(other, role=Role.MANAGER)
    await make.sender_link(await make.connection(other), colleague)
    stranger = await api.with_scopes("messages:write", colleague)
    here, there = await api.send(await make.listing(), key="k"), await stranger.send(await make.listing(other), key="k")
    assert (here.status_code, there.status_code) == (202, 202)
    assert here.json()["id"] != there.json()["id"]


async def test_a_refused_request_leaves_its_key_free(api: Api) -> None:
    listing = await make.listing()
    assert (await api.send(listing, key="k", body="{{vehicle.colour}}")).status_code == 422
    assert not await IdempotencyKey.exists()
    assert (await api.send(listing, key="k")).status_code == 202


async def test_two_hundred_requests_at_once_with_one_key_send_one_message(api: Api) -> None:
    listing = await make.listing()
    answers = await asyncio.gather(*(api.send(listing, key="k") for _ in range(200)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (await Message.count(), await IdempotencyKey.count()) == (1, 1)


async def test_of_two_requests_at_once_with_one_key_one_conflicts(api: Api) -> None:
    listing = await make.listing()
    answers = await asyncio.gather(*(api.send(listing, key="k", body=f"Wording {n}") for n in range(8)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 7
    [message] = await Message.objects()
    [taken] = [answer for answer in answers if answer.status_code == 202]
    assert taken.json()["id"] == str(message.id)


@pytest.mark.parametrize("key", ["", " ", "k" * 256, "café"])
async def test_a_message_needs_a_key(api: Api, key: str) -> None:
    body = {"listing_id": str((await make.listing()).id), "channel": "text", "body": "Hello"}
    headers = {"Idempotency-Key": key.encode("latin-1")}
    answer = await api.call("POST", "/messages", json=body, headers=headers)
    assert answer.status_code == 400
    assert codes(answer)[0][0] == "Idempotency-Key"
    assert not await Message.exists()


async def test_every_refusal_of_the_gate_is_told(api: Api) -> None:
    await ConnectionRow.update({ConnectionRow.state: ConnectionState.BROKEN}).where(
        ConnectionRow.id == api.connection.id
    )
    listing = await make.listing(stage="dnc", vin="", seller={"mobile": ""})
    answer = await api.send(listing, body="About {{vehicle.vin}} and {{seller.postal_code}}")
    assert answer.status_code == 422
    assert codes(answer) == [
        ("listing_id", "stage_dnc"),
        ("to_number", "no_contact"),
        ("channel", "no_connection"),
        ("body", "missing_wildcard:vehicle.vin"),
        ("body", "missing_wildcard:seller.postal_code"),
    ]
    sentences = {each["code"]: each["message"] for each in answer.json()["errors"]}
    assert sentences["no_connection"] == CODES["no_connection"].sentence
    assert not await Message.exists()


async def test_a_sender_without_an_account_hears_it_in_the_words_of_the_product(api: Api) -> None:
    await SenderLink.update({SenderLink.provider_id: ""}).where(SenderLink.user == api.user.id)
    answer = await api.send(await make.listing())
    assert codes(answer) == [("", "sender_not_linked")]
    assert answer.json()["errors"][0]["message"] == "No Dialpad account found"


async def test_an_opted_out_number_gets_nothing(api: Api) -> None:
    listing = await make.listing()
    await make.opt_out((await make.seller_of(listing)).mobile)
    assert codes(await api.send(listing)) == [("to_number", "opted_out")]


async def test_wrong_wordings_are_told_beside_what_the_gate_says(api: Api) -> None:
    listing = await make.listing(stage="pass")
    answer = await api.send(listing, body="{{vehicle.colour}} and {{seller.nickname}}")
    assert codes(answer) == [
        ("listing_id", "stage_pass"),
        ("body", "unknown_wildcard"),
        ("body", "unknown_wildcard"),
    ]
    assert codes(await api.send(listing, body="  ")) == [("listing_id", "stage_pass"), ("body", "required")]
    assert codes(await api.send(listing, body="x" * 1501)) == [("listing_id", "stage_pass"), ("body", "too_long")]


async def test_what_does_not_fit_together_is_said_for_each_field(api: Api) -> None:
    answer = await api.send(
        await make.listing(),
        subject="Your Outback",
        send_at="2026-11-23T16:00:00Z",
        attachments=[str((await make.attachment()).id), str(uuid4())],
        template_id=str(uuid4()),
        body="Hello",
    )
    assert answer.status_code == 422
    assert codes(answer) == [
        ("subject", "invalid"),
        ("template_id", "invalid"),
        ("send_at", "too_soon"),
        ("template_id", "not_found"),
        ("attachments[1]", "not_found"),
    ]


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ("email", [("channel", "no_connection")]),
        ("form", [("channel", "no_contact"), ("channel", "no_connection")]),
        ("facebook", [("channel", "no_contact"), ("channel", "no_connection")]),
        ("kijiji", [("channel", "no_contact"), ("channel", "no_connection")]),
    ],
)
async def test_a_channel_that_cannot_carry_it_says_why(api: Api, channel: str, expected: list[tuple[str, str]]) -> None:
    listing = await make.listing(seller={"email": "dana@example.com"})
    answer = await api.send(listing, channel=channel)
    assert (answer.status_code, codes(answer)) == (422, expected)
    words = {each["message"] for each in answer.json()["errors"]}
    assert "DialPad" not in " ".join(words)
    assert not await Message.exists()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"listing_id": "x"}, ("listing_id", "invalid")),
        ({"listing_id": None}, ("listing_id", "invalid")),
        ({"listing_id": str(uuid4())}, ("listing_id", "not_found")),
        ({"channel": "pigeon"}, ("channel", "invalid")),
        ({"body": None}, ("body", "required")),
        ({"body": 5}, ("body", "invalid")),
        ({"body": "x" * 20_001}, ("body", "too_long")),
        ({"to_number": "work"}, ("to_number", "invalid")),
        ({"send_at": "2026-11-25T16:00:00"}, ("send_at", "invalid")),
        ({"attachments": "none"}, ("attachments", "invalid")),
        ({"attachments": ["none"]}, ("attachments[0]", "invalid")),
        ({"attachments": [str(uuid4())] * 11}, ("attachments", "invalid")),
        ({"boddy": "Hello"}, ("boddy", "unknown_field")),
    ],
)
async def test_a_request_that_is_wrong_is_refused_at_its_field(
    api: Api, change: dict[str, Any], expected: tuple[str, str]
) -> None:
    answer = await api.send(await make.listing(), **change)
    assert (answer.status_code, codes(answer)) == (422, [expected])


async def test_a_foreign_listing_or_template_cannot_be_used(api: Api) -> None:
    other = await make.account()
    assert codes(await api.send(await make.listing(other))) == [("listing_id", "not_found")]
    foreign, mail = await make.template(other), await make.template(type="email")
    for template in (foreign, mail):
        answer = await api.send(await make.listing(), template_id=str(template.id))
        assert codes(answer) == [("template_id", "not_found")]


async def test_control_characters_never_reach_the_seller(api: Api) -> None:
    assert (await api.send(await make.listing(), body="Hel\u0000lo\r\nDa\ud800na")).status_code == 202
    assert (await Message.objects().first()).body == "Hello\nDana"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"", 400),
        (b"\xff\xfe", 400),
        (b'{"a": NaN}', 400),
        (b"[" * 5000, 400),
        (b'{"a": ' + b"9" * 6000 + b"}", 400),
        (b"[]", 422),
        (b"null", 422),
        (b'"text"', 422),
        (b" " * 1_000_001, 413),
    ],
)
async def test_a_body_that_is_no_request_is_refused(api: Api, body: bytes, status: int) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    answer = await api.call("POST", "/messages", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"]


async def test_a_form_is_no_request(api: Api) -> None:
    answer = await api.call("POST", "/messages", data={"channel": "text"}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, codes(answer)) == (415, [("", "unsupported_media_type")])


async def test_a_message_is_taken_on_without_the_queue(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.client.app.state, "redis", Redis(host="127.0.0.1", port=9))
    assert (await api.send(await make.listing())).status_code == 202


async def test_the_workers_hear_of_a_message_at_once(api: Api) -> None:
    await api.send(await make.listing())
    jobs = await api.client.app.state.redis.queued_jobs()
    assert [job.function for job in jobs] == ["dispatch"]


# Previews


async def test_a_preview_is_what_would_be_sent_and_stores_nothing(api: Api) -> None:
    listing = await make.listing(seller={"first_name": "Dana"})
    body = {"listing_id": str(listing.id), "channel": "text", "body": "Hi {{seller.first_name}}, “still” for sale? 🚗"}
    said = (await api.post("/previews", body)).json()
    assert said == {
        "body": "Hi Dana, “still” for sale? 🚗",
        "subject": "",
        "html": "",
        "encoding": "UCS-2",
        "characters": 28,
        "segments": 1,
        "missing": [],
        "refusals": [],
    }
    assert not await Message.exists()
    sent = await api.send(listing, body=body["body"])
    assert (await Message.objects().first()).body == said["body"]
    assert sent.status_code == 202


async def test_a_preview_tells_everything_that_stands_against_it(api: Api) -> None:
    listing = await make.listing(stage="dnc", vin="")
    body = {"listing_id": str(listing.id), "channel": "text", "body": "{{vehicle.vin}} {{vehicle.colour}}"}
    said = (await api.post("/previews", body)).json()
    assert said["missing"] == ["vehicle.vin", "vehicle.colour"]
    assert [each["code"] for each in said["refusals"]] == [
        "stage_dnc",
        "missing_wildcard:vehicle.vin",
        "unknown_wildcard",
    ]


async def test_a_preview_of_an_email_is_the_email(api: Api) -> None:
    await User.update({User.signature: "Robin\nHarbor Motors"}).where(User.id == api.user.id)
    listing = await make.listing(seller={"email": "dana@example.com"})
    body = {"listing_id": str(listing.id), "channel": "email", "body": "Hi,\nsee <https://harbor.example>. 🚗"}
    said = (await api.post("/previews", body)).json()
    assert said["subject"] == "Inquiry about your 2019 Subaru Outback"
    assert said["body"] == "Hi,\nsee <https://harbor.example>. 🚗\n\n-- \nRobin\nHarbor Motors"
    assert '<a href="https://harbor.example"' in said["html"]
    assert (said["encoding"], said["segments"], said["characters"]) == ("", 0, len(said["body"]))
    assert [each["code"] for each in said["refusals"]] == ["no_connection"]


async def test_what_is_wrong_with_a_subject_is_told_at_the_subject(api: Api) -> None:
    listing = await make.listing(vin="", seller={"email": "dana@example.com"})
    answer = await api.send(listing, channel="email", subject="{{vehicle.vin}}")
    assert codes(answer) == [("channel", "no_connection"), ("subject", "missing_wildcard:vehicle.vin")]
    answer = await api.send(listing, channel="email", subject="{{vehicle.colour}}")
    assert codes(answer) == [("channel", "no_connection"), ("subject", "unknown_wildcard")]


async def test_an_email_takes_the_subject_of_its_template_unless_one_is_given(api: Api) -> None:
    listing = await make.listing(seller={"email": "dana@example.com"})
    template = await make.template(type="email", subject="Your {{vehicle.model}}", body="Hello")
    body = {"listing_id": str(listing.id), "channel": "email", "template_id": str(template.id)}
    assert (await api.post("/previews", body)).json()["subject"] == "Your Outback"
    assert (await api.post("/previews", body | {"subject": "Mine"})).json()["subject"] == "Mine"


async def test_a_preview_has_no_time(api: Api) -> None:
    body = {"listing_id": str((await make.listing()).id), "channel": "text", "body": "Hi", "send_at": None}
    assert codes(await api.post("/previews", body)) == [("send_at", "unknown_field")]


# One message


async def test_a_message_is_shown_with_its_attempts_and_receipts(api: Api) -> None:
    message = await make.message(state=State.UNDELIVERED, code="provider", reason="No carrier.", user=api.user)
    attempt = await make.attempt(message, api.connection)
    await Receipt.insert(
        Receipt(
            connection=api.connection.id,
            provider_id=attempt.provider_id,
            message=message.id,
            state="undelivered",
            reason="No carrier.",
        )
    )
    said = (await api.get(f"/messages/{message.id}")).json()
    assert (said["state"], said["reason"], said["code"]) == ("undelivered", "No carrier.", "provider")
    assert said["author"] == {"id": str(api.user.id), "name": api.user.name}
    assert [(each["n"], each["outcome"], each["provider"]) for each in said["attempts"]] == [(1, "accepted", "dialpad")]
    assert [(each["state"], each["reason"]) for each in said["receipts"]] == [("undelivered", "No carrier.")]


async def test_a_text_that_matched_no_listing_is_shown_too(api: Api) -> None:
    said = (await api.get(f"/messages/{(await make.unmatched()).id}")).json()
    assert (said["listing_id"], said["direction"], said["author"]) == (None, "in", None)


async def test_a_foreign_message_is_not_there(api: Api) -> None:
    foreign = await make.message(await make.listing(await make.account()))
    assert (await api.get(f"/messages/{foreign.id}")).status_code == 404
    assert (await api.delete(f"/messages/{foreign.id}/schedule")).status_code == 404
    assert (await api.get("/messages/nothing")).status_code == 404


@pytest.mark.parametrize("state", [State.PENDING, State.QUEUED, State.CLAIMED])
async def test_what_has_not_left_is_cancelled_and_stays_so(api: Api, state: State) -> None:
    message = await make.message(state=state)
    for _ in range(2):
        answer = await api.delete(f"/messages/{message.id}/schedule")
        assert (answer.status_code, answer.json()) == (200, {"id": str(message.id), "state": "cancelled"})
    said = (await api.get(f"/messages/{message.id}")).json()
    assert (said["state"], said["reason"]) == ("cancelled", f"Cancelled by {api.user.name}")


@pytest.mark.parametrize("state", [State.SENDING, State.ACCEPTED, State.DELIVERED, State.UNKNOWN, State.FAILED])
async def test_what_has_left_cannot_be_cancelled(api: Api, state: State) -> None:
    message = await make.message(state=state)
    answer = await api.delete(f"/messages/{message.id}/schedule")
    assert (answer.status_code, codes(answer)) == (409, [("", "already_left")])
    assert (await Message.objects().first()).state == state


async def test_an_agent_cancels_only_what_they_sent(api: Api) -> None:
    agent = await make.user(role=Role.AGENT)
    program = await api.with_scopes("messages:write", agent)
    listing = await make.listing()
    own = await make.message(listing, state=State.QUEUED, user=agent)
    colleagues = await make.message(listing, state=State.QUEUED, user=api.user)
    assert (await program.delete(f"/messages/{own.id}/schedule")).status_code == 200
    refused = await program.delete(f"/messages/{colleagues.id}/schedule")
    assert (refused.status_code, codes(refused)) == (403, [("", "no_permission")])


async def test_what_came_in_cannot_be_cancelled(api: Api) -> None:
    message = await make.message(direction="in")
    answer = await api.delete(f"/messages/{message.id}/schedule")
    assert (answer.status_code, codes(answer)) == (422, [("", "not_outbound")])

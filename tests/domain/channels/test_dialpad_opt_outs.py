"""People who said stop to Dialpad itself: what it answers, its own list, and what its refusals tell of a number."""

from typing import Any

import pytest

from domain.channels import dialpad_api as adapter
from domain.channels.base import Channel, ChannelError, Kind
from domain.channels.dialpad import Dialpad
from domain.channels.registry import CHANNELS
from domain.errors import Refused
from tests.domain.channels.local_servers import Scripted
from tests.domain.channels.test_dialpad import CREDENTIALS, PICTURE, outgoing, payload, refusal, send

COMPANY = "/api/v2/company/5000000000000001/smsoptout"


@pytest.fixture
def dialpad(provider: Scripted, monkeypatch: pytest.MonkeyPatch) -> Dialpad:
    monkeypatch.setattr(adapter, "LIST_PAUSE", 0.0)
    return Dialpad(provider.url, CREDENTIALS, "secret")


def entry(number: Any, state: str = "opted_out") -> dict[str, Any]:
    return {"external_endpoint": number, "opt_out_state": state, "date": 1738808741123}


def listed(*numbers: Any, cursor: str | None = None) -> dict[str, Any]:
    return {"cursor": cursor, "items": [entry(number) for number in numbers]}


async def pages(dialpad: Channel) -> list[list[str]]:
    return [page async for page in dialpad.opt_outs()]


# What it answers itself


@pytest.mark.parametrize("body", ["STOP", "stop", "sTOp", "UNSTOP", "HELP", "help"])
def test_dialpad_answers_its_three_commands_itself(body: str):
    assert Dialpad("https://dialpad.com", CREDENTIALS).answers(body)


@pytest.mark.parametrize(
    "body", ["STOP ", " stop", "STOP.", "“STOP”", "stop. thanks", "take me off your list", "START", "UNSUBSCRIBE", ""]
)
def test_it_answers_nothing_else_not_even_a_command_with_a_space(body: str):
    assert not Dialpad("https://dialpad.com", CREDENTIALS).answers(body)


def test_which_words_it_answers_is_an_option():
    dialpad = Dialpad("https://dialpad.com", CREDENTIALS, answered="STOP START")
    assert (dialpad.answers("start"), dialpad.answers("help")) == (True, False)


# Its list


async def test_the_list_of_the_keys_company_is_read_a_page_at_a_time(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, payload("users")).answers(200, listed("+16195550101", cursor="two"))
    provider.answers(200, listed("(619) 555-0102", "+16195550103"))

    assert await pages(dialpad) == [["+16195550101"], ["+16195550102", "+16195550103"]]

    assert [asked.path for asked in provider.asked] == ["/api/v2/users", COMPANY, COMPANY]
    assert provider.asked[1].query == {"opt_out_state": "opted_out"}
    assert provider.asked[2].query == {"opt_out_state": "opted_out", "cursor": "two"}


async def test_the_documented_answer_is_understood(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, payload("users")).answers(200, payload("opt_outs"))

    assert await pages(dialpad) == [["+16195550101", "+16195550102"]]


@pytest.mark.parametrize(
    "users",
    [
        {"items": []},
        {"items": [{"id": "1", "state": "active"}]},
        {"items": [{"company_id": "5000000000000001"}, {"company_id": 5000000000000002}]},
    ],
)
async def test_where_the_users_do_not_say_one_company_dialpad_is_asked(
    provider: Scripted, dialpad: Dialpad, users: dict[str, Any]
):
    provider.answers(200, users).answers(200, payload("company")).answers(200, listed())

    assert await pages(dialpad) == [[]]

    assert [asked.path for asked in provider.asked] == ["/api/v2/users", "/api/v2/company", COMPANY]


async def test_a_key_of_nobody_reads_no_list(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, {"items": []}).answers(200, {"name": "Harbor Motors"})

    with pytest.raises(ChannelError, match="does not say whose API key this is"):
        await pages(dialpad)


async def test_whoever_opted_in_again_is_passed_over_and_so_is_what_is_no_number(provider: Scripted, dialpad: Dialpad):
    odd = [None, 7, {}, entry(None), entry([]), entry("nobody"), entry("+16195550109", "opted_back_in")]
    provider.answers(200, payload("users")).answers(200, {"items": [*odd, entry("+16195550101")]})

    assert await pages(dialpad) == [["+16195550101"]]


async def test_a_cursor_that_leads_back_ends_the_list(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, payload("users")).answers(200, listed("+16195550101", cursor="a"))
    provider.answers(200, listed("+16195550102", cursor="b")).answers(200, listed("+16195550103", cursor="a"))

    assert len(await pages(dialpad)) == 3


async def test_a_list_without_end_is_not_taken_for_whole(
    provider: Scripted, dialpad: Dialpad, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(adapter, "LIST_PAGES", 2)
    provider.answers(200, payload("users"))
    for n in range(3):
        provider.answers(200, listed("+16195550101", cursor=f"page-{n}"))

    with pytest.raises(ChannelError, match="does not end"):
        await pages(dialpad)


async def test_too_many_requests_in_the_middle_are_waited_for(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, payload("users")).answers(200, listed("+16195550101", cursor="two"))
    provider.answers(429, headers={"Retry-After": "0.01"}).answers(429, headers={"Retry-After": "0.01"})
    provider.answers(200, listed("+16195550102"))

    assert await pages(dialpad) == [["+16195550101"], ["+16195550102"]]


async def test_patience_with_too_many_requests_ends(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, payload("users")).answers(429, headers={"Retry-After": "0.01"})

    with pytest.raises(ChannelError) as caught:
        await pages(dialpad)

    assert caught.value.kind is Kind.THROTTLED
    assert len(provider.asked) == 1 + adapter.LIST_PATIENCE + 1


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", [], {"items": "none"}, 7])
async def test_an_answer_that_is_no_list_is_an_error(provider: Scripted, dialpad: Dialpad, body: Any):
    provider.answers(200, payload("users")).answers(200, body if body != 7 else b"7")

    with pytest.raises(ChannelError, match="does not answer like Dialpad"):
        await pages(dialpad)


async def test_a_page_that_broke_may_be_asked_for_again(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, payload("users")).answers(500)

    with pytest.raises(ChannelError) as caught:
        await pages(dialpad)

    assert caught.value.kind is Kind.NEVER_CONNECTED


@pytest.mark.parametrize("kind", CHANNELS)
def test_who_says_that_it_keeps_a_list_hands_it_out(kind: str):
    channel = CHANNELS[kind]
    assert channel.keeps_opt_outs == (channel.opt_outs is not Channel.opt_outs)


# What a refusal tells of the number


@pytest.mark.parametrize(
    "words",
    [
        "The recipient has opted out.",
        "Recipient opted-out of messages from this number",
        "User is unsubscribed",
        "Message blocked by the recipient",
        "blocked by recipient",
    ],
)
@pytest.mark.parametrize("status", [400, 403, 409, 422])
async def test_a_refusal_because_the_recipient_said_stop_is_told_apart(
    provider: Scripted, dialpad: Dialpad, status: int, words: str
):
    provider.answers(status, {"error": {"message": words}})

    error = await refusal(dialpad)

    assert (error.kind, error.code, error.tells) == (Kind.PERMANENT, "opted_out", "opted_out")
    assert error.reason == f"Dialpad says: {words}"


@pytest.mark.parametrize("words", ["You have opted for another plan", "smsoptout is not allowed", "Not permitted"])
async def test_other_words_tell_nothing_of_the_number(provider: Scripted, dialpad: Dialpad, words: str):
    provider.answers(403, {"message": words})

    error = await refusal(dialpad)

    assert (error.code, error.tells) == ("403", "")


async def test_what_an_opted_out_recipient_looks_like_is_an_option(provider: Scripted):
    provider.answers(400, {"message": "Code 21610"})

    assert (await refusal(Dialpad(provider.url, CREDENTIALS, opted_out="21610"))).tells == "opted_out"
    with pytest.raises(Refused, match="opted-out pattern"):
        Dialpad(provider.url, CREDENTIALS, opted_out="(")


@pytest.mark.parametrize("result", ["invalid_destination", "no_route", "not_supported"])
async def test_a_number_that_gets_no_texts_is_told_apart(provider: Scripted, dialpad: Dialpad, result: str):
    provider.answers(200, payload("send_accepted") | {"message_status": "failed", "message_delivery_result": result})

    error = await refusal(dialpad)

    assert (error.kind, error.code, error.tells) == (Kind.PERMANENT, result, "untextable")


@pytest.mark.parametrize("result", ["rejected", "rejected_spam", "time_out", "internal_error", "invalid_source", None])
async def test_other_failures_tell_nothing_of_the_number(provider: Scripted, dialpad: Dialpad, result: str | None):
    provider.answers(200, payload("send_accepted") | {"message_status": "failed", "message_delivery_result": result})

    assert (await refusal(dialpad)).tells == ""


async def test_that_a_number_gets_no_pictures_is_not_that_it_gets_no_texts(provider: Scripted):
    said = payload("send_accepted") | {"message_status": "failed", "message_delivery_result": "not_supported"}
    provider.answers(200, said)

    error = await refusal(Dialpad(provider.url, CREDENTIALS, mms=True), outgoing(media=(PICTURE,)))

    assert (error.code, error.tells) == ("not_supported", "")


def test_receipts_tell_the_same(dialpad: Dialpad):
    said = payload("outbound_rejected")
    for result, mms, tells in (
        ("no_route", False, "untextable"),
        ("not_supported", False, "untextable"),
        ("not_supported", True, ""),
        ("rejected", False, ""),
    ):
        [receipt] = dialpad.parse(said | {"message_delivery_result": result, "mms": mms})
        assert receipt is not None
        assert receipt.tells == tells  # type: ignore[union-attr]


# From which number


async def test_an_answer_leaves_from_the_number_that_was_written_to(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, payload("send_accepted"))

    await send(dialpad, outgoing(from_address="+16195550144"))
    await send(dialpad)

    first, second = (asked.body for asked in provider.asked)
    assert (first["user_id"], first["from_number"]) == (4693435745845248, "+16195550144")
    assert "from_number" not in second

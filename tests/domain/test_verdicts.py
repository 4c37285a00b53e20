"""What the gate says of every way to a seller: the same as the window, the batch and the worker are told."""

from datetime import timedelta
from typing import Any

import pytest

from domain import clock, composing, judging, suppressions, verdicts
from domain.scenes import Scene
from domain.verdicts import Verdict
from tests import make
from tests.sending import Shop, shop

MOBILE, PHONE, MAIL = "+15205550117", "+15205550118", "dana@mail.example"


async def judged(dealer: Shop, scene: Scene) -> dict[tuple[str, str], Verdict]:
    found = await verdicts.of(scene)
    return {(verdict.channel, verdict.field): verdict for verdict in found}


def refused(verdict: Verdict, kind: str = "one_to_one") -> list[str]:
    return [each.code for each in verdict.decisions[kind].refusals]


async def test_every_channel_that_is_offered_and_both_numbers_are_judged(house: None) -> None:
    dealer = await shop()
    source = await make.source(dealer.account, "kbb", form_transport="email")
    listing = await make.listing(
        dealer.account, source=source, seller={"mobile": MOBILE, "phone": PHONE, "email": MAIL}
    )
    found = await judged(dealer, await dealer.scene(listing))
    assert list(found) == [("text", "mobile"), ("text", "phone"), ("email", ""), ("form", "")]
    assert [verdict.to for verdict in found.values()] == [MOBILE, PHONE, MAIL, listing.url]
    assert refused(found["text", "mobile"]) == refused(found["text", "phone"]) == []
    assert refused(found["email", ""]) == ["no_connection"]


@pytest.mark.parametrize(
    ("seller", "ways"),
    [
        ({"mobile": "", "phone": PHONE}, [("phone", PHONE)]),
        ({"mobile": MOBILE, "phone": MOBILE}, [("mobile", MOBILE)]),
        ({"mobile": "", "phone": ""}, [("", "")]),
    ],
)
async def test_a_number_is_judged_once_and_none_is_told(
    house: None, seller: dict[str, str], ways: list[tuple[str, str]]
) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account, seller=seller)
    found = await judged(dealer, await dealer.scene(listing))
    texts = [verdict for verdict in found.values() if verdict.channel == "text"]
    assert [(verdict.field, verdict.to) for verdict in texts] == ways
    assert refused(texts[0]) == ([] if ways[0][1] else ["no_contact"])


async def test_one_number_that_said_stop_stops_every_way_until_they_write_again(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account, seller={"mobile": MOBILE, "phone": PHONE, "email": MAIL})
    await make.opt_out(MOBILE, dealer.account)
    found = await judged(dealer, await dealer.scene(listing))
    assert refused(found["text", "mobile"]) == refused(found["text", "phone"]) == ["opted_out"]
    assert refused(found["email", ""]) == ["opted_out", "no_connection"]
    assert found["text", "mobile"].codes == {("opted_out", kind) for kind in verdicts.KINDS}
    assert found["text", "mobile"].said("opted_out").message == "This number asked not to get texts."
    assert found["text", "phone"].said("opted_out").message == "This seller asked not to get messages."
    await make.message(listing, direction="in", from_address=PHONE, at=clock.now() + timedelta(minutes=1))
    found = await judged(dealer, await dealer.scene(listing))
    assert refused(found["text", "phone"]) == []
    assert refused(found["text", "mobile"]) == refused(found["text", "phone"], "batch") == ["opted_out"]


async def test_one_address_that_is_not_to_be_contacted_stops_every_way_to_the_seller(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account, seller={"mobile": MOBILE, "phone": PHONE, "email": MAIL})
    await suppressions.dnc(dealer.account.id, [MAIL], "Wants no mail", user=await make.user(dealer.account))
    found = await judged(dealer, await dealer.scene(listing))
    assert refused(found["text", "mobile"]) == refused(found["text", "phone"]) == ["phone_dnc"]
    assert found["text", "phone"].said("phone_dnc").message == "This seller is on your do-not-contact list."
    assert found["email", ""].said("phone_dnc").message == "This address is on your do-not-contact list."


async def test_a_form_whose_seller_said_stop_is_refused_as_the_window_would(house: None) -> None:
    dealer = await shop()
    source = await make.source(dealer.account, "kbb", form_transport="email")
    listing = await make.listing(dealer.account, source=source)
    await make.opt_out(listing.url, dealer.account, channel="form")
    scene = await dealer.scene(listing)
    form = (await judged(dealer, scene))["form", ""]
    assert "opted_out" in refused(form)
    assert [each.code for each in (await composing.judge(scene, "form")).refusals] == refused(form)


@pytest.mark.parametrize("kind", verdicts.KINDS)
async def test_each_kind_is_judged_as_whoever_sends_it_judges(house: None, clock: Any, kind: str) -> None:
    """By the window's own question for one message, and by the one that batches and rules ask for many."""
    clock.set(clock.now().replace(hour=6))  # 23:00 in Tucson
    clock.freeze()
    dealer = await shop()
    listing = await make.listing(dealer.account, seller={"mobile": MOBILE, "email": MAIL, "postal_code": "85701"})
    scene = await dealer.scene(listing)
    found = await judged(dealer, scene)
    judge = await judging.judge(dealer.account, dealer.user, kind)
    [[row]] = [rows async for rows in judging.rows(dealer.account, [listing.id])]
    for (channel, field), verdict in found.items():
        ours = verdict.decisions[kind]
        theirs = judge.decide(row, channel, field)
        assert [each.code for each in ours.refusals] == [each.code for each in theirs.refusals], channel
        assert [each.code for each in ours.warnings] == [each.code for each in theirs.warnings], channel
        if kind != "batch":
            asked = await composing.judge(scene, channel, field, kind=kind)
            assert (ours.refusals, ours.warnings) == (asked.refusals, asked.warnings)
    night = found["text", "mobile"].decisions[kind]
    codes = [each.code for each in (night.warnings if kind == "one_to_one" else night.refusals)]
    assert codes[-1:] == ["quiet_hours"]

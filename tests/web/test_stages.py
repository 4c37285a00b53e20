"""Stage, assignment and following, from the page of a listing."""

import asyncio

import pytest

from domain import db, listings, stages, suppressions
from domain.audit import AuditEntry
from domain.errors import Refused
from domain.history import Event
from domain.listings import Follower, Listing, Stage
from domain.messages import Message
from domain.suppressions import DoNotContact
from tests import make
from tests.client import Client


async def row(listing: Listing) -> dict:
    return await Listing.select().where(Listing.id == listing.id).first()


async def test_a_new_stage_stands_in_the_history_and_the_audit_trail(agent_client: Client) -> None:
    listing = await make.listing()
    answer = await agent_client.submit(f"/listings/{listing.id}/stages", {"stage": "appointed"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/listings/{listing.id}")
    assert (await row(listing))["stage"] == "appointed"
    [event] = await Event.select().output(load_json=True)
    assert (event["kind"], event["user"]) == ("stage", agent_client.user.id)
    assert event["detail"] == {"old": "not_contacted", "new": "appointed"}
    assert await AuditEntry.count().where(AuditEntry.action == "stage.changed") == 1
    assert "The stage is “Appointed” now." in (await agent_client.get(f"/listings/{listing.id}")).text


async def test_the_same_stage_again_writes_nothing(agent_client: Client) -> None:
    listing = await make.listing(stage="contacted")
    await agent_client.submit(f"/listings/{listing.id}/stages", {"stage": "contacted"})
    assert not await Event.exists()
    assert (await row(listing))["main_user"] is None


async def test_htmx_gets_a_notice_and_the_word_that_the_history_changed(agent_client: Client) -> None:
    listing = await make.listing()
    answer = await agent_client.submit(f"/listings/{listing.id}/stages", {"stage": "contacted"}, htmx=True)
    assert answer.headers["hx-trigger"] == "history-changed"
    assert "The stage is “Contacted” now." in answer.text
    assert "<html" not in answer.text


async def test_a_stage_there_is_not_is_refused(agent_client: Client) -> None:
    listing = await make.listing()
    answer = await agent_client.submit(f"/listings/{listing.id}/stages", {"stage": "sold"})
    assert answer.status_code == 422
    assert (await row(listing))["stage"] == "not_contacted"


@pytest.mark.parametrize(("stage", "code"), [("pass", "stage_pass"), ("dnc", "stage_dnc"), ("acquired", "cancelled")])
async def test_a_stage_that_ends_it_cancels_what_waits_and_nothing_else(
    agent_client: Client, stage: str, code: str
) -> None:
    listing, other = await make.listing(), await make.listing()
    waiting = await make.message(listing, state="queued")
    sent = await make.message(listing, state="sent")
    elsewhere = await make.message(other, state="queued")
    await agent_client.submit(f"/listings/{listing.id}/stages", {"stage": stage})
    states = {message["id"]: (message["state"], message["code"]) for message in await Message.select()}
    assert states[waiting.id] == ("cancelled", code)
    assert states[sent.id][0] == "sent"
    assert states[elsewhere.id][0] == "queued"


async def test_the_first_who_changes_the_stage_becomes_main_user_and_stays_it(agent_client: Client) -> None:
    listing = await make.listing()
    await agent_client.submit(f"/listings/{listing.id}/stages", {"stage": "contacted"})
    async with await agent_client.signed_in(await make.user()) as second:
        await second.submit(f"/listings/{listing.id}/stages", {"stage": "appointed"})
    assert (await row(listing))["main_user"] == agent_client.user.id


async def test_of_many_at_once_one_becomes_main_user_and_every_step_is_told_truly(house: None) -> None:
    listing = await make.listing()
    people = [await make.user() for _ in range(6)]
    wanted = [Stage.CONTACTED, Stage.APPOINTED, Stage.SHOWN, Stage.NO_SHOW, Stage.APPRAISED, Stage.CONTACTED]
    await asyncio.gather(*(stages.change(listing, stage, who) for stage, who in zip(wanted, people, strict=True)))
    events = await Event.select().output(load_json=True)
    steps = {(event["detail"]["old"], event["detail"]["new"]) for event in events}
    assert all(old != new for old, new in steps)
    # Each step begins where another one ended: a chain from the first stage to the last.
    olds = sorted([event["detail"]["old"] for event in events] + [(await row(listing))["stage"]])
    news = sorted([event["detail"]["new"] for event in events] + ["not_contacted"])
    assert olds == news
    assert (await row(listing))["main_user"] in {who.id for who in people}


async def test_only_a_manager_lifts_do_not_contact(agent_client: Client, manager_client: Client) -> None:
    listing = await make.listing(stage="dnc")
    answer = await agent_client.submit(f"/listings/{listing.id}/stages", {"stage": "contacted"})
    assert answer.status_code == 403
    assert "Only a manager" in answer.text
    assert (await row(listing))["stage"] == "dnc"
    await manager_client.submit(f"/listings/{listing.id}/stages", {"stage": "contacted", "reason": "He called us"})
    assert (await row(listing))["stage"] == "contacted"


async def listed() -> dict[str, str]:
    """address -> source of those on the list of whom nobody contacts."""
    rows = await DoNotContact.select().where(DoNotContact.lifted_at.is_null())
    return {row["address"]: row["source"] for row in rows}


async def test_do_not_contact_reaches_every_listing_of_the_seller(agent_client: Client) -> None:
    seller = {"mobile": "+15205550142", "phone": "+15205550143", "email": "Dana@Seller.example"}
    listing, other = await make.listing(seller=seller), await make.listing(seller=seller)
    waiting = await make.message(other, state="queued", to_address="+15205550142")
    await agent_client.submit(f"/listings/{listing.id}/stages", {"stage": "dnc"})
    assert await listed() == dict.fromkeys(("+15205550142", "+15205550143", "dana@seller.example"), "stage")
    assert (await Message.select().where(Message.id == waiting.id).first())["state"] == "cancelled"
    assert (await row(other))["stage"] == "not_contacted"


async def test_do_not_contact_of_a_seller_nobody_knows_lists_nobody(agent_client: Client) -> None:
    listing = await make.listing(seller={"mobile": ""})
    await agent_client.submit(f"/listings/{listing.id}/stages", {"stage": "dnc"})
    assert (await row(listing))["stage"] == "dnc"
    assert await listed() == {}


async def test_a_manager_is_asked_why_before_do_not_contact_is_lifted(manager_client: Client) -> None:
    listing = await make.listing()
    url = f"/listings/{listing.id}/stages"
    await manager_client.submit(url, {"stage": "dnc"})
    asked = await manager_client.submit(url, {"stage": "contacted"})
    assert asked.status_code == 200
    assert 'name="stage" value="contacted"' in asked.text
    assert 'id="errors"' not in asked.text
    for reason in ("", "  ", "x" * 501):
        answer = await manager_client.submit(url, {"stage": "contacted", "reason": reason})
        assert answer.status_code == 422
        assert 'id="f-reason-err"' in answer.text
    assert (await row(listing))["stage"] == "dnc"
    assert await listed()
    await manager_client.submit(url, {"stage": "contacted", "reason": "She called us back"})
    assert (await row(listing))["stage"] == "contacted"
    assert await listed() == {}
    assert (await DoNotContact.select().first())["lift_reason"] == "She called us back"
    entry = await AuditEntry.select().where(AuditEntry.reason == "She called us back").order_by(AuditEntry.at).first()
    assert entry["action"] == "stage.changed"


async def test_lifting_leaves_what_this_listing_did_not_put_there(manager_client: Client) -> None:
    listing = await make.listing(seller={"mobile": "+15205550142", "phone": "+15205550143"})
    await suppressions.dnc(listing.account, ["+15205550142"], "A lawyer wrote")
    await manager_client.submit(f"/listings/{listing.id}/stages", {"stage": "dnc"})
    await manager_client.submit(f"/listings/{listing.id}/stages", {"stage": "pass", "reason": "A mistake"})
    assert await listed() == {"+15205550142": "manual"}


async def test_lifting_one_of_two_listings_keeps_the_seller_listed_until_the_other_is_lifted(
    manager_client: Client,
) -> None:
    seller = {"mobile": "+15205550142", "email": "Dana@Seller.example"}
    one, two = await make.listing(seller=seller), await make.listing(seller=seller)
    for listing in (one, two):
        await manager_client.submit(f"/listings/{listing.id}/stages", {"stage": "dnc"})
    lift = {"stage": "contacted", "reason": "She called"}
    await manager_client.submit(f"/listings/{one.id}/stages", lift)
    assert set(await listed()) == {"+15205550142", "dana@seller.example"}
    await manager_client.submit(f"/listings/{two.id}/stages", lift)
    assert await listed() == {}


async def test_of_several_listings_lifted_at_once_none_keeps_the_seller_listed(house: None) -> None:
    manager = await make.user(role="manager")
    ads = [await make.listing(seller={"mobile": "+15205550142"}) for _ in range(5)]
    await asyncio.gather(*(stages.change(listing, "dnc", manager) for listing in ads))
    assert await listed() == {"+15205550142": "stage"}
    await asyncio.gather(*(stages.change(listing, "contacted", manager, "She called") for listing in ads))
    assert await listed() == {}


async def test_stages_and_a_seller_who_says_stop_do_not_wait_for_each_other(house: None) -> None:
    listing, user = await make.listing(), await make.user(role="manager")
    seller = await make.seller_of(listing)

    async def says_stop() -> None:  # in the order of the inbox
        async with db.writing():
            await stages.lock(listing.id)
            await suppressions.opt_out(listing.account, seller.mobile, "STOP", None)

    steps = ["dnc", "contacted", "pass", "dnc", "acquired", "contacted"] * 2
    done = await asyncio.gather(
        *(stages.change(listing, stage, user, "because") for stage in steps),
        *(says_stop() for _ in range(4)),
        return_exceptions=True,
    )
    assert [each for each in done if isinstance(each, Exception)] == []
    assert bool(await listed()) == ((await row(listing))["stage"] == "dnc")


async def test_a_stage_whose_history_cannot_be_written_does_not_change(
    house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise Refused("no")

    listing, user = await make.listing(), await make.user()
    message = await make.message(listing, state="queued")
    monkeypatch.setattr("domain.messages.cancel_for_listing", fails)
    with pytest.raises(Refused):
        await stages.change(listing, "pass", user)
    assert (await row(listing))["stage"] == "not_contacted"
    assert not await Event.exists()
    assert (await Message.select().where(Message.id == message.id).first())["state"] == "queued"


async def test_people_are_assigned_and_it_is_told(agent_client: Client) -> None:
    listing = await make.listing()
    main, second = await make.user(name="Mia Main"), await make.user()
    data = {"main_user_id": str(main.id), "secondary_user_id": str(second.id)}
    await agent_client.submit(f"/listings/{listing.id}/assignments", data)
    now = await row(listing)
    assert (now["main_user"], now["secondary_user"]) == (main.id, second.id)
    [event] = await Event.select().output(load_json=True)
    assert (event["kind"], event["detail"]) == ("assigned", {"name": "Mia Main"})
    await agent_client.submit(f"/listings/{listing.id}/assignments", {"main_user_id": "", "secondary_user_id": ""})
    assert (await row(listing))["main_user"] is None


async def test_inactive_foreign_reading_and_made_up_people_cannot_be_picked(agent_client: Client) -> None:
    listing = await make.listing()
    for nobody in (
        await make.user(active=False),
        await make.user(await make.account()),
        await make.user(role="support"),
    ):
        answer = await agent_client.submit(
            f"/listings/{listing.id}/assignments", {"main_user_id": str(nobody.id), "secondary_user_id": ""}
        )
        assert answer.status_code == 422
    answer = await agent_client.submit(f"/listings/{listing.id}/assignments", {"main_user_id": "x"})
    assert answer.status_code == 422
    assert (await row(listing))["main_user"] is None


async def test_somebody_inactive_who_is_assigned_may_stay(agent_client: Client) -> None:
    gone, second = await make.user(active=False), await make.user()
    listing = await make.listing(main_user=gone.id)
    data = {"main_user_id": str(gone.id), "secondary_user_id": str(second.id)}
    assert (await agent_client.submit(f"/listings/{listing.id}/assignments", data)).status_code == 303
    assert (await row(listing))["secondary_user"] == second.id


async def test_main_and_secondary_user_are_two_people(agent_client: Client) -> None:
    listing, one = await make.listing(), await make.user()
    data = {"main_user_id": str(one.id), "secondary_user_id": str(one.id)}
    assert (await agent_client.submit(f"/listings/{listing.id}/assignments", data)).status_code == 422


async def test_following_twice_is_following_once_and_unfollowing_ends_it(agent_client: Client) -> None:
    listing = await make.listing()
    for _ in range(2):
        await agent_client.submit(f"/listings/{listing.id}/follows")
    assert await Follower.count() == 1
    assert agent_client.user.name in {
        each["name"] for each in await listings.team(listing.account, listing.id) if each["follows"]
    }
    await agent_client.submit(f"/listings/{listing.id}/follows/deletion")
    assert not await Follower.exists()

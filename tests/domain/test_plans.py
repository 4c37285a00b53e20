"""Which plan includes what."""

import pytest

from domain import plans, sessions
from domain.accounts import PlanFeature, Tier
from domain.errors import Refused
from tests import make


async def test_by_default_standard_includes_nothing_and_the_others_everything(house: None) -> None:
    await plans.seed()
    table = await plans.table()
    assert table[Tier.STANDARD] == frozenset()
    assert table[Tier.PROFESSIONAL] == table[Tier.ACCELERATED] == {feature.slug for feature in plans.FEATURES}


async def test_seeding_again_keeps_what_was_changed(house: None) -> None:
    await plans.seed()
    await PlanFeature.update({PlanFeature.included: True}).where(
        (PlanFeature.tier == "standard") & (PlanFeature.feature == "dialpad")
    )
    await plans.seed()
    assert await plans.includes(await make.account(tier="standard"), "dialpad")
    assert await PlanFeature.count() == len(Tier) * len(plans.FEATURES)


async def test_the_table_is_read_once_in_half_a_minute(
    house: None, count_queries, monkeypatch: pytest.MonkeyPatch
) -> None:
    await plans.seed()
    account = await make.account()
    with count_queries() as queries:
        for _ in range(5):
            await plans.includes(account, "messaging")
        assert queries.count == 1
        ahead = plans.monotonic() + 31
        monkeypatch.setattr(plans, "monotonic", lambda: ahead)
        await plans.includes(account, "messaging")
        assert queries.count == 2


@pytest.mark.parametrize("left", [{feature.slug for feature in plans.FEATURES}, {"dialpad"}, set()], ids=len)
@pytest.mark.parametrize("by", ["a session", "a token"])
async def test_the_table_comes_along_when_somebody_says_who_they_are(
    house: None, count_queries, by: str, left: set[str]
) -> None:
    await plans.seed()
    for feature in plans.FEATURES:
        if feature.slug not in left:
            await PlanFeature.update({PlanFeature.included: False}).where(PlanFeature.feature == feature.slug)
    user = await make.user()
    token = await sessions.add_token(user, "messages:read")
    _, cookie = await make.session(user)
    with count_queries() as queries:
        known = await (sessions.resume(cookie) if by == "a session" else sessions.bearer(token))
        asked = queries.count
        came = await plans.table()
        assert queries.count == asked
    assert known
    assert known.user.id == user.id
    assert came == {Tier.STANDARD: set(), Tier.PROFESSIONAL: left, Tier.ACCELERATED: left}


async def test_while_the_table_is_kept_it_does_not_come_along(house: None, count_queries) -> None:
    await plans.seed()
    _, cookie = await make.session(await make.user())
    with count_queries() as queries:
        for _ in range(3):
            await sessions.resume(cookie)
    assert ["plan_feature" in statement for statement in queries.statements] == [True, False, False]


async def test_a_page_does_not_run_out_of_the_table_midway(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    await plans.seed()
    _, cookie = await make.session(await make.user())
    await sessions.resume(cookie)
    soon, late = plans.monotonic() + 29, plans.monotonic() + 31
    monkeypatch.setattr(plans, "monotonic", lambda: soon)
    await sessions.resume(cookie)
    monkeypatch.setattr(plans, "monotonic", lambda: late)
    assert plans.along() == ""


async def test_what_a_plan_lacks_is_refused_with_the_code_of_the_gate(house: None) -> None:
    await plans.seed()
    with pytest.raises(Refused) as refused:
        await plans.require(await make.account(tier="standard"), "dialpad")
    assert refused.value.code == "tier"

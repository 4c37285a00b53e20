"""Which plan includes what."""

import pytest

from domain import plans
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
    with count_queries() as queries:
        await plans.includes(account, "messaging")
    assert queries.count == 1


async def test_what_a_plan_lacks_is_refused_with_the_code_of_the_gate(house: None) -> None:
    await plans.seed()
    with pytest.raises(Refused) as refused:
        await plans.require(await make.account(tier="standard"), "dialpad")
    assert refused.value.code == "tier"

"""Sites by the names that people and imports give them."""

import pytest

from domain import db, sources
from domain.sources import Source
from tests import make


@pytest.mark.parametrize("name", ["facebook", "Facebook Marketplace", "FACEBOOK  marketplace"])
async def test_a_well_known_site_is_one_by_its_short_and_its_whole_name(house: None, name: str) -> None:
    account = await make.account()
    async with db.writing():
        first = await sources.named(account.id, "facebook")
        again = await sources.named(account.id, name)
    assert (again.id, again.slug, again.name) == (first.id, "facebook", "Facebook Marketplace")
    assert await Source.count() == 1


async def test_a_site_that_was_there_by_another_slug_stays_what_it_is(house: None) -> None:
    account = await make.account()
    old = await make.source(account, "facebook-marketplace")
    async with db.writing():
        assert (await sources.named(account.id, "Facebook Marketplace")).id == old.id
    assert await Source.count() == 1

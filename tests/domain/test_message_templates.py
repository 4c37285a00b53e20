"""Saved wordings: who may pick which, and the shipped ones kept up to date without losing a version."""

import asyncio
from dataclasses import replace

import pytest

from domain import clock, message_templates
from domain.errors import NotFound
from domain.message_templates import MessageTemplate, TemplateVersion
from domain.shipped_templates import SHIPPED
from tests import make


async def names(account, user, channel: str = "text") -> list[str]:
    return [row["name"] for row in await message_templates.offered(account.id, user.id, channel)]


async def test_the_selector_shows_own_then_global_then_shipped_ones_and_nobody_elses(house):
    account, stranger = await make.account(), await make.account()
    user, colleague = await make.user(account), await make.user(account)
    await message_templates.seed()
    await make.template(account, name="Everybody's")
    await make.template(account, name="Mine", scope="local", owner=user.id)
    await make.template(account, name="A colleague's", scope="local", owner=colleague.id)
    await make.template(stranger, name="A stranger's")
    await make.template(account, name="An email", type="email")
    await make.template(account, name="Put away", archived_at=clock.now())
    shipped = [each.name for each in SHIPPED if each.type == "text"]
    assert await names(account, user) == ["Mine", "Everybody's", *shipped]
    assert await names(account, user, "email") == ["An email"]


async def test_only_a_template_one_may_pick_gives_its_words(house):
    account, stranger = await make.account(), await make.account()
    user, colleague = await make.user(account), await make.user(account)
    mine = await make.template(account, body="Mine", scope="local", owner=user.id)
    assert (await message_templates.wording(account.id, user.id, mine.id)).body == "Mine"
    for who in (colleague, await make.user(stranger)):
        with pytest.raises(NotFound):
            await message_templates.wording(who.account, who.id, mine.id)


async def test_the_words_are_those_of_the_current_version(house):
    account = await make.account()
    user, template = await make.user(account), await make.template(account, body="First")
    await TemplateVersion.update({TemplateVersion.current: False}).where(TemplateVersion.template == template.id)
    second = TemplateVersion(template=template.id, n=2, body="Second")
    await TemplateVersion.insert(second)
    assert (await message_templates.wording(account.id, user.id, template.id)).id == second.id
    assert [row["body"] for row in await message_templates.offered(account.id, user.id, "text")] == ["Second"]


async def test_shipping_again_changes_nothing(house):
    await message_templates.seed()
    await message_templates.seed()
    assert await MessageTemplate.count() == len(SHIPPED)
    assert await TemplateVersion.count() == len(SHIPPED)


async def test_several_processes_may_ship_at_once(house):
    await asyncio.gather(*(message_templates.seed() for _ in range(4)))
    assert await MessageTemplate.count() == len(SHIPPED)
    assert await TemplateVersion.count() == len(SHIPPED)


async def test_a_shipped_wording_that_changed_gets_a_new_version_and_keeps_the_old(house, monkeypatch):
    await message_templates.seed()
    first = SHIPPED[0]
    changed = replace(first, body="New words for {{vehicle.title}}?")
    monkeypatch.setattr(message_templates, "SHIPPED", (changed, *SHIPPED[1:]))
    await asyncio.gather(*(message_templates.seed() for _ in range(4)))
    rows = await TemplateVersion.objects().where(TemplateVersion.template == first.id).order_by(TemplateVersion.n)
    assert [(row.n, row.body, row.current) for row in rows] == [(1, first.body, False), (2, changed.body, True)]
    assert await TemplateVersion.count() == len(SHIPPED) + 1

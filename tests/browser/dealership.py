"""A dealership on a running site, ready to text through the simulator, for the tests with browsers."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from domain import connections, drafts, suppressions
from domain.accounts import Account
from domain.connections import Connection
from domain.drafts import Writing
from domain.listings import Listing, search_words
from domain.messages import Message
from domain.users import User
from tests import make
from tests.browser.page import Page
from tests.site import Site

_count = itertools.count(1)


@dataclass
class Dealership:
    """An account with an agent. `number` is the agent's at the provider; `connection` is None when there is none."""

    site: Site
    account: Account
    agent: User
    number: str
    connection: Connection | None = None

    async def listing(self, **values: Any) -> Listing:
        """A 2019 Subaru Outback of Dana Reyes, who has one number, a mobile."""
        person = {"first_name": "Dana", "last_name": "Reyes", **values.pop("seller", {})}
        named = {"make": "Subaru", "model": "Outback", **values}
        values["search"] = " ".join(search_words(named["make"], named["model"], *person.values()))
        async with self.site.opened():
            return await make.listing(self.account, seller=person, **values)

    async def mobile(self, listing: Listing) -> str:
        async with self.site.opened():
            return (await make.seller_of(listing)).mobile

    async def signed_in(self, page: Page, user: User | None = None) -> None:
        """In this browser the agent, or somebody else, is signed in."""
        async with self.site.opened():
            page.sign_in(await self.site.cookie(user or self.agent))

    async def signed_in_here(self, page: Page) -> None:
        """The agent signs in again in another tab, while this page stays open."""
        async with self.site.opened():
            name, value = await self.site.cookie(self.agent)
        page.driver.add_cookie({"name": name, "value": value, "path": "/", "httpOnly": True, "sameSite": "Lax"})

    async def messages(self, listing: Listing) -> list[Message]:
        """Every message of the listing, oldest first."""
        async with self.site.opened():
            return await Message.objects().where(Message.listing == listing.id).order_by(Message.at)

    async def drafted(self, listing: Listing, body: str) -> None:
        """The agent wrote this on another device meanwhile."""
        async with self.site.opened():
            saved = await drafts.of(self.agent.id, listing.id)
            await drafts.save(self.agent, listing, Writing(body=body), saved.revision if saved else 0)

    async def opted_out(self, listing: Listing) -> None:
        """Waits until the worker has read the seller's STOP."""
        mobile = await self.mobile(listing)
        async with asyncio.timeout(10), self.site.opened():
            while not await suppressions.opted_out(self.account.id, mobile):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)

    def texts_to(self, mobile: str) -> list[str]:
        """What the carrier took for this phone, oldest first."""
        return [text["text"] for text in self.site.simulator.messages(to=mobile)]


@asynccontextmanager
async def opened(
    site: Site,
    *,
    role: str = "agent",
    undo_seconds: int = 0,
    connected: bool = True,
    linked: bool = True,
    **account: Any,
) -> AsyncIterator[Dealership]:
    """`connected`: Dialpad is; `linked`: the agent has a Dialpad account. Windows begin empty, unless the dealership
    `introduces_itself` in first texts. At the end the provider is told to call no
    more, so that later dealerships on this site hear only of their own, and its switches are as at the start."""
    n = next(_count)
    async with site.opened():
        number = make.phone()
        usual = {"name": f"Harbor Auto Buyers {n}", "tier": "professional", "introduces_itself": False}
        made = await make.account(**{**usual, **account})
        email = f"maya{n}@harborauto.example"
        agent = await make.user(made, role, name="Maya Ortiz", email=email, undo_seconds=undo_seconds)
        if linked:
            site.simulator.add_users(
                {
                    "id": 5_000_000_000_000_000 + n,
                    "display_name": agent.name,
                    "emails": [agent.email],
                    "phone_numbers": [number],
                }
            )
        dealership = Dealership(site, made, agent, number)
        if connected:
            key, url = site.simulator.key, site.simulator.url
            dealership.connection, _ = await connections.connect(made.id, agent.id, "dialpad", {"api_key": key}, url)
            assert dealership.connection.hook_id, dealership.connection.last_error
    try:
        yield dealership
    finally:
        site.simulator.as_usual()
        async with site.opened():
            if dealership.connection and (installed := await connections.current(made.id, "dialpad")):
                await connections.disconnect(installed, agent.id)

"""A rightly signed event may be broken all the same: what can be kept of it is, and every page opens."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import clock
from domain.channels.base import Bounce, Incoming, IncomingFile, ReadUntil, Receipt, Stopped
from domain.inbox.plausible import made_good
from domain.messages import Message
from tests import make
from tests.client import Client
from tests.sending import shop

YEAR_ONE, FAR = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize("at", [YEAR_ONE, datetime(1970, 1, 1, tzinfo=UTC), FAR])
def test_a_time_that_cannot_be_is_now_and_all_words_can_be_stored(clock: Any, at: datetime) -> None:
    now = clock.freeze()
    half = "half \udfff\0"
    file = IncomingFile(half, half, half)
    for said in (
        Incoming(half, half, half, half, at, (file,), half, half, half, references=(half,), about=half),
        Receipt(half, "sent", half, at, body=half),
        ReadUntil(half, at),
        Bounce(half, half, at),
        Stopped(half, half, at),
    ):
        good = made_good(said)
        assert good.at == now
        assert "\\udfff" not in repr(good)
        assert "\\x00" not in repr(good)
        assert repr(good).count("'half ?'") == repr(said).count("half ")


@pytest.mark.parametrize("ago", [timedelta(hours=-2), timedelta(0), timedelta(days=3000)])
def test_a_time_that_can_be_stays(clock: Any, ago: timedelta) -> None:
    at = clock.freeze() - ago
    assert made_good(ReadUntil("x", at)) == ReadUntil("x", at)


@pytest.mark.parametrize("milliseconds", [-62135596800000, 253402300799000])
async def test_the_page_of_a_vehicle_opens_whenever_its_seller_is_said_to_have_written(
    agent_client: Client, milliseconds: int
) -> None:
    assert agent_client.user
    dealer = await shop(account=agent_client.user.account)
    listing = await make.listing(dealer.account, seller={"mobile": "+15205550123"})
    await dealer.hook(**dealer.inbound("+15205550123", "Still there", created_date=milliseconds))
    for url in (f"/listings/{listing.id}", f"/listings/{listing.id}/history"):
        page = await agent_client.get(url)
        assert page.status_code == 200
        assert "Still there" in page.text
    message = await Message.objects().get(Message.listing == listing.id)
    assert message is not None
    assert abs(message.at - clock.now()) < timedelta(minutes=1)

"""A test message to oneself: by the gate and the adapter, kept, and never to a seller."""

from typing import Any

import pytest

from domain import clock, connections, plans, suppressions, trials, unmatched
from domain.attempts import Attempt
from domain.audit import AuditEntry
from domain.channels.base import Accepted, ChannelError, Kind, Outgoing, Receipt, Sender
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState
from domain.errors import Refused
from domain.inbox import ProviderEvent
from domain.inbox.reported import heed
from domain.messages import Message
from domain.users import Role, User
from tests import make
from tests.sending import OUR_NUMBER, SENDER, Provider, Shop, shop

MINE = "+15205550190"


class Carries(Provider):
    kind = "dialpad"
    feature = "dialpad"
    name = "Dialpad"
    took: list[Outgoing] = []  # noqa: RUF012 - of this test
    known: Sender | None = Sender(SENDER, "Robin", (OUR_NUMBER,))
    fault: ChannelError | None = None

    async def find_sender(self, email: str) -> Sender | None:
        return Carries.known

    async def answer(self, outgoing: Outgoing) -> Accepted:
        if Carries.fault:
            raise Carries.fault
        Carries.took.append(outgoing)
        return Accepted("p-1", from_address=OUR_NUMBER)


@pytest.fixture(autouse=True)
def dialpad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHANNELS, "dialpad", Carries)
    Carries.took, Carries.fault, Carries.known = [], None, Sender(SENDER, "Robin", (OUR_NUMBER,))


async def ready() -> tuple[Shop, User]:
    house = await shop(kind="dialpad")
    return house, await make.user(house.account, role=Role.ADMIN, phone=MINE)


async def send(house: Shop, user: User) -> trials.Trial:
    return await trials.send(house.account, house.connection, user)


async def kept() -> dict[str, Any]:
    row: dict[str, Any] = await Message.select().first()
    return row


async def test_it_goes_to_ones_own_number_marked_and_is_kept_with_the_gates_decision(house: None) -> None:
    here, user = await ready()
    trial = await send(here, user)
    assert trial.ok
    assert "+1 520 555 0190" in trial.sentence
    [taken] = Carries.took
    assert taken.to == MINE
    assert taken.body.startswith("TEST")
    row = await kept()
    assert (row["kind"], row["state"], row["listing"], row["provider_id"]) == ("test", "accepted", None, "p-1")
    attempt = await Attempt.select().output(load_json=True).first()
    assert (attempt["outcome"], attempt["provider_id"], attempt["decision"]["codes"]) == ("accepted", "p-1", [])
    assert attempt["decision"]["facts"]["kind"] == "test"
    assert await AuditEntry.exists().where(AuditEntry.action == "connection.tested")


async def test_it_is_nowhere_among_the_unmatched(house: None) -> None:
    here, user = await ready()
    await send(here, user)
    assert await unmatched.count(here.account.id) == 0
    assert (await unmatched.page(here.account.id, discarded=True))[0] == []


async def test_what_the_provider_tells_of_it_later_is_told_of_the_test(house: None) -> None:
    here, user = await ready()
    await send(here, user)
    event = ProviderEvent(connection=here.connection.id, event_key="k", payload="{}")
    await ProviderEvent.insert(event)
    said = Receipt("p-1", "delivered", "", clock.now(), to=MINE, sender=SENDER, from_address=OUR_NUMBER, body="TEST")
    assert await heed(here.connection, event, said) is None
    assert (await kept())["state"] == "delivered"
    assert await Message.count() == 1


async def test_it_never_goes_to_a_seller(house: None) -> None:
    here, user = await ready()
    await make.listing(here.account, seller={"phone": MINE})
    with pytest.raises(Refused, match="never goes to a seller"):
        await send(here, user)
    assert Carries.took == []
    assert not await Message.exists()


async def test_the_gate_keeps_it_back_as_any_other(house: None) -> None:
    here, user = await ready()
    Carries.known = None
    with pytest.raises(Refused, match="No Dialpad account found"):
        await send(here, user)
    Carries.known = Sender(SENDER, "Robin", (OUR_NUMBER,))
    await suppressions.opt_out(here.account.id, MINE, "STOP", None)
    with pytest.raises(Refused) as refused:
        await send(here, user)
    assert refused.value.code == "opted_out"
    assert Carries.took == []


async def test_without_the_plan_nothing_is_tested(house: None) -> None:
    here, user = await ready()
    here.account.tier = "standard"
    with pytest.raises(Refused) as refused:
        await send(here, user)
    assert refused.value.code in ("tier", "no_connection")
    assert await plans.includes(here.account, "messaging") is False


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (ChannelError("Too many.", Kind.THROTTLED, retry_after=5), "failed"),
        (ChannelError("The line broke.", Kind.UNKNOWN), "unknown"),
        (ChannelError("No.", Kind.PERMANENT), "failed"),
    ],
    ids=["throttled", "unknown", "permanent"],
)
async def test_a_fault_is_told_in_the_providers_words_and_nothing_is_tried_again(
    house: None, fault: ChannelError, state: str
) -> None:
    here, user = await ready()
    Carries.fault = fault
    trial = await send(here, user)
    assert (trial.ok, trial.sentence) == (False, fault.reason)
    row = await kept()
    assert (row["state"], row["reason"]) == (state, fault.reason)
    assert await here.claim() == []


async def test_a_refused_key_breaks_the_connection_as_any_other_message_would(house: None) -> None:
    here, user = await ready()
    Carries.fault = ChannelError("The key is no good.", Kind.CONNECTION_BROKEN)
    assert not (await send(here, user)).ok
    found = await connections.by_id(here.connection.id)
    assert found is not None
    assert found.state == ConnectionState.BROKEN


async def test_whoever_has_no_number_or_no_right_hears_so(house: None) -> None:
    here, _ = await ready()
    with pytest.raises(Refused, match="mobile number into your profile"):
        await send(here, await make.user(here.account, role=Role.ADMIN, phone=""))
    with pytest.raises(Refused, match="role"):
        await send(here, await make.user(here.account, phone=MINE))
    assert not await Connection.exists().where(Connection.last_error != "")

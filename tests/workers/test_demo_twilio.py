"""The second sample dealership texts through the simulator's Twilio."""

from pathlib import Path
from typing import Any

import pytest

from domain import connections, seeds
from domain.accounts import Account
from domain.connections import Connection, ConnectionState
from domain.listings import Listing
from domain.seeds import lakeside
from tests.simulator import running_simulator
from workers.simulator.twilio import ACCOUNT, NUMBER, TOKEN


def test_the_seeds_know_the_simulators_account():
    assert lakeside.TWILIO == {"account_sid": ACCOUNT, "auth_token": TOKEN, "from_number": NUMBER}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_second_dealership_is_ready_to_text_by_twilio(
    house: None, configure: Any, tmp_path: Path, data_dir: Path
) -> None:
    configure(LOTWIRE_PUBLIC_URL="http://lotwire.example")
    with running_simulator(tmp_path / "simulator", arguments=("--api-key", seeds.API_KEY)) as simulator:
        people = await seeds.demo(simulator.url)
        account = await Account.objects().get(Account.slug == "lakeside")
        assert account
        connection = await Connection.objects().get(Connection.account == account.id)
        assert connection
        assert (connection.kind, connection.state) == ("twilio", ConnectionState.CONNECTED)
        assert connection.hook_id.startswith("PN")
        assert await connections.recheck(connection) == ""
    assert people[-1]["email"] == "nora@lakesideauto.example"
    assert await Listing.count().where(Listing.account == account.id) == lakeside.CARS
    assert await Account.count() == 2

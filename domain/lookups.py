"""What kind of line a number is: asked of a provider that looks them up, once in 90 days, before they are texted."""

from datetime import timedelta
from uuid import UUID

from domain import clock, connections, number_facts
from domain.channels.base import Channel, ChannelError, Kind
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState
from domain.errors import Refused, Unavailable
from domain.number_facts import NumberFact

KNOWN_FOR = timedelta(days=90)
DRAFTS = timedelta(days=1)  # how long after somebody last worked at a batch its numbers are wanted
AT_ONCE = 20
NO_NUMBER = "No carrier has this number. Correct it, or try another."


async def due() -> list[UUID]:
    """Connections by which numbers are looked up."""
    found = await Connection.objects().where(Connection.state == ConnectionState.CONNECTED)
    wanted = []
    for each in found:
        try:
            if each.kind in CHANNELS and connections.adapter(each).looks_up():
                wanted.append(each.id)
        except (Refused, Unavailable):  # its credentials are not whole, or cannot be unsealed
            continue
    return wanted


async def look_up(connection_id: UUID) -> int:
    """Asks about the numbers of batches and of what is about to leave; how many. Ends at the first that the provider
    does not answer: the next round goes on there."""
    connection = await connections.by_id(connection_id)
    if connection is None or connection.state != ConnectionState.CONNECTED:
        return 0
    provider, asked = connections.adapter(connection), 0
    for number in await _wanted(connection):
        if not await _ask(connection, provider, number):
            break
        asked += 1
    return asked


async def _wanted(connection: Connection) -> list[str]:
    """Those that are not known, those about to leave first."""
    known = "SELECT 1 FROM number_fact f WHERE f.account = {} AND f.address = w.address AND f.looked_up_at > {}"
    rows = await NumberFact.raw(
        f"""SELECT w.address FROM (
              SELECT m.to_address AS address, 0 AS n FROM message m
              WHERE m.connection = {{}} AND m.state IN ('queued', 'pending') AND m.channel = 'text'
                AND m.kind <> 'answer' AND m.to_address <> ''
              UNION
              SELECT CASE b.to_field WHEN 'phone' THEN p.phone ELSE p.mobile END AS address, 1 AS n
              FROM batch b JOIN batch_listing x ON x.batch = b.id JOIN seller p ON p.listing = x.listing
              WHERE b.account = {{}} AND b.state IN ('draft', 'expanding') AND b.changed_at > {{}}
                AND b.channel IN ('auto', 'text')) AS w
            WHERE w.address <> '' AND NOT EXISTS ({known})
            GROUP BY w.address ORDER BY MIN(w.n), w.address LIMIT {{}}""",  # noqa: S608 - fixed words
        connection.id,
        connection.account,
        clock.now() - DRAFTS,
        connection.account,
        clock.now() - KNOWN_FOR,
        AT_ONCE,
    )
    return [row["address"] for row in rows]


async def _ask(connection: Connection, provider: Channel, number: str) -> bool:
    """False when the provider cannot be asked just now."""
    try:
        line, carrier = await provider.line_of(number)
    except ChannelError as error:
        if error.kind is Kind.CONNECTION_BROKEN:
            await connections.broken(connection.id, error.reason)
        elif error.kind is not Kind.THROTTLED:
            await connections.failed(connection.id, error.reason)
        return False
    await number_facts.looked_up(connection.account, number, line, connection.kind, carrier)
    if line == "invalid":
        await number_facts.cannot_get_texts(connection.account, number, NO_NUMBER)
    return True

"""How much is waiting and how long: cheap questions, each answered by an index."""

from datetime import timedelta
from uuid import UUID

from piccolo.columns.combination import WhereRaw

from domain import clock
from domain.channels.registry import CHANNELS
from domain.connections import Connection
from domain.inbox import ProviderEvent
from domain.installations import freezing
from domain.messages import Message, State
from domain.messages.planned import IS_PLANNED

# Received and finished messages only grow in number: they are history, not work.
WORKING = (State.QUEUED, State.CLAIMED, State.SENDING, State.UNKNOWN)

Gauge = tuple[str, str, list[tuple[str, float]]]  # name, help, (labels in Prometheus' form, value)


async def gauges() -> list[Gauge]:
    """What a scrape of /metrics is told."""
    # One count a state, written so that the partial indexes message_due, message_leased and message_unknown serve.
    states = [
        (f'{{state="{state}"}}', float(await Message.count().where(WhereRaw(f"message.state = '{state}'"))))
        for state in WORKING
    ]
    now = clock.now()
    due = Message.select(Message.not_before).where(WhereRaw("message.state = 'queued'") & (Message.not_before <= now))
    oldest = await due.order_by(Message.not_before).first()
    age = (now - oldest["not_before"]).total_seconds() if oldest else 0.0
    unhandled = await ProviderEvent.count().where(ProviderEvent.handled_at.is_null())
    return [
        ("lotwire_messages", "Messages that are not finished, by state.", states),
        ("lotwire_oldest_due_seconds", "How long the longest waiting due message has waited.", [("", age)]),
        (
            "lotwire_frozen",
            "1 while nothing leaves until somebody releases it.",
            [("", float(await freezing.is_frozen()))],
        ),
        ("lotwire_unhandled_provider_events", "Hook calls stored and not handled yet.", [("", float(unhandled))]),
    ]


async def waiting(account: UUID) -> int:
    """How many messages of an account are to leave."""
    return await Message.count().where(WhereRaw("message.state = 'queued'") & (Message.account == account))


async def of_connection(connection: Connection) -> dict[str, int]:
    """What waits to leave by a connection now (`queued`), what is planned in its channel (`planned`), and what left by
    it within the last hour (`last_hour`), in one statement."""
    rows: list[dict[str, int]] = await Message.raw(
        f"""SELECT (SELECT COUNT(*) FROM message q WHERE q.connection = {{}} AND q.state = 'queued') AS queued,
                  (SELECT COUNT(*) FROM message m WHERE m.account = {{}} AND {IS_PLANNED}
                     AND m.state = 'pending' AND m.channel = {{}}) AS planned,
                  (SELECT COUNT(*) FROM message h WHERE h.account = {{}} AND h.at > {{}} AND h.connection = {{}}
                     AND h.direction = 'out' AND h.origin <> 'app'
                     AND h.state IN ('sending', 'unknown', 'accepted', 'sent', 'delivered', 'undelivered')
                  ) AS last_hour""",  # noqa: S608 - fixed words
        connection.id,
        connection.account,
        CHANNELS[connection.kind].channel,
        connection.account,
        clock.now() - timedelta(hours=1),
        connection.id,
    )
    return rows[0]

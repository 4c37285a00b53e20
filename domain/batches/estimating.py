"""What a batch will take and bring, before it leaves: when the last one is out, and how many may answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain import clock, connections, first_turns, pace_limits, prices, quiet_hours, quotas, seller_hours, zones
from domain.accounts import Account
from domain.batches import starting
from domain.batches.canaries import WAIT
from domain.batches.looking import Summary
from domain.batches.reading import Carriers
from domain.connections import Connection
from domain.messages import Message
from domain.users import User

FEW = 20  # first messages below which nothing can be said of how many answer
NEWEST = 500


@dataclass(frozen=True)
class Estimate:
    """`leaves_at`: when all that do not wait for their morning have left. `answers`: of those who hear from us first
    how many may write back, going by `known` first messages; None while too few are known. `a_day`: the sender's limit
    of segments where it is reached; the rest goes in the mornings after. `cost`: of the texts, in cents; None where the
    connection names no price."""

    leaves_at: datetime
    canaries: int
    an_hour: int  # first contacts; 0: no limit
    answers: int | None
    known: int
    a_day: int = 0
    cost: int | None = None


async def estimate(
    account: Account, user: User, summary: Summary, begins: datetime | None = None, carriers: Carriers | None = None
) -> Estimate:
    """Two queries, or one where the `carriers` are handed over. It `begins` now, or when it is planned to."""
    carriers = carriers or await connections.carriers(account.id, user.id)
    texts = carriers["text"][0] if "text" in carriers else None
    past = await _past(account, user, texts)
    ahead = {texts.id: past["waiting"]} if texts else {}
    minutes = [
        pace_limits.minutes(carriers[channel][0], number + ahead.get(carriers[channel][0].id, 0))
        for channel, number in summary.channels.items()
        if channel in carriers
    ]
    takes = timedelta(minutes=max(minutes, default=0.0))
    canaries = starting.canaries(summary.sendable)
    if canaries:
        takes += WAIT
    known = int(past["number"])
    answers = round(summary.first * int(past["answered"] or 0) / known) if known >= FEW else None
    begins = begins or clock.now()
    leaves_at, an_hour = begins + takes, account.first_contacts_an_hour
    if an_hour and summary.first:
        rules, turn = await seller_hours.rules_of(account.id), first_turns.behind(past["line"], an_hour, begins)
        leaves_at = max(leaves_at, first_turns.last(summary.first, turn, an_hour, _where(account), rules))
    morning = await _last_morning(account, user, texts, summary, begins, past["used"]) if texts else None
    options = texts.options if texts else None
    cost = prices.cost(options, summary.segments) if summary.segments else None
    if morning is None:
        return Estimate(leaves_at, canaries, an_hour, answers, known, cost=cost)
    return Estimate(max(leaves_at, morning), canaries, an_hour, answers, known, quotas.limit_of(options), cost)


def _where(account: Account) -> zones.Zones:
    return zones.of(account.country, account.postal_code, [account.phone] if account.phone else [])


async def _last_morning(
    account: Account, user: User, connection: Connection, summary: Summary, begins: datetime, used: int
) -> datetime | None:
    """When the last text has left, if the segments are more than the sender still has of the day they begin, of which
    they `used` so many; by the hours of where the dealership is, for want of the sellers'."""
    if not quotas.limit_of(connection.options):
        return None
    day = quotas.day_of(connection, user.id, account.timezone, used)
    nights = day.nights(user.id, summary.segments, begins)
    if not nights:
        return None
    midnight = quotas.bounds(begins + timedelta(days=nights), account.timezone)[0]
    rules = await seller_hours.rules_of(account.id)
    return quiet_hours.next_allowed(midnight, _where(account), rules) or midnight


async def _past(account: Account, user: User, texts: Connection | None) -> dict[str, Any]:
    """What was before it, in one query: of the newest first messages that had two days to be answered the `number`, and
    how many were `answered`; the `line`: when the last of those that wait for their turn has it; of the connection for
    texts, where it limits each sender, what of theirs is `waiting` and what of their day is `used`. It brings along the
    account's hours, which are asked for next."""
    hours = seller_hours.along(account.id)
    columns: list[tuple[str, str, list[Any]]] = [
        ("hours", hours or "NULL", [account.id] if hours else []),
        (
            "line",
            f"({first_turns.LINE} AND not_before > {{}} ORDER BY not_before DESC LIMIT 1)",
            [account.id, clock.now()],
        ),
    ]
    if texts and pace_limits.of_sender(texts):
        waiting = """(SELECT COUNT(*) FROM message WHERE connection = {} AND "user" = {} AND state = 'queued')"""
        columns.append(("waiting", waiting, [texts.id, user.id]))
    if texts and quotas.limit_of(texts.options):
        columns.append(("used", quotas.used_by(), quotas.of_person(texts, user.id, account.timezone)))
    [row] = await Message.raw(
        f"""SELECT {", ".join(f"{sql} AS {name}" for name, sql, _ in columns)},
                  COUNT(*) AS number, SUM(CASE WHEN EXISTS (
                    SELECT 1 FROM message m WHERE m.listing = f.listing AND m.direction = 'in' AND m.at >= f.at)
                  THEN 1 ELSE 0 END) AS answered
           FROM (SELECT listing, at FROM first_contact WHERE account = {{}} AND at < {{}}
                 ORDER BY at DESC LIMIT {{}}) f""",  # noqa: S608 - fixed words
        *(value for _, _, values in columns for value in values),
        account.id,
        clock.now() - timedelta(days=2),
        NEWEST,
    )
    if hours:
        seller_hours.came(account.id, row["hours"])
    return {"waiting": 0, "used": 0, **row}

"""What the lists and the past say of an address and a listing: one piece of SQL for whoever asks the gate.

The window, the worker's last look and the pre-flight of a batch read the same columns, so that they cannot differ.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any

from domain import db

# Every f-string below holds fixed words only.
# ruff: noqa: S608

DAY = timedelta(hours=24)
BESIDE = ("form", "facebook", "kijiji")  # channels whose addresses stand on no list: an ad, a thread, a relay
MOST_COUNTED = 3  # unanswered ones: the gate asks for no more
AUTOMATIC = "('batch', 'scheduled', 'automated')"  # kinds of message that leave by themselves
LEFT = "('sending', 'accepted', 'sent', 'delivered', 'undelivered', 'unknown')"  # states of what left, or may have
LOST = "('failed', 'undelivered', 'unknown')"  # states of what did not arrive, or perhaps not

# Where the seller `p` of a listing `l` of the source `i` is reached, and the channel whose opt-outs count there.
FIELDS = {"mobile": "text", "phone": "text", "email": "email", "form": "form"}
ADDRESSES = {
    "mobile": "p.mobile",
    "phone": "p.phone",
    "email": "p.email",
    "form": "CASE WHEN i.form_transport IN ('', 'assisted') THEN '' ELSE l.url END",  # a person fills in the others
}


THEIRS = ("mobile", "phone", "email")  # by all of which the seller is one person


@dataclass(frozen=True)
class Standing:
    """What is known of an address at this account; see the gate for what follows."""

    opted_out: bool = False
    dnc: bool = False
    blocked: bool = False
    review_open: bool = False
    landline: bool = False
    untextable: bool = False
    bounced: bool = False  # mail to it came back for good

    @classmethod
    def of(cls, row: Mapping[str, Any], prefix: str = "") -> "Standing":
        """From the columns of `of_address`."""
        return _made(*_columns(prefix)(row))


@dataclass(frozen=True)
class Person:
    """What the lists and the past say of a seller by all that they are known by: their numbers, their email, and the
    threads of this listing."""

    dnc: bool = False
    blocked: bool = False
    opted_out: bool = False  # of anything
    review_open: bool = False
    wrote_since: bool = False  # they asked to stop, and wrote to us again after that
    automatic_today: int = 0  # messages that left by themselves within 24 hours
    unanswered: int = 0  # of them since they last wrote, three at most

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Person":
        """From the columns of `of_seller`."""
        return _person(*_OF_PERSON(row))


@lru_cache(maxsize=100)
def _person(*said: Any) -> Person:
    return Person(*map(bool, said[:-2]), *said[-2:])  # what stands or not, then the two that are counted


_OF_PERSON = itemgetter(*(f"seller_{each.name}" for each in fields(Person)))


@cache
def _columns(prefix: str) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Takes the columns of `of_address` out of a row, in the order of the fields."""
    return itemgetter(*(f"{prefix}{each.name}" for each in fields(Standing)))


@lru_cache(maxsize=1_000)  # nearly all of thousands are alike
def _made(*said: Any) -> Standing:
    return Standing(*map(bool, said))


def of_address(account: str, channel: str, address: str, prefix: str = "") -> str:
    """SQL columns named like the fields of Standing; the arguments are SQL expressions of fixed words."""
    asked = _on_lists(account, channel, address)
    return ", ".join(f"EXISTS ({one}) AS {prefix}{name}" for name, one in asked.items())


def _on_lists(account: str, channel: str, address: str) -> dict[str, str]:
    """What is asked of an address, each a statement that finds something or nothing."""
    return {
        "opted_out": f"""SELECT 1 FROM opt_out o WHERE o.account = {account} AND o.channel = {channel}
                         AND o.address = {address} AND o.lifted_at IS NULL""",
        "dnc": f"""SELECT 1 FROM do_not_contact o WHERE o.account = {account} AND o.address = {address}
                   AND o.lifted_at IS NULL""",
        "blocked": f"""SELECT 1 FROM block o WHERE o.account = {account} AND o.address = {address}
                       AND o.lifted_at IS NULL""",
        "review_open": f"""SELECT 1 FROM review o WHERE o.account = {account} AND o.address = {address}
                           AND o.settled_at IS NULL AND o.outcome = 'review'""",
        "landline": f"""SELECT 1 FROM number_fact o WHERE o.account = {account} AND o.address = {address}
                        AND o.landline""",
        "untextable": f"""SELECT 1 FROM number_fact o WHERE o.account = {account} AND o.address = {address}
                          AND o.untextable""",
        "bounced": f"""SELECT 1 FROM address_mark o WHERE o.account = {account} AND o.address = {address}
                       AND o.mark = 'bounced'""",
    }


def of_seller(account: str, listing: str) -> str:
    """SQL columns for `Person.of`, of the seller `p` of a listing; the arguments are SQL expressions of fixed words. It
    holds one placeholder, for `a_day_before(now)`."""
    left, last_word = _automatic(account, listing), _last_word(account, listing)
    said = _by_any(account, listing) | {
        "automatic_today": f"SELECT COUNT(*) FROM ({left}) AS z WHERE z.at > {{}}",
        "unanswered": f"""SELECT COUNT(*) FROM (SELECT 1 FROM ({left}) AS z
                          WHERE z.at > COALESCE(({last_word}), '1970-01-01') LIMIT {MOST_COUNTED}) AS few""",
    }
    if db.on_postgres():  # it would look for their last word before it knows that nothing left by itself
        said["unanswered"] = f"CASE WHEN EXISTS ({left}) THEN ({said['unanswered']}) ELSE 0 END"
    return ", ".join(f"({one}) AS seller_{name}" for name, one in said.items())


def _by_any(account: str, listing: str) -> dict[str, str]:
    """Conditions on all that the seller `p` of a listing is known by."""
    asked = {
        "dnc": "do_not_contact o WHERE {theirs} AND o.lifted_at IS NULL",
        "blocked": "block o WHERE {theirs} AND o.lifted_at IS NULL",
        "opted_out": f"opt_out o WHERE {{theirs}} AND {_STOPPED}",
        "review_open": "review o WHERE {theirs} AND o.settled_at IS NULL AND o.outcome = 'review'",
    }
    # One question for each address: PostgreSQL would rather read a short list whole than look for three at once.
    theirs = [f"o.account = {account} AND {_is('o.address', name)}" for name in THEIRS]
    found = {
        name: " OR ".join(f"EXISTS (SELECT 1 FROM {one.format(theirs=each)})" for each in theirs)
        for name, one in asked.items()
    }
    in_threads = f"""seller_thread t JOIN opt_out o ON o.account = t.account AND o.channel = t.channel
                     AND o.address = t.address WHERE t.listing = {listing} AND o.lifted_at IS NULL"""
    found["opted_out"] += f" OR EXISTS (SELECT 1 FROM {in_threads})"
    stops = " UNION ALL ".join(f"SELECT {_SAID} AS at FROM opt_out o WHERE {each} AND {_STOPPED}" for each in theirs)
    last_stop = f"SELECT MAX(z.at) FROM ({stops} UNION ALL SELECT {_SAID} FROM {in_threads}) AS z"
    # What somebody of ours wrote down is not the seller's own word, which alone may lift anything.
    last_word = _last_word(account, listing, "w.origin = 'hook'")
    found["wrote_since"] = f"""CASE WHEN {found["opted_out"]}
        THEN COALESCE(({last_word}), '1970-01-01') > COALESCE(({last_stop}), '1970-01-01') ELSE FALSE END"""
    return found


def against(message: str) -> str:
    """SQL: the gate's code of what stands now against trying a message again that did not arrive; empty: nothing of
    what the lists and the vehicle's stage say. The argument is the name of the message in the statement."""
    here = _on_lists(f"{message}.account", f"{message}.channel", f"{message}.to_address")
    theirs = _by_any(f"{message}.account", "l.id")
    beside = f"{message}.channel IN {BESIDE}"
    stands = {  # in the words of `facts.of`, the first of the gate's first
        "dealership_reported": _reported("l"),
        "hidden": "l.hidden",
        "stage_dnc": "l.stage = 'dnc'",
        "stage_pass": "l.stage = 'pass'",
        "email_invalid": f"{message}.channel = 'email' AND EXISTS ({here['bounced']})",
        "phone_landline": f"{message}.channel = 'text' AND EXISTS ({here['landline']})",
        "phone_untextable": f"{message}.channel = 'text' AND EXISTS ({here['untextable']})",
        "phone_blocked": f"EXISTS ({here['blocked']}) OR {beside} AND ({theirs['blocked']})",
        "phone_dnc": f"EXISTS ({here['dnc']}) OR {theirs['dnc']}",
        "opted_out": f"EXISTS ({here['opted_out']})"
        f" OR ({theirs['opted_out']}) AND ({message}.kind IN {AUTOMATIC} OR NOT {theirs['wrote_since']})",
    }
    cases = " ".join(f"WHEN {condition} THEN '{code}'" for code, condition in stands.items())
    return f"""CASE WHEN {message}.state IN {LOST} AND {message}.direction = 'out' THEN
                 (SELECT CASE {cases} ELSE '' END FROM listing l LEFT JOIN seller p ON p.listing = l.id
                  WHERE l.id = {message}.listing) ELSE '' END"""


# The channels are named, so that the index of the addresses serves. A number that is down for that of a thread is of
# who said stop there.
_STOPPED = "o.channel IN ('text', 'email', 'facebook', 'kijiji') AND o.lifted_at IS NULL"
_SAID = "COALESCE(o.said_again_at, o.at)"  # when an opt-out was last asked for


def _automatic(account: str, listing: str) -> str:
    """When messages left by themselves to any of theirs about whatever, and about this listing where no address is
    theirs alone."""
    left = f"q.direction = 'out' AND q.kind IN {AUTOMATIC} AND q.state IN {LEFT}"
    # One question for each address, as in `_by_any`; a number that is both of theirs is asked for once.
    asked = (_is("q.to_address", name) + _BUT_ONCE.get(name, "") for name in THEIRS)
    theirs = " UNION ALL ".join(
        f"SELECT q.at FROM message q WHERE q.account = {account} AND {each} AND {left}" for each in asked
    )
    return f"""{theirs}
               UNION ALL SELECT q.at FROM message q WHERE q.listing = {listing} AND q.channel IN {BESIDE} AND {left}"""


_BUT_ONCE = {"phone": " AND p.phone <> COALESCE(p.mobile, '')"}


def _is(column: str, name: str) -> str:
    """SQL: the address is that one of the seller `p`, who has it. SQLite looks for nothing where the seller has none,
    when that is asked of the seller; PostgreSQL reads a short list once for all sellers, when it is not."""
    return f"{column} = p.{name} AND {column if db.on_postgres() else f'p.{name}'} <> ''"


def _last_word(account: str, listing: str, also: str = "TRUE") -> str:
    """When they wrote to us last, from any of theirs or about this listing: no stop, and no machine of theirs. The
    newest of each is asked for alone: a thread may be long."""
    heard = f"w.direction = 'in' AND w.means = '' AND {also} ORDER BY w.at DESC LIMIT 1"
    places = [f"w.account = {account} AND {_is('w.from_address', name)}" for name in THEIRS]
    newest = (
        f"SELECT (SELECT w.at FROM message w WHERE {place} AND {heard}) AS at"
        for place in [*places, f"w.listing = {listing}"]
    )
    return f"SELECT MAX(z.at) FROM ({' UNION ALL '.join(newest)}) AS z"


def a_day_before(now: datetime) -> datetime:
    """The argument that the columns of `of_seller` take."""
    return now - DAY


def of_listing(listing: str) -> str:
    """SQL columns `hidden`, `reported` (as a dealership, not taken back) of a listing's row."""
    return f"{listing}.hidden, {_reported(listing)} AS reported"


def _reported(listing: str) -> str:
    return f"""EXISTS (SELECT 1 FROM reported_listing r JOIN dealership_report d ON d.id = r.report
                       WHERE r.listing = {listing}.id AND d.undone_at IS NULL)"""

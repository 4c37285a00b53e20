"""Out of the door, once: claim, pack, look again, write the attempt, call, record. The calls are a worker's."""

from domain.delivery.calls import Started, Unheard
from domain.delivery.claiming import claim, due_connections, due_senders, give_back, next_due, release
from domain.delivery.leases import LEASE, LOST, Lease, end_dead_leases, renew, sweep, take_turn
from domain.delivery.news import News
from domain.delivery.packing import Packed, Room, pack
from domain.delivery.recording import Outcome, follow_up, record
from domain.delivery.retries import LONGEST_WAIT, MOST_CONNECTS
from domain.delivery.senders import look_up_senders
from domain.delivery.starting import start, take
from domain.delivery.unheard import take_back

__all__ = [
    "LEASE",
    "LONGEST_WAIT",
    "LOST",
    "MOST_CONNECTS",
    "Lease",
    "News",
    "Outcome",
    "Packed",
    "Room",
    "Started",
    "Unheard",
    "claim",
    "due_connections",
    "due_senders",
    "end_dead_leases",
    "follow_up",
    "give_back",
    "look_up_senders",
    "next_due",
    "pack",
    "record",
    "release",
    "renew",
    "start",
    "sweep",
    "take",
    "take_back",
    "take_turn",
]

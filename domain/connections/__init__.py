"""Installed providers of an account: credentials (encrypted), health, and who at the dealership may send."""

from domain.connections.adapters import adapter, hook_url, options_of, require_released
from domain.connections.connecting import change_options, connect, disconnect, recheck
from domain.connections.finding import (
    as_now,
    as_one,
    by_id,
    carriers,
    carrying,
    current,
    heard_by_listening,
    included,
    installed,
    lacking,
    newest,
)
from domain.connections.hearing import hears, silences
from domain.connections.hooks import end_old_hooks, hook_refused, register_missing_hooks, rotate_hook_secret, verified
from domain.connections.noting import broken, end_rest, failed, heard, worked
from domain.connections.senders import LINK_AGE, sender
from domain.connections.tables import Connection, ConnectionState, SenderLink, Silence

__all__ = [
    "LINK_AGE",
    "Connection",
    "ConnectionState",
    "SenderLink",
    "Silence",
    "adapter",
    "as_now",
    "as_one",
    "broken",
    "by_id",
    "carriers",
    "carrying",
    "change_options",
    "connect",
    "current",
    "disconnect",
    "end_old_hooks",
    "end_rest",
    "failed",
    "heard",
    "heard_by_listening",
    "hears",
    "hook_refused",
    "hook_url",
    "included",
    "installed",
    "lacking",
    "newest",
    "options_of",
    "recheck",
    "register_missing_hooks",
    "require_released",
    "rotate_hook_secret",
    "sender",
    "silences",
    "verified",
    "worked",
]

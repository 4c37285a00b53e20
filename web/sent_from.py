"""From where a message comes: of a channel by which each sends from an account of theirs that person's email, of one by
which all send as one what the seller sees."""

from typing import Any

from domain import connections, phones
from domain.channels.registry import CHANNELS
from domain.scenes import Scene


def of(scene: Scene, channel: str) -> dict[str, Any]:
    """{name, email, seen, signature}: who writes, the address beside it, and the head of an email as it arrives."""
    user, dealer = scene.user, scene.account.name
    shown = {
        "name": user.name,
        "email": user.email,
        "seen": f"{user.name}, {dealer}",
        "signature": bool(user.signature),
    }
    carrier = scene.carriers.get(channel)
    if carrier is None or carrier.kind not in CHANNELS or CHANNELS[carrier.kind].senders == "person":
        return shown
    provider, options = CHANNELS[carrier.kind], connections.options_of(carrier)
    address = next((str(options[name]) for name in provider.sent_from if options.get(name)), "")
    shown["email"] = phones.shown(address) if address.startswith("+") else address or provider.name
    if channel == "email":
        shown["seen"] = f"{options.get('from_name') or ''} <{address}>".strip()
    return shown

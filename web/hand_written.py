"""What the Send Message window says where Lotwire may not write, or not now: how a person writes, when it leaves."""

from collections.abc import Sequence
from typing import Any

from domain import by_hand, gate, resting
from domain.scenes import Scene
from domain.wordings import Letter
from web.filters import clock_time, day

OPENS = {"ad": "Open the ad", "conversation": "Open the conversation", "form": "Open the ad and its form"}
WHY = {
    "outside_window": "Facebook lets nobody but a person answer that late.",
    "facebook": "Your Page cannot begin a conversation, so write to the seller from your own account.",
    "kijiji": "The first message goes through the form of the ad, written by a person. Their answer arrives here.",
    "form": "The form of this site is filled in by a person.",
}


def of(
    scene: Scene, channel: str, refusals: Sequence[gate.Refusal], letter: Letter, *, ready: bool
) -> dict[str, Any] | None:
    """What the panel shows; None where there is none. `ready`: there are words that could leave."""
    place = by_hand.place(scene, channel, refusals)
    if place is None:
        return None
    late = any(each.code == "outside_window" for each in refusals)
    filled = ready and not letter.missing and len(letter.body) <= letter.longest
    return {
        "site": place.site,
        "reason": f"Write it yourself on {place.site}, as shown with the preview.",
        "url": place.url,
        "open": OPENS[place.what],
        "why": WHY["outside_window" if late and channel == "facebook" else channel],
        "words": letter.body if filled else "",
        "ready": filled,
        "files": channel == "facebook",
    }


def rests(scene: Scene, channel: str) -> list[str]:
    """That what is sent now leaves later, where the channel's provider asked for a pause."""
    carrier = scene.carriers.get(channel)
    until = resting.until(carrier) if carrier else None
    if until is None:
        return []
    zone = scene.account.timezone
    return [f"Its provider asked for a pause. It leaves after {day(until, zone)}, {clock_time(until, zone)}."]

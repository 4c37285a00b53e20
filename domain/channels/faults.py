"""How a call to a provider fails, and what that means for the message."""

from enum import StrEnum

from domain.channels.said import Tells


class Kind(StrEnum):
    """What a failed call means for the message (see `ChannelError`)."""

    PERMANENT = "permanent"  # refused for good; shown in the provider's words
    THROTTLED = "throttled"  # nothing was sent; try again after `retry_after` seconds
    NEVER_CONNECTED = "never_connected"  # no byte left the house; safe to try again
    CONNECTION_BROKEN = "connection_broken"  # 401: the connection pauses until an admin mends it
    RESTS = "rests"  # nothing was sent; the provider wants silence: the connection rests for `retry_after` seconds
    OUT_OF_CREDIT = "out_of_credit"  # refused for want of money
    UNKNOWN = "unknown"  # the provider may have it: never sent again by itself


# The provider is away, or takes nothing just now: whatever was asked of it may be asked again as it is.
AWAY = frozenset({Kind.NEVER_CONNECTED, Kind.THROTTLED, Kind.RESTS, Kind.CONNECTION_BROKEN})


class ChannelError(Exception):
    """A call that did not end in acceptance. `reason` is the sentence shown on the message."""

    def __init__(
        self, reason: str, kind: Kind, *, retry_after: float | None = None, code: str = "", tells: Tells = ""
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.retry_after = retry_after
        self.code = code
        self.tells = tells

"""When to try again, and when to leave it to a person."""

import random
from datetime import datetime, timedelta
from typing import Any

from domain.messages import Message, State

MOST_CONNECTS = 5  # tries in a row that never reached the provider before a person must look
LONGEST_WAIT = 600.0  # seconds


def again(now: datetime, wait: float) -> dict[Any, Any]:
    """Back to queued, due after `wait` seconds."""
    return {Message.state: State.QUEUED, Message.rank: 0, Message.not_before: now + timedelta(seconds=wait)}


def backoff(tries: int) -> float:
    """Seconds before the next try: 2, 4, 8 … at most ten minutes, spread so that a crowd does not come back at once."""
    return min(2.0 ** min(tries + 1, 10), LONGEST_WAIT) * random.uniform(0.8, 1.2)

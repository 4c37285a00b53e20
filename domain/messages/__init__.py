"""One thing sent to or received from a seller through the platform."""

from domain.messages.answering import answered, answered_since, mark_responded, wait_since, waiting_among
from domain.messages.carrying_over import carry_over
from domain.messages.finding import by_id, by_nonce, opened_again
from domain.messages.following import follow_up_on
from domain.messages.sending_again import closed_now, mark_sent, retry
from domain.messages.tables import (
    CALLED,
    MAY_HAVE_ARRIVED,
    RANKS,
    RETRIABLE,
    WAITING,
    FollowUp,
    IdempotencyKey,
    Message,
    State,
)
from domain.messages.taking_back import (
    cancel,
    cancel_for_address,
    cancel_for_batch,
    cancel_for_listing,
    cancel_for_reply,
    cancel_overdue,
    cancel_these,
    undo,
    unless_it_may_have_arrived,
)

__all__ = [
    "CALLED",
    "MAY_HAVE_ARRIVED",
    "RANKS",
    "RETRIABLE",
    "WAITING",
    "FollowUp",
    "IdempotencyKey",
    "Message",
    "State",
    "answered",
    "answered_since",
    "by_id",
    "by_nonce",
    "cancel",
    "cancel_for_address",
    "cancel_for_batch",
    "cancel_for_listing",
    "cancel_for_reply",
    "cancel_overdue",
    "cancel_these",
    "carry_over",
    "closed_now",
    "follow_up_on",
    "mark_responded",
    "mark_sent",
    "opened_again",
    "retry",
    "undo",
    "unless_it_may_have_arrived",
    "wait_since",
    "waiting_among",
]

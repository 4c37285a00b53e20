"""The right to send: made here alone, from a decision that allows it."""

from domain.channels.base import Outgoing, PermitLike
from domain.gate.deciding import Decision

_GATE = object()  # nobody else has it, so nobody else makes a Permit


class Permit(PermitLike):
    """The right to hand one message to one address once. In memory only; made by `permit`, used up by `spend`."""

    __slots__ = ("channel", "decided_at", "message_id", "sender", "spent", "to")

    def __init__(self, maker: object, decision: Decision) -> None:
        if maker is not _GATE:
            raise TypeError("Only the gate makes permits.")
        facts = decision.facts
        self.message_id = facts.message_id
        self.to = facts.to
        self.channel = facts.channel
        self.sender = facts.sender
        self.decided_at = decision.at
        self.spent = False

    def spend(self, outgoing: Outgoing) -> None:
        """Raises PermissionError for another message, address, channel or sender, or a second time."""
        if self.spent:
            raise PermissionError("This permit was already used.")
        if (outgoing.message_id, outgoing.to, outgoing.channel, outgoing.sender) != (
            self.message_id,
            self.to,
            self.channel,
            self.sender,
        ):
            raise PermissionError("This permit is for another message.")
        self.spent = True


def permit(decision: Decision) -> Permit:
    """The permit of an allowed decision. Raises PermissionError for any other."""
    if not decision.allowed or decision.facts.message_id is None:
        raise PermissionError("The gate refused this message.")
    return Permit(_GATE, decision)

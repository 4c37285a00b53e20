"""What a colleague wrote into a conversation from a mail program: shown as theirs, and nothing follows from it, because
anybody can write any address after From."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain import clock
from domain.channels.base import Incoming
from domain.messages import Message, State
from domain.sellers import Seller
from domain.users import User


async def who(account: UUID, said: Incoming, written_to: str) -> User | None:
    """The colleague whom an email names after From. None where we wrote to that address: their stop counts."""
    return await at(account, said.from_address) if said.from_address != written_to else None


async def at(account: UUID, address: str) -> User | None:
    """Who works there and has this email address. None where a seller has it, too."""
    if not address:
        return None
    user = await User.objects().get((User.email == address) & (User.account == account) & User.active.eq(True))
    if user and await Seller.exists().where((Seller.account == account) & (Seller.email == address)):
        return None
    return user


def theirs(message: Message, colleague: User) -> Message:
    """The same as an entry of our side. It did not leave by us, nobody knows to whom it went, and it answers nobody."""
    message.direction, message.author_kind, message.origin = "out", "agent", "app"
    message.user, message.author_name, message.to_address = colleague.id, colleague.name, ""
    message.state = State.LOGGED
    return message


async def make_theirs(messages: Sequence[UUID], colleague: User) -> None:
    """The same of messages that are kept already."""
    values: dict[Any, Any] = {Message.direction: "out", Message.author_kind: "agent", Message.origin: "app"}
    values |= {Message.user: colleague.id, Message.author_name: colleague.name, Message.to_address: ""}
    values |= {Message.state: State.LOGGED, Message.changed_at: clock.now()}
    await Message.update(values).where(Message.id.is_in(list(messages)))

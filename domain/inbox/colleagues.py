"""What a colleague wrote into a conversation from a mail program: shown as theirs, and nothing follows from it, because
anybody can write any address after From."""

from uuid import UUID

from domain.channels.base import Incoming
from domain.messages import Message, State
from domain.sellers import Seller
from domain.users import User


async def who(account: UUID, said: Incoming, written_to: str) -> User | None:
    """The colleague whom an email names after From. None where a seller has that address, too: their stop counts."""
    address = said.from_address
    if not address or address == written_to:
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

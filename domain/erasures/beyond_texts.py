"""What other channels than texts keep of a seller goes, too: threads, headers of email, marks, files not fetched."""

from collections.abc import Sequence
from uuid import UUID

from domain.address_marks import AddressMark
from domain.external_contacts import ExternalContact
from domain.inbox import IncomingFile, MatchSuggestion
from domain.mails import EmailHeader, EmailThread
from domain.same_seller import Person, parts
from domain.threads import SellerThread


async def erase(person: Person, messages: Sequence[UUID]) -> None:
    """All of it. An answer to an old email of ours matches nobody from then on."""
    for part in parts(messages):
        mine = list(part)
        await EmailHeader.delete().where(EmailHeader.message.is_in(mine))
        await MatchSuggestion.delete().where(MatchSuggestion.message.is_in(mine))
        await IncomingFile.delete().where(IncomingFile.message.is_in(mine))
        await ExternalContact.update({ExternalContact.place: ""}).where(ExternalContact.message.is_in(mine))
    for part in parts(person.listings):
        await EmailThread.delete().where(EmailThread.listing.is_in(list(part)))
        await SellerThread.delete().where(SellerThread.listing.is_in(list(part)))
        await MatchSuggestion.delete().where(MatchSuggestion.listing.is_in(list(part)))
    if person.own:
        for table in (AddressMark, SellerThread):
            await table.delete().where((table.account == person.account) & table.address.is_in(list(person.own)))

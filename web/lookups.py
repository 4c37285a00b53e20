"""Records arrive in a handler already found and already allowed: ask for one by its name and type.

A malformed, foreign or missing id is NotFound, whichever it was.
"""

from typing import Any
from uuid import UUID

from litestar import Request
from litestar.di import NamedDependency, Provide

from domain import attachments, dealerships, listings, message_templates, messages, scenes, users
from domain.accounts import Account
from domain.attachments import Attachment, FileLink
from domain.batches import starting
from domain.batches.tables import Batch
from domain.errors import NotFound
from domain.listings import Listing, Picture
from domain.message_templates import MessageTemplate
from domain.messages import Message
from domain.scenes import Scene
from domain.users import User
from web import forms
from web.forms import Form

Me = NamedDependency[User]  # me: the signed-in user; me.account is the account's row
TheAccount = NamedDependency[Account]  # account: theirs
TheForm = NamedDependency[Form]  # form: what was posted
TheAttachment = NamedDependency[Attachment]  # attachment: of {attachment_id}, not removed
TheBatch = NamedDependency[Batch]  # batch: of {batch_id}
TheFileLink = NamedDependency[FileLink]  # file_link: of {link_id}, whether it works or not
TheListing = NamedDependency[Listing]  # listing: of {listing_id}; its foreign keys are bare ids
TheKeptListing = NamedDependency[Listing]  # kept_listing: the same, also one that a dealership report hides
TheMessage = NamedDependency[Message]  # message: of {message_id}
ThePerson = NamedDependency[User]  # person: of {user_id}, a colleague
ThePicture = NamedDependency[Picture]  # picture: of {picture_id}, one that can be shown
TheScene = NamedDependency[Scene]  # scene: `listing` with all that surrounds it, read together
TheTemplate = NamedDependency[MessageTemplate]  # template: of {template_id}, also a hidden or deleted one

AnyRequest = Request[Any, Any, Any]


async def me(request: AnyRequest) -> User:
    return request.user


async def account(request: AnyRequest) -> Account:
    return request.user.account


async def form(request: AnyRequest) -> Form:
    return await forms.read(request)


async def attachment(request: AnyRequest) -> Attachment:
    return await attachments.by_id(request.user.account.id, _id(request, "attachment_id"))


async def batch(request: AnyRequest) -> Batch:
    return await starting.of(request.user.account.id, _id(request, "batch_id"))


async def file_link(request: AnyRequest) -> FileLink:
    return await attachments.link_of(request.user.account.id, _id(request, "link_id"))


async def listing(request: AnyRequest) -> Listing:
    return await listings.of(request.user.account.id, _id(request, "listing_id"))


async def kept_listing(request: AnyRequest) -> Listing:
    return await dealerships.listing(request.user.account.id, _id(request, "listing_id"))


async def message(request: AnyRequest) -> Message:
    return await messages.by_id(request.user.account.id, _id(request, "message_id"))


async def person(request: AnyRequest) -> User:
    return await users.of(request.user.account.id, _id(request, "user_id"))


async def picture(request: AnyRequest) -> Picture:
    return await listings.picture(request.user.account.id, _id(request, "picture_id"))


async def scene(request: AnyRequest) -> Scene:
    return await scenes.of_shown(request.user.account, request.user, _id(request, "listing_id"))


async def template(request: AnyRequest) -> MessageTemplate:
    return await message_templates.of(request.user.account.id, request.user.id, _id(request, "template_id"))


def _id(request: AnyRequest, name: str) -> UUID:
    try:
        return UUID(str(request.path_params[name]))
    except ValueError:
        raise NotFound from None


PROVIDERS = (
    *(me, account, form, attachment, batch, file_link),
    *(listing, kept_listing, message, person, picture, scene, template),
)
DEPENDENCIES = {provider.__name__: Provide(provider) for provider in PROVIDERS}

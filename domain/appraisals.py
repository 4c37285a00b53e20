"""What a vehicle is worth to the dealership, as somebody there judged it."""

from typing import Any

from piccolo.columns import BigInt, Text
from piccolo.table import Table

from domain import ad_values, audit, history, listings, stages, users
from domain.accounts import Account
from domain.columns import key, made, parent
from domain.db import DB, writing
from domain.errors import Refused
from domain.listings import Listing, Stage
from domain.users import Permission, User

LONGEST_NOTE = 1000  # characters


class Appraisal(Table, db=DB, tablename="appraisal"):
    id = key()
    account = parent(Account)
    listing = parent(Listing)
    user = parent(User, null=True, index=False)
    amount = BigInt()  # cents
    note = Text(default="")
    at = made()


async def create(account: Account, listing: Listing, user: User, amount: str, note: str = "") -> Appraisal:
    """Keeps what the vehicle is worth: `$14,500`, as typed. The listing becomes Appraised; earlier ones stay.

    Raises Refused at `amount` or `note`, and for who may not edit.
    """
    users.require(user, Permission.EDIT_LISTING)
    cents = ad_values.price(amount, "amount")
    if not cents:
        raise Refused("Give an amount, such as 14500.", field="amount")
    words = ad_values.text(note, "note")
    if len(words) > LONGEST_NOTE:
        raise Refused(f"This is too long: {LONGEST_NOTE} characters at most.", field="note")
    made_now = Appraisal(account=account.id, listing=listing.id, user=user.id, amount=cents, note=words)
    facts: dict[str, Any] = {"amount": cents, "currency": account.currency}
    async with writing():
        stage = await stages.lock(listing.id)
        await Appraisal.insert(made_now)
        await history.note(account.id, listing.id, "appraised", user=user.id, **facts)
        await audit.record(account.id, user.id, "listing.appraised", listing.id, words, **facts)
        await stages.advance(account.id, listing.id, stage, Stage.APPRAISED, user)
        await listings.become_main_user(listing.id, user.id)
    return made_now

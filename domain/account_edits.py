"""What the dealership says of itself and how it behaves, changed on its page: who may, and what is asked twice."""

from collections.abc import Mapping

from domain import accounts, audit, db, schedules, users
from domain.accounts import Account
from domain.errors import Refused
from domain.users import Permission, User

WITHOUT = (
    "The law wants a first text to say who writes and how to stop. Without the line your dealership answers for every "
    "text that leaves it out. Tick the box to switch it off all the same."
)


async def change(
    account: Account, user: User, typed: Mapping[str, str], switches: Mapping[str, bool], *, aware: bool = False
) -> None:
    """The fields of accounts.PROFILE, the pace of batches and the switches, all or nothing. Only an admin changes
    whether a first text says who writes and how to stop; others leave it as it is. To switch it off takes somebody who
    is `aware`. Raises Refused at the field that is wrong."""
    users.require(user, Permission.EDIT_ACCOUNT)
    if not users.may(user, Permission.INTRODUCTION):
        switches = {**switches, "introduces_itself": account.introduces_itself}
    on = switches["introduces_itself"]
    an_hour = accounts.clean_an_hour(typed["first_contacts_an_hour"])
    async with db.writing():
        await accounts.change_profile(account, typed, first_contacts_an_hour=an_hour, **switches)
        if on != account.introduces_itself:
            if not on and not aware:
                raise Refused(WITHOUT, field="aware", code="unconfirmed")
            await audit.record(account.id, user.id, "introduction.switched_on" if on else "introduction.switched_off")
        if an_hour != account.first_contacts_an_hour:
            old = account.first_contacts_an_hour
            await audit.record(account.id, user.id, "first_contacts.limited", old=old, new=an_hour)
        if switches["scheduled_messages"] != account.scheduled_messages:
            later = "on" if switches["scheduled_messages"] else "off"
            await audit.record(account.id, user.id, f"scheduling.switched_{later}")
            await schedules.end_without(account.id)

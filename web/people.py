"""How the people of a dealership are shown to each other."""

from typing import Any

from litestar import Request

from domain import sessions, staff, users
from domain.accounts import Account
from domain.users import ROLE_LABELS, Role, User
from web.filters import ago, clock_time, day


async def rows(me: User) -> list[dict[str, Any]]:
    """Everybody at my dealership, for the table."""
    account: Account = me.account
    seen = await sessions.last_seen(account.id)
    return [
        {
            "id": person.id,
            "name": person.name,
            "email": person.email,
            "title": person.title,
            "role": person.role,
            "role_label": ROLE_LABELS[Role(person.role)],
            "is_agent": person.role == Role.AGENT,
            "may_batch": person.may_batch,
            "active": person.active,
            "last_seen": ago(seen.get(person.id) or person.signed_in_at, account.timezone) or None,
            "is_me": person.id == me.id,
            "waiting": person.active and not person.password_hash,
        }
        for person in await users.all_of(account.id)
    ]


def link(request: Request, person: User, token: str, account: Account) -> dict[str, str]:
    """A one-time link as it is shown, once, to the admin who made it."""
    until = staff.works_until(person)
    return {
        "name": person.name,
        "url": sessions.link_url(token, str(request.base_url)),
        "until": f"{day(until, account.timezone)}, {clock_time(until, account.timezone)}",
    }

"""The first dealership of an installation and the person who owns it."""

from collections.abc import Mapping

from domain import accounts, audit, passwords, sessions, users
from domain.db import writing
from domain.users import Role, User


async def create(fields: Mapping[str, str], address: str, browser: str) -> str:
    """Makes both from the set-up form and signs the owner in; returns what the cookie holds.

    `fields`: token, dealership, country, timezone, name, email, password. Raises NotFound when the token opens nothing
    (any more), Refused at the field that is wrong; then nothing is stored and the token still works.
    """
    email, name = users.clean_email(fields.get("email", "")), users.clean_name(fields.get("name", ""))
    passwords.check(fields.get("password", ""), email, name)
    password_hash = await passwords.hashed(fields.get("password", ""))
    async with writing():
        await sessions.use_setup_token(fields.get("token", ""))
        account = await accounts.add(
            fields.get("dealership", ""), country=fields.get("country", ""), timezone=fields.get("timezone", "")
        )
        owner = await users.add(account, email, name, Role.ADMIN, owner=True)
        await User.update({User.password_hash: password_hash}).where(User.id == owner.id)
        await audit.record(account.id, owner.id, "installation.set_up", account.id)
        return await sessions.open_for(owner, address, browser)

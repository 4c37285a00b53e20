"""What admins do about people: invite them, change their role, take their sign-in away, hand out a link."""

from datetime import datetime
from uuid import UUID

from domain import audit, clock, passwords, sessions, users
from domain.accounts import Account
from domain.db import writing
from domain.users import User


async def invite(
    account: Account, by: User | None, email: str, name: str, role: str, title: str = "", *, may_batch: bool = False
) -> tuple[User, str]:
    """A new person and the token of their one-time set-up link, mailed too if Lotwire can. `by` is None on the command
    line. Raises Refused at the field."""
    async with writing():
        user = await users.add(account, email, name, role, title=title, may_batch=may_batch)
        await audit.record(account.id, _id(by), "user.invited", user.id, email=user.email, role=user.role)
        if user.may_batch:
            await audit.record(account.id, _id(by), "user.batches_allowed", user.id)
        return user, await sessions.link_for(user, by)


async def add_with_password(account: Account, email: str, name: str, role: str, password: str) -> User:
    """A new person who can sign in at once: for the command line. Raises Refused at the field."""
    passwords.check(password, users.clean_email(email), name)
    password_hash = await passwords.hashed(password)
    async with writing():
        user = await users.add(account, email, name, role)
        await User.update({User.password_hash: password_hash}).where(User.id == user.id)
        await audit.record(account.id, None, "user.added", user.id, email=user.email, role=user.role)
    return user


async def change_role(user: User, role: str, by: User, *, may_batch: bool = False) -> None:
    """Another role, and whether an agent may send batches. Raises Refused for the last admin."""
    old, granted = user.role, user.may_batch
    async with writing():
        await users.change_role(user, role, may_batch=may_batch)
        if user.role != old:
            await audit.record(by.account.id, by.id, "user.role_changed", user.id, old=old, new=role)
        if user.may_batch != granted:
            done = "allowed" if user.may_batch else "withdrawn"
            await audit.record(by.account.id, by.id, f"user.batches_{done}", user.id)


async def deactivate(user: User, by: User) -> None:
    """Signs the person out everywhere at once. Raises Refused for the last admin."""
    async with writing():
        await users.deactivate(user)
        await sessions.close_all(user.id)
        await audit.record(by.account.id, by.id, "user.deactivated", user.id)


async def activate(user: User, by: User) -> None:
    """Lets the person sign in again with the password they had."""
    async with writing():
        await users.activate(user)
        await audit.record(by.account.id, by.id, "user.activated", user.id)


async def make_link(user: User, by: User | None) -> str:
    """The token of a new one-time link; the ones before stop working."""
    async with writing():
        return await sessions.link_for(user, by)


def works_until(user: User) -> datetime:
    """How long a link made now for this person works."""
    return clock.now() + (sessions.RESET_LASTS if user.password_hash else sessions.SETUP_LASTS)


def _id(user: User | None) -> UUID | None:
    return user.id if user else None

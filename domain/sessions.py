"""Who is signed in where, the one-time links that set a password, and how often a sign-in failed."""

import hashlib
import math
import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from piccolo.columns import Integer, Text, Varchar
from piccolo.table import Table

from domain import audit, clock, house_mail, ids, passwords, plans, users
from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB, writing
from domain.errors import NotFound, Refused
from domain.settings import settings
from domain.users import User

SESSION_LASTS = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=5)  # how old "last seen" may get before it is written again
SETUP_LASTS = timedelta(days=7)
RESET_LASTS = timedelta(hours=24)

FAILURES_WITHIN = timedelta(minutes=15)
FAILURES_OF_EMAIL = 10  # from one address
FAILURES_EVERYWHERE = 100  # for one email: guesses from a few addresses must not keep its owner out
FAILURES_OF_ADDRESS = 30  # a whole dealership sits behind one address
RESETS_OF_EMAIL = 3

SCOPES = frozenset(
    f"{noun}:{verb}"
    for noun in ("listings", "messages", "templates", "batches", "suppressions", "automations", "webhooks")
    for verb in ("read", "write")
) | {"events:read"}


class Session(Table, db=DB, tablename="web_session"):
    id = key()
    token_hash = Varchar(64, unique=True)  # SHA-256 of what the cookie holds
    user = parent(User)
    created_at = made()
    seen_at = made()
    expires_at = moment(index=True)
    address = Text(default="")
    browser = Text(default="")


class PasswordLink(Table, db=DB, tablename="password_link"):
    """A one-time link: sets up or resets a password, or opens the set-up page of an empty installation (no user)."""

    id = key()
    token_hash = Varchar(64, unique=True)
    user = parent(User, null=True)
    purpose = Varchar(10)  # setup | reset | first
    created_at = made()
    expires_at = moment(index=True)
    used_at = moment()


class SignInFailure(Table, db=DB, tablename="sign_in_failure"):
    """Failures of the last quarter of an hour, by address, by email and by both, so that guessing gets slow."""

    id = key()
    subject = Varchar(300, unique=True)  # "ip:…", "email:…" or "email:… ip:…"
    failures = Integer(default=1)
    at = made()


class ApiToken(Table, db=DB, tablename="api_token"):
    id = key()
    user = parent(User)
    name = Text(default="")
    token_hash = Varchar(64, unique=True)
    scopes = Text(default="")  # space-separated
    created_at = made()
    used_at = moment()
    revoked_at = moment()


class TooManyFailures(Refused):
    """Too many failed sign-ins; `until` is when to try again."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        minutes = max(1, math.ceil((until - clock.now()).total_seconds() / 60))
        when = "in a minute" if minutes == 1 else f"in {minutes} minutes"
        super().__init__(f"Too many sign-ins failed. Try again {when}.", code="too_many_failures")

    @property
    def seconds(self) -> int:
        """How long to wait, for a Retry-After header."""
        return max(1, math.ceil((self.until - clock.now()).total_seconds()))


# --- signing in -------------------------------------------------------------------------------------------------


async def sign_in(email: str, password: str, address: str, browser: str) -> str:
    """Opens a session and returns what its cookie holds. Raises Refused, or TooManyFailures while it must wait.

    Each try counts as a failure before the password is looked at, so that many at once are no way around the limit.
    """
    email = email.strip().casefold()[:254]
    here = f"email:{email} ip:{address}"
    await _count(here, FAILURES_OF_EMAIL)
    await _count(f"email:{email}", FAILURES_EVERYWHERE)
    await _count(f"ip:{address}", FAILURES_OF_ADDRESS)
    user = await users.with_email(email)
    right = await passwords.matches(user.password_hash if user else "", password)
    if user is None or not right or not user.active:
        raise Refused("The email address or the password is wrong. Try again, or ask for a new password.")
    if passwords.is_dated(user.password_hash):
        await User.update({User.password_hash: await passwords.hashed(password)}).where(User.id == user.id)
    async with writing():
        await SignInFailure.delete().where(SignInFailure.subject == here)
        await _uncount(f"email:{email}")
        await _uncount(f"ip:{address}")
        return await open_for(user, address, browser)


async def open_for(user: User, address: str, browser: str) -> str:
    """A session of somebody who has proved who they are; returns what the cookie holds. Inside a transaction."""
    token, now = secrets.token_urlsafe(32), clock.now()
    session = Session(
        token_hash=_hash(token), user=user.id, expires_at=now + SESSION_LASTS, address=address, browser=browser[:200]
    )
    await Session.insert(session)
    await User.update({User.signed_in_at: now}).where(User.id == user.id)
    return token


async def resume(token: str) -> Session | None:
    """The session of a cookie with its user and their account, in one query; None when it is over."""
    now = clock.now()
    session = await _with_user(Session, token)
    if session is None or session.expires_at <= now or not session.user.active:
        return None
    if session.seen_at <= now - SEEN_EVERY:
        await Session.update({Session.seen_at: now}).where(Session.id == session.id)
    return session


async def close(session: UUID) -> None:
    """Signs out here."""
    await Session.delete().where(Session.id == session)


async def close_all(user: UUID, but: UUID | None = None) -> int:
    """Signs out everywhere, except in one session if given; how many were closed."""
    mine = Session.user == user
    gone = await Session.delete().where(mine if but is None else mine & (Session.id != but)).returning(Session.id)
    return len(gone)


async def last_seen(account: UUID) -> dict[UUID, datetime]:
    """user id -> when they were last seen, for the people of an account who are signed in somewhere."""
    rows = await Session.select(Session.user, Session.seen_at).where(Session.user.account == account)
    seen: dict[UUID, datetime] = {}
    for row in rows:
        seen[row["user"]] = max(row["seen_at"], seen.get(row["user"], row["seen_at"]))
    return seen


async def change_password(user: User, current: str, new: str, session: UUID) -> None:
    """Sets another password and signs out every other session. Raises Refused at `current` or `password`."""
    await _count(f"email:{user.email}", FAILURES_OF_EMAIL)
    if not await passwords.matches(user.password_hash, current):
        raise Refused("This is not your password. Type the one you sign in with.", field="current")
    passwords.check(new, user.email, user.name)
    password_hash = await passwords.hashed(new)
    async with writing():
        await SignInFailure.delete().where(SignInFailure.subject == f"email:{user.email}")
        await User.update({User.password_hash: password_hash}).where(User.id == user.id)
        await close_all(user.id, but=session)
        await audit.record(_account_of(user), user.id, "password.changed", user.id)


# --- one-time links ---------------------------------------------------------------------------------------------


async def setup_token() -> str | None:
    """A fresh one-time token for the set-up page; None when somebody can sign in already."""
    if await User.exists():
        return None
    return await _new_link(None, "first", SETUP_LASTS)


async def is_empty() -> bool:
    """Whether nobody works here yet, so that the set-up page is the only page."""
    return not await User.exists()


async def is_setup_token(token: str) -> bool:
    """Whether it opens the set-up page now."""
    link = await PasswordLink.objects().get((PasswordLink.token_hash == _hash(token)) & _open())
    return link is not None and link.purpose == "first" and await is_empty()


async def use_setup_token(token: str) -> None:
    """Takes all set-up tokens away, if this is one of them; else NotFound. Call it inside the transaction that makes
    the first user: whoever comes second finds none."""
    used = PasswordLink.update({PasswordLink.used_at: clock.now()}).where(_open() & (PasswordLink.purpose == "first"))
    taken = {row["token_hash"] for row in await used.returning(PasswordLink.token_hash)}
    if _hash(token) not in taken or await User.exists():
        raise NotFound


async def link_for(user: User, by: User | None) -> str:
    """A one-time link's token with which somebody sets a password; earlier ones stop working. The link is mailed too,
    if Lotwire can. Call it inside a transaction. `by` is None on the command line and when people ask themselves."""
    first = not user.password_hash
    mine = (PasswordLink.user == user.id) & PasswordLink.used_at.is_null()
    await PasswordLink.update({PasswordLink.used_at: clock.now()}).where(mine)
    token = await _new_link(user.id, *(("setup", SETUP_LASTS) if first else ("reset", RESET_LASTS)))
    await audit.record(_account_of(user), by.id if by else None, "password.link_made", user.id)
    if house_mail.possible():
        subject, text = _wording(user, first, link_url(token))
        await house_mail.send(user.email, subject, text)
    return token


async def ask_for_link(email: str) -> None:
    """Mails a new link to whoever has that address; says nothing when nobody does. Raises Refused without mail."""
    if not house_mail.possible():
        raise Refused("This Lotwire cannot send mail. Ask an admin of your dealership for a new link.", field="email")
    email = users.clean_email(email)
    try:
        await _count(f"reset:{email}", RESETS_OF_EMAIL)
    except TooManyFailures:
        return  # the mails are on their way; more of them would only annoy
    user = await users.with_email(email)
    if user is not None and user.active:
        async with writing():
            await link_for(user, None)


async def link_of(token: str) -> PasswordLink:
    """The open link of that token with its user and their account. Raises NotFound when used, too old or unknown."""
    query = PasswordLink.objects(*_joins(PasswordLink))
    link = await query.get((PasswordLink.token_hash == _hash(token)) & _open())
    if link is None or link.purpose == "first" or not link.user.active:
        raise NotFound
    return link


async def set_password(token: str, password: str, address: str, browser: str) -> str:
    """Sets the password of the link's user, signs out everywhere and in here; returns what the cookie holds.
    Raises Refused at `password`, NotFound when the link is no good."""
    link = await link_of(token)
    user = link.user
    passwords.check(password, user.email, user.name)
    password_hash = await passwords.hashed(password)
    async with writing():
        taken = PasswordLink.update({PasswordLink.used_at: clock.now()}).where((PasswordLink.id == link.id) & _open())
        if not await taken.returning(PasswordLink.id):
            raise NotFound
        await User.update({User.password_hash: password_hash}).where(User.id == user.id)
        await SignInFailure.delete().where(SignInFailure.subject == f"email:{user.email}")
        await close_all(user.id)
        await audit.record(_account_of(user), user.id, "password.set", user.id)
        return await open_for(user, address, browser)


async def waiting(account: UUID) -> set[UUID]:
    """The people of an account who have not set a password yet."""
    rows = await User.select(User.id).where((User.account == account) & (User.password_hash == ""))
    return {row["id"] for row in rows}


def link_url(token: str, base: str = "") -> str:
    """The address of a one-time link. `base` is how whoever looks at it reached us, never for a mail: a Host header
    is whatever a client says it is."""
    return f"{_base(base)}/password-links/{token}"


# --- tokens for other programs ----------------------------------------------------------------------------------


async def add_token(user: User, scopes: str, name: str = "") -> str:
    """A bearer token for the API, shown this once. Raises Refused for a scope there is not."""
    wanted = sorted(set(scopes.split()))
    if not wanted:
        raise Refused("Give at least one scope, such as messages:write.", field="scopes")
    for scope in wanted:
        if scope not in SCOPES:
            raise Refused(f"There is no scope “{scope}”. Choose from {', '.join(sorted(SCOPES))}.", field="scopes")
    token = f"lw_{secrets.token_urlsafe(32)}"
    async with writing():
        row = ApiToken(user=user.id, name=name, token_hash=_hash(token), scopes=" ".join(wanted))
        await ApiToken.insert(row)
        await audit.record(_account_of(user), user.id, "token.added", row.id, scopes=row.scopes)
    return token


async def bearer(token: str) -> ApiToken | None:
    """The token with its user and their account; None when unknown, revoked or its user inactive."""
    now = clock.now()
    row = await _with_user(ApiToken, token)
    if row is None or row.revoked_at is not None or not row.user.active:
        return None
    if row.used_at is None or row.used_at <= now - SEEN_EVERY:
        await ApiToken.update({ApiToken.used_at: now}).where(ApiToken.id == row.id)
    return row


def allows(token: ApiToken, scope: str) -> bool:
    """Whether the token has the scope; write includes read."""
    has = set(token.scopes.split())
    return scope in has or (scope.endswith(":read") and scope.removesuffix(":read") + ":write" in has)


# --- tidying ----------------------------------------------------------------------------------------------------


async def tidy() -> None:
    """Forgets what is over; a worker calls it every hour."""
    now = clock.now()
    await Session.delete().where(Session.expires_at <= now)
    await PasswordLink.delete().where(PasswordLink.expires_at <= now - timedelta(days=30))
    await SignInFailure.delete().where(SignInFailure.at <= now - FAILURES_WITHIN)


async def _count(subject: str, limit: int) -> None:
    """One more failure of that subject. Raises TooManyFailures when it had `limit` within the last quarter hour."""
    now = clock.now()
    # One statement, so that of many first tries at once each counts.
    rows = await SignInFailure.raw(
        """INSERT INTO sign_in_failure (id, subject, failures, at) VALUES ({}, {}, 1, {})
           ON CONFLICT (subject) DO UPDATE SET
             failures = CASE WHEN sign_in_failure.at > {} THEN sign_in_failure.failures + 1 ELSE 1 END,
             at = CASE WHEN sign_in_failure.at > {} THEN sign_in_failure.at ELSE excluded.at END
           RETURNING failures, at""",
        ids.new(),
        subject[:300],
        now,
        now - FAILURES_WITHIN,
        now - FAILURES_WITHIN,
    )
    if rows[0]["failures"] > limit:
        raise TooManyFailures(rows[0]["at"] + FAILURES_WITHIN)


async def _uncount(subject: str) -> None:
    mine = (SignInFailure.subject == subject[:300]) & (SignInFailure.failures > 0)
    await SignInFailure.update({SignInFailure.failures: SignInFailure.failures - 1}).where(mine)


async def _new_link(user: UUID | None, purpose: str, lasts: timedelta) -> str:
    token = secrets.token_urlsafe(32)
    row = PasswordLink(token_hash=_hash(token), user=user, purpose=purpose, expires_at=clock.now() + lasts)
    await PasswordLink.insert(row)
    return token


def _base(base: str) -> str:
    return settings().public_url or base.rstrip("/") or "http://localhost:8000"


def _joins(table: Any) -> tuple[Any, Any]:
    """What to join so that a row comes with its user, and the user with their account."""
    return table.user, table.user.account


async def _with_user(table: Any, token: str) -> Any:
    """The row of a token with its user and their account, or None. Every request asks this, and Piccolo takes five
    times as long to build the same from nested objects, so the statement is built once. The plans come along."""
    included = plans.along()
    rows = await table.raw(_statement(table, included), _hash(token))
    if not rows:
        return None
    if included:
        plans.came(rows[0]["plans"])
    joined: list[Any] = [
        made(_exists_in_db=True, **{name: rows[0][f"{prefix}_{name}"] for name in _names(made)})
        for prefix, made in (("t", table), ("u", User), ("a", Account))
    ]
    row, user, account = joined
    row.user, user.account = user, account
    return row


@cache
def _statement(table: Any, included: str) -> str:
    columns = ", ".join(
        f'{prefix}."{name}" AS {prefix}_{name}'
        for prefix, each in (("t", table), ("u", User), ("a", Account))
        for name in _names(each)
    )
    more = f", {included} AS plans" if included else ""
    return (
        f"SELECT {columns}{more} FROM {table._meta.tablename} t "  # noqa: S608
        'JOIN app_user u ON u.id = t."user" JOIN account a ON a.id = u.account WHERE t.token_hash = {}'
    )


@cache
def _names(table: Any) -> tuple[str, ...]:
    return tuple(column._meta.name for column in table._meta.columns)


def _open() -> Any:
    return PasswordLink.used_at.is_null() & (PasswordLink.expires_at > clock.now())


def _wording(user: User, first: bool, url: str) -> tuple[str, str]:
    """Subject and text of the mail with a link."""
    if first:
        subject = "Set up your Lotwire sign-in"
        says = f"you can work with Lotwire now. Choose your password here:\n\n{url}\n\n"
        ends = "The link works once and for seven days.\n"
    else:
        subject = "Choose a new Lotwire password"
        says = f"somebody asked for a new password for you. Choose it here:\n\n{url}\n\n"
        ends = "The link works once and for 24 hours. If you did not ask, do nothing: your password stays as it is.\n"
    return subject, f"Hello {user.name},\n\n{says}{ends}"


def _account_of(user: User) -> UUID:
    return user.account.id if isinstance(user.account, Account) else user.account


def _hash(token: str) -> str:
    # Plain SHA-256 is right here: the tokens are 256 random bits, so there is nothing to guess slowly.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()

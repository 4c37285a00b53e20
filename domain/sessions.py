"""Who is signed in where, the one-time links that set a password, and how often a sign-in failed."""

from piccolo.columns import Integer, Text, Varchar
from piccolo.table import Table

from domain.columns import key, made, moment, parent
from domain.db import DB
from domain.users import User


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
    """Failures of the last quarter of an hour, by address and by email, so that guessing gets slow."""

    id = key()
    subject = Varchar(300, unique=True)  # "ip:…" or "email:…"
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

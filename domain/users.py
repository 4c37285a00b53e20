"""The people who work at a dealership."""

from enum import StrEnum
from uuid import UUID

from piccolo.columns import Boolean, Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB, DUPLICATE, found, is_duplicate
from domain.email_addresses import is_address
from domain.errors import Refused
from domain.text import one_line


class Role(StrEnum):
    ADMIN = "admin"
    MANAGER = "manager"
    AGENT = "agent"
    SUPPORT = "support"


class User(Table, db=DB, tablename="app_user"):
    id = key()
    account = parent(Account)
    email = Varchar(254, unique=True)  # lower case; one person, one sign-in, in the whole installation
    name = Text()
    title = Text(default="")
    phone = Text(default="")  # E.164 or empty
    role = Varchar(20, default=Role.AGENT)
    active = Boolean(default=True)
    owner = Boolean(default=False)  # of the installation: made by the set-up page, may edit /plans
    may_batch = Boolean(default=False)  # an agent whom an admin lets send batches; others never have it
    password_hash = Text(default="")
    undo_seconds = Integer(default=10)
    signature = Text(default="")  # under every email
    language = Varchar(5, default="en")  # in which emoji are searched, beside English
    skin_tone = Integer(default=0)  # 0 none, 1 light to 5 dark: of the emoji picker
    recent_emoji = Text(default="")  # newest first, separated by spaces
    created_at = made()
    signed_in_at = moment()


class Permission(StrEnum):
    SEND = "message.send"
    BATCH = "message.batch"
    READ_BATCHES = "batch.read"
    LOG = "history.log"
    RESPOND = "history.respond"
    EDIT_LISTING = "listing.edit"
    IMPORT = "listing.import"
    GLOBAL_TEMPLATES = "template.global"
    LOCAL_TEMPLATES = "template.local"
    SETTLE_UNMATCHED = "unmatched.settle"
    LIFT_DNC = "dnc.lift"
    UNDO_DEALERSHIP = "dealership.undo"
    EDIT_ACCOUNT = "account.edit"
    INTRODUCTION = "account.introduction"  # whether a first text says who writes and how to stop
    MANAGE_CONNECTIONS = "connection.manage"
    MANAGE_USERS = "user.manage"
    EXPORT = "seller.export"
    ERASE = "seller.erase"


_AGENT = frozenset(
    {
        Permission.SEND,
        Permission.LOG,
        Permission.RESPOND,
        Permission.EDIT_LISTING,
        Permission.LOCAL_TEMPLATES,
        Permission.GLOBAL_TEMPLATES,  # unless the account's switch reserves them: see may()
        Permission.SETTLE_UNMATCHED,
    }
)
_MANAGER = _AGENT | {
    Permission.BATCH,
    Permission.READ_BATCHES,
    Permission.IMPORT,
    Permission.LIFT_DNC,
    Permission.UNDO_DEALERSHIP,
    Permission.EDIT_ACCOUNT,
    Permission.EXPORT,
}
PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.MANAGER: _MANAGER,
    Role.AGENT: _AGENT,
    Role.SUPPORT: frozenset({Permission.EXPORT, Permission.READ_BATCHES}),  # reads everything, changes nothing
}
ROLE_LABELS = {Role.ADMIN: "Admin", Role.MANAGER: "Manager", Role.AGENT: "Agent", Role.SUPPORT: "Support (reads only)"}


_GRANTED = frozenset({Permission.BATCH, Permission.READ_BATCHES})  # to an agent whom an admin lets send batches
WRITERS = frozenset(str(role) for role, allowed in PERMISSIONS.items() if Permission.SEND in allowed)


def may(user: User, permission: str, account: Account | None = None) -> bool:
    """Whether the user's role allows it. Give the account where its switches matter (`template.global`)."""
    if not user.active:
        return False
    if permission in _GRANTED and user.may_batch and user.role == Role.AGENT:
        return True
    if permission == Permission.GLOBAL_TEMPLATES and account is not None and account.managers_own_global_templates:
        return user.role in {Role.ADMIN, Role.MANAGER}
    return role_may(user.role, permission, may_batch=user.may_batch)


def sending(kind: str) -> Permission:
    """What it takes to send a message of that kind."""
    return Permission.BATCH if kind == "batch" else Permission.SEND


def role_may(role: str, permission: str, *, may_batch: bool = False) -> bool:
    """Whether the role allows it; an agent may be granted batches (`may_batch`)."""
    if permission == Permission.BATCH and may_batch and role == Role.AGENT:
        return True
    return permission in PERMISSIONS.get(role, frozenset())


def require(user: User, permission: str, account: Account | None = None) -> None:
    """Raises Refused (`no_permission`) unless the user may."""
    if not may(user, permission, account):
        if permission in _GRANTED and user.role == Role.AGENT and user.active:
            raise Refused("You may not send batches. Ask an admin to allow it under People.", code="no_permission")
        raise Refused("Your role does not allow this. Ask an admin of your dealership.", code="no_permission")


async def add(
    account: Account,
    email: str,
    name: str,
    role: str = Role.AGENT,
    *,
    title: str = "",
    owner: bool = False,
    may_batch: bool = False,
) -> User:
    """A new person without a password yet. Raises Refused at the field. Call it inside a transaction."""
    user = User(
        account=account.id,
        email=clean_email(email),
        name=clean_name(name),
        title=clean_title(title),
        role=_clean_role(role),
        owner=owner,
        may_batch=may_batch and role == Role.AGENT,
    )
    if await User.exists().where(User.email == user.email):
        raise Refused("Somebody with this email address can sign in already. Give another one.", field="email")
    try:
        await User.insert(user)
    except DUPLICATE as error:
        if not is_duplicate(error):
            raise
        raise Refused("Somebody with this email address can sign in already.", field="email") from error
    return user


async def with_email(email: str) -> User | None:
    """Whoever signs in with that address, active or not, with the account beside."""
    return await User.objects(User.account).get(User.email == email.strip().casefold())


async def of(account: UUID, user: UUID) -> User:
    """The account's user of that id. Raises NotFound."""
    return await found(User.objects().get((User.id == user) & (User.account == account)))


async def all_of(account: UUID) -> list[User]:
    """Everybody at the account, active people first, by name."""
    people = await User.objects().where(User.account == account).order_by(User.name)
    return sorted(people, key=lambda user: not user.active)


async def assignable(account: UUID) -> list[User]:
    """Whom a listing can be given to: active people who may write."""
    query = User.objects().where((User.account == account) & User.active.eq(True) & User.role.is_in(list(WRITERS)))
    return await query.order_by(User.name)


async def admins(account: UUID) -> list[User]:
    """The active admins, by name: whom others must ask."""
    query = User.objects().where((User.account == account) & User.active.eq(True) & (User.role == Role.ADMIN))
    return await query.order_by(User.name)


async def owners() -> list[User]:
    """Who owns the installation, by name: nobody, where it was set up from a terminal."""
    return await User.objects().where(User.owner.eq(True) & User.active.eq(True)).order_by(User.name)


async def change_role(user: User, role: str, *, may_batch: bool = False) -> None:
    """Gives another role, and lets an agent send batches or no longer. Raises Refused for the last admin. Call it
    inside a transaction."""
    role = _clean_role(role)
    if user.role == Role.ADMIN and role != Role.ADMIN:
        await _refuse_last_admin(user)
    may_batch = may_batch and role == Role.AGENT
    await User.update({User.role: role, User.may_batch: may_batch}).where(User.id == user.id)
    user.role, user.may_batch = role, may_batch


async def deactivate(user: User) -> None:
    """Takes the sign-in away; what the person did stays. Raises Refused for the last admin. Inside a transaction."""
    if user.role == Role.ADMIN:
        await _refuse_last_admin(user)
    await User.update({User.active: False}).where(User.id == user.id)
    user.active = False


async def activate(user: User) -> None:
    await User.update({User.active: True}).where(User.id == user.id)
    user.active = True


def clean_email(raw: str) -> str:
    """The address in lower case. Raises Refused when it cannot be one."""
    email = raw.strip().casefold()
    if not is_address(email):
        raise Refused("Give an email address, such as name@example.com.", field="email")
    return email


def clean_name(raw: str) -> str:
    name = one_line(raw)
    if not name:
        raise Refused("Give a name.", field="name")
    if len(name) > 100:
        raise Refused("This name is too long: 100 characters at most.", field="name")
    return name


def clean_title(raw: str) -> str:
    title = one_line(raw)
    if len(title) > 100:
        raise Refused("This title is too long: 100 characters at most.", field="title")
    return title


def _clean_role(role: str) -> Role:
    if role not in list(Role):
        raise Refused(f"Choose a role: {', '.join(Role)}.", field="role")
    return Role(role)


async def _refuse_last_admin(user: User) -> None:
    # The account's row is the lock: two admins who demote each other on PostgreSQL must not both succeed.
    await Account.update({Account.id: user.account}).where(Account.id == user.account)
    others = (User.account == user.account) & User.active.eq(True) & (User.role == Role.ADMIN) & (User.id != user.id)
    if not await User.exists().where(others):
        raise Refused("This is the last admin. Make somebody else an admin first.", field="role")

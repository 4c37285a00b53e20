"""Who did what, append-only."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from piccolo.columns import JSON, Text, Varchar
from piccolo.columns import UUID as UUIDColumn
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, parent
from domain.db import DB
from domain.users import User


class AuditEntry(Table, db=DB, tablename="audit_entry"):
    id = key()
    account = parent(Account)
    user = parent(User, null=True)
    action = Varchar(60)  # user.invited, connection.made, stage.changed …
    subject = UUIDColumn(null=True, default=None, index=True)
    detail = JSON(default="{}")
    reason = Text(default="")
    at = made()


async def record(
    account: UUID,
    user: UUID | None,
    action: str,
    subject: UUID | None = None,
    reason: str = "",
    **detail: Any,
) -> None:
    """One line of the audit trail. Call it inside the transaction it tells of."""
    await AuditEntry.insert(
        AuditEntry(account=account, user=user, action=action, subject=subject, detail=detail, reason=reason)
    )


async def record_all(
    account: UUID, user: UUID | None, action: str, told: Sequence[tuple[UUID, dict[str, Any]]]
) -> None:
    """The same action on many, (subject, detail) each."""
    if told:
        await AuditEntry.insert(
            *(AuditEntry(account=account, user=user, action=action, subject=it, detail=detail) for it, detail in told)
        )


async def did(user: UUID, action: str, subject: UUID) -> bool:
    """Whether this person did this to it."""
    done: bool = await AuditEntry.exists().where(
        (AuditEntry.subject == subject) & (AuditEntry.action == action) & (AuditEntry.user == user)
    )
    return done

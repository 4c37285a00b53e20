"""An exported file comes back: is it as it was, and does this installation know it?"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.audit import AuditEntry
from domain.errors import Refused
from domain.seller_files import verify_file
from domain.seller_files.exporting import ACTION


@dataclass(frozen=True)
class Checked:
    """What was found.

    fault      what is wrong, a sentence; empty: not one byte was changed since it was sealed
    sha256     of the whole archive; empty when something is wrong
    known_at   when this installation exported it, by its audit log; None: not here
    """

    fault: str = ""
    sha256: str = ""
    known_at: datetime | None = None


async def check(path: Path) -> Checked:
    """Looks at every byte of an archive, and for its digest in the audit log. Raises Refused when it cannot be read."""
    try:
        sha256, manifest = await asyncio.to_thread(verify_file.check, str(path))
    except verify_file.Changed as changed:
        return Checked(fault=str(changed))
    except OSError as error:
        raise Refused(f"The file cannot be read: {error.strerror}.", field="file") from None
    return Checked(sha256=sha256, known_at=await _exported(manifest, sha256))


async def _exported(manifest: dict[str, Any], sha256: str) -> datetime | None:
    try:
        listing = UUID(manifest.get("listing"))
    except (ValueError, TypeError, AttributeError):
        return None
    entries = AuditEntry.select(AuditEntry.at, AuditEntry.detail).where(
        (AuditEntry.subject == listing) & (AuditEntry.action == ACTION)
    )
    for row in await entries.output(load_json=True):
        if row["detail"].get("sha256") == sha256:
            return row["at"]
    return None

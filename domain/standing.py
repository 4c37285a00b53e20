"""What the lists and the past say of an address and a listing: one piece of SQL for whoever asks the gate.

The window, the worker's last look and the pre-flight of a batch read the same columns, so that they cannot differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Every f-string below holds fixed words only.
# ruff: noqa: S608


@dataclass(frozen=True)
class Standing:
    """What is known of an address at this account; see the gate for what follows."""

    opted_out: bool = False
    dnc: bool = False
    blocked: bool = False
    review_open: bool = False

    @classmethod
    def of(cls, row: Mapping[str, Any], prefix: str = "") -> "Standing":
        """From the columns of `of_address`."""
        return cls(**{name: bool(row[f"{prefix}{name}"]) for name in cls.__dataclass_fields__})


def of_address(account: str, channel: str, address: str, prefix: str = "") -> str:
    """SQL columns named like the fields of Standing; the arguments are SQL expressions of fixed words."""
    asked = {
        "opted_out": f"""SELECT 1 FROM opt_out o WHERE o.account = {account} AND o.channel = {channel}
                         AND o.address = {address} AND o.lifted_at IS NULL""",
        "dnc": f"""SELECT 1 FROM do_not_contact o WHERE o.account = {account} AND o.address = {address}
                   AND o.lifted_at IS NULL""",
        "blocked": f"""SELECT 1 FROM block o WHERE o.account = {account} AND o.address = {address}
                       AND o.lifted_at IS NULL""",
        "review_open": f"""SELECT 1 FROM review o WHERE o.account = {account} AND o.address = {address}
                           AND o.settled_at IS NULL AND o.outcome = 'review'""",
    }
    return ", ".join(f"EXISTS ({one}) AS {prefix}{name}" for name, one in asked.items())


def of_listing(listing: str) -> str:
    """SQL columns `hidden`, `reported` (as a dealership, not taken back) of a listing's row."""
    return f"""{listing}.hidden, EXISTS (
                 SELECT 1 FROM reported_listing r JOIN dealership_report d ON d.id = r.report
                 WHERE r.listing = {listing}.id AND d.undone_at IS NULL) AS reported"""

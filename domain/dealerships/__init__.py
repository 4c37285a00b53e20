"""Sellers who are dealerships themselves: reported, hidden with all their ads, and taken back whole.

A report matches by what the reported ad itself knows of its seller: each of its numbers (in either field), its email
address, its full street address, and the full name if that was asked for. What the matching ads know beyond that is not
followed further: a chain of numbers that several people share would hide half an inventory, and nobody could see why.
"""

from domain.dealerships.filtering import filter_ads, reported
from domain.dealerships.looking import (
    Page,
    Report,
    hidden_by,
    identities_of,
    listing,
    listings_of,
    of,
    page,
)
from domain.dealerships.matching import Identity, identities
from domain.dealerships.reporting import CODE, Preview, preview, report
from domain.dealerships.tables import DealershipReport, ReportedIdentity, ReportedListing
from domain.dealerships.undoing import Undone, undo

__all__ = [
    "CODE",
    "DealershipReport",
    "Identity",
    "Page",
    "Preview",
    "Report",
    "ReportedIdentity",
    "ReportedListing",
    "Undone",
    "filter_ads",
    "hidden_by",
    "identities",
    "identities_of",
    "listing",
    "listings_of",
    "of",
    "page",
    "preview",
    "report",
    "reported",
    "undo",
]

"""Whom nothing is sent to: opt-outs, do not contact, blocks."""

from domain.suppressions.opt_outs import announce_start, opt_in, opt_out, opted_out, wait_for_starts
from domain.suppressions.tables import Block, DoNotContact, FirstContact, ListImport, OptOut

__all__ = [
    "Block",
    "DoNotContact",
    "FirstContact",
    "ListImport",
    "OptOut",
    "announce_start",
    "opt_in",
    "opt_out",
    "opted_out",
    "wait_for_starts",
]

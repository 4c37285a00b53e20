"""Whom nothing is sent to: opt-outs, do not contact, blocks."""

from domain.suppressions.blocks import block, blocked, unblock
from domain.suppressions.do_not_contact import dnc, lift_dnc
from domain.suppressions.first_contacts import claim as claim_first_contact
from domain.suppressions.first_contacts import claim_many as claim_first_contacts
from domain.suppressions.first_contacts import give_back as give_back_first_contacts
from domain.suppressions.first_contacts import one_at_a_time
from domain.suppressions.hearsay import agent_opt_out, from_provider, lift_opt_out
from domain.suppressions.of_threads import spread, withdraw
from domain.suppressions.opt_outs import announce_start, opt_in, opt_out, opted_out, wait_for_starts
from domain.suppressions.putting import Kind
from domain.suppressions.tables import Block, DoNotContact, FirstContact, ListImport, OptOut

__all__ = [
    "Block",
    "DoNotContact",
    "FirstContact",
    "Kind",
    "ListImport",
    "OptOut",
    "agent_opt_out",
    "announce_start",
    "block",
    "blocked",
    "claim_first_contact",
    "claim_first_contacts",
    "dnc",
    "from_provider",
    "give_back_first_contacts",
    "lift_dnc",
    "lift_opt_out",
    "one_at_a_time",
    "opt_in",
    "opt_out",
    "opted_out",
    "spread",
    "unblock",
    "wait_for_starts",
    "withdraw",
]

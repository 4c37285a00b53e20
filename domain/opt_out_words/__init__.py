"""What a seller's message asks for: no more messages, a human look, messages again, help, or to go on."""

from domain.opt_out_words.exact import Word, read
from domain.opt_out_words.languages import Tongue, tongue
from domain.opt_out_words.plain import understand
from domain.opt_out_words.rules import Outcome, Reading

__all__ = ["Outcome", "Reading", "Tongue", "Word", "read", "tongue", "understand"]

"""A seller asks to be erased: what is known of them goes, and that nobody writes to them again stays."""

from domain.erasures.conversations import ERASED
from domain.erasures.erasing import CONFIRM, Erased, erase
from domain.erasures.looking import Preview, preview

__all__ = ["CONFIRM", "ERASED", "Erased", "Preview", "erase", "preview"]

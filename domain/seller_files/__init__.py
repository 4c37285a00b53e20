"""A seller's file: all that is known of one person, to take out, and to prove that nobody changed it since."""

from domain.seller_files.checking import Checked, check
from domain.seller_files.exporting import Earlier, Exported, Preview, earlier, export, preview

__all__ = ["Checked", "Earlier", "Exported", "Preview", "check", "earlier", "export", "preview"]

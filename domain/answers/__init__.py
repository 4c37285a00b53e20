"""What is answered by itself: one confirmation to somebody who says stop, one to START, a few words to HELP.

Only where the provider does not answer those very words itself. An answer is a message of its own kind, which leaves
within minutes or not at all; the gate lets it pass the opt-out it answers, and no other.
"""

from domain.answers.timing import CONFIRMS, LATEST, expire, is_late
from domain.answers.writing import APART, write

__all__ = ["APART", "CONFIRMS", "LATEST", "expire", "is_late", "write"]

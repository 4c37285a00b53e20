"""What a step of the delivery changed, for those who must hear of it."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass
class News:
    """What changed, for those who must hear of it: live pages, the pace, and whoever reads files."""

    listings: set[UUID] = field(default_factory=set)
    closed: dict[UUID, float] = field(default_factory=dict)  # connection -> seconds to leave it alone
    with_files: list[UUID] = field(default_factory=list)  # messages not begun: their files must be packed first
    to_look_up: list[UUID] = field(default_factory=list)  # messages not begun: their senders must be looked up first
    looked_at: int = 0  # how many due messages were

"""What this copy of Lotwire is, where it ran, and whether its sender is frozen until somebody looked."""

from domain.installations.tables import Boot, Installation, here, salt

__all__ = ["Boot", "Installation", "here", "salt"]

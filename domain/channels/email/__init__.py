"""Email: written, handed over, read, and what came back understood."""

from domain.channels.email.channel import Email

__all__ = ["Email"]

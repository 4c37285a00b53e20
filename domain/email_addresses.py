"""What can be an email address."""

LONGEST = 254  # characters, RFC 5321 4.5.3.1.3


def is_address(address: str) -> bool:
    """Whether mail could be sent to it: one @, a host with a dot, nothing that would end or split a header."""
    local, _, host = address.rpartition("@")
    odd = any(char.isspace() or not char.isprintable() or char in '<>",;:()[]\\' for char in address)
    named = bool(local) and "@" not in local and "." in host.strip(".") and ".." not in host
    return named and not odd and len(address) <= LONGEST

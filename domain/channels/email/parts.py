"""The tree of a mail: its leaves, each by the path of numbers that leads there. Pure; nothing here raises."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message
from email.parser import BytesParser

from domain.channels.email import decoding

MOST = 300  # leaves
DEEPEST = 30


def of(raw: bytes) -> Message:
    """A mail as a tree; one that nobody can take apart is a head and nothing else."""
    try:
        return message_from_bytes(raw, policy=policy.compat32)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError):
        return BytesParser(policy=policy.compat32).parsebytes(raw.split(b"\r\n\r\n")[0], headersonly=True)


def leaves(message: Message) -> Iterator[tuple[str, Message]]:
    """Every part that is none of several, in its order. A mail in a mail is one leaf."""
    found = 0
    waiting: list[tuple[tuple[int, ...], Message]] = [((), message)]
    while waiting and found < MOST:
        path, part = waiting.pop()
        inside = decoding.held_as_is(part)
        if part.get_content_maintype() == "multipart" and isinstance(inside, list) and len(path) < DEEPEST:
            numbered = [((*path, n), each) for n, each in enumerate(inside, 1) if isinstance(each, Message)]
            waiting += numbered[::-1]
            continue
        found += 1
        yield ".".join(map(str, path)) or "0", part


def at(message: Message, path: str) -> Message | None:
    """The part that a path leads to."""
    return next((part for name, part in leaves(message) if name == path), None)


def content(part: Message) -> bytes:
    """A mail in a mail as it came, anything else unpacked."""
    inside = decoding.held_as_is(part)
    if part.get_content_maintype() == "message" and isinstance(inside, list) and inside:
        try:
            return b"\n\n".join(each.as_bytes() for each in inside if isinstance(each, Message))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return b""
    return decoding.body(part)

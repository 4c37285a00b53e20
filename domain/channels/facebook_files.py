"""Files in Messenger: uploaded before a message names them, and fetched from Facebook's servers where one came."""

import json
import re
import secrets
from urllib.parse import urlsplit

from domain.channels import http
from domain.channels.base import ChannelError, FileRules, Kind, Media
from domain.public_addresses import may_lead_there

LARGEST_PICTURE = 8_000_000  # bytes
LARGEST_FILE = 25_000_000
TIMEOUT = 60.0  # seconds

RULES = FileRules(
    types=frozenset(
        {
            "image/jpeg",
            "image/png",
            "image/gif",
            "application/pdf",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "text/csv",
            "text/plain",
        }
    ),
    picture_bytes=LARGEST_PICTURE,
    file_bytes=LARGEST_FILE,
    total_bytes=LARGEST_FILE,
    most=5,
)


def kind(file: Media) -> str:
    """What Facebook calls it."""
    return "image" if file.media_type.startswith("image/") else "file"


def require_takes(file: Media) -> None:
    """Raises ChannelError for a file that Facebook does not take."""
    limit = LARGEST_PICTURE if kind(file) == "image" else LARGEST_FILE
    if file.media_type not in RULES.types or len(file.data) > limit:
        reason = f"Facebook does not take {file.name}. Send it as a link."
        raise ChannelError(reason, Kind.PERMANENT, code="attachment_unsupported")


def upload(file: Media) -> tuple[str, bytes]:
    """A multipart/form-data body (RFC 7578) and its type. Names of files are made harmless: they stand in a header."""
    boundary = secrets.token_hex(16)
    clean = re.sub(r"[^\w. ()-]", "_", file.name, flags=re.ASCII) or "file"
    about = json.dumps({"attachment": {"type": kind(file), "payload": {"is_reusable": True}}})
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="message"\r\n\r\n{about}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="filedata"; filename="{clean}"\r\n'
        f"Content-Type: {file.media_type}\r\n\r\n"
    )
    return f"multipart/form-data; boundary={boundary}", head.encode() + file.data + f"\r\n--{boundary}--\r\n".encode()


async def fetch(url: str) -> Media:
    """From Facebook's file servers, which need no token; only from out on the internet, whatever the event says.
    Raises ChannelError."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not may_lead_there(url):
        raise ChannelError("This file is nowhere that Lotwire fetches from.", Kind.PERMANENT, code="address")
    async with http.outside() as session:
        answer = await http.call("GET", url, headers={}, timeout=TIMEOUT, largest=LARGEST_FILE + 1, through=session)
    if answer.status in (403, 404, 410):
        raise ChannelError("Facebook does not hand this file out any more.", Kind.PERMANENT, code="gone")
    if answer.status != 200:
        raise ChannelError("Facebook did not hand the file out just now.", Kind.NEVER_CONNECTED, code="file")
    if len(answer.body) > LARGEST_FILE:
        raise ChannelError("This file is larger than 25 MB.", Kind.PERMANENT, code="too_large")
    name = parts.path.rpartition("/")[2]
    return Media(name, answer.headers.get("Content-Type", "").partition(";")[0], answer.body)

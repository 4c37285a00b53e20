"""A form at an address that somebody entered: filled in, posted once, and what its answer says."""

import asyncio
import ipaddress
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any
from urllib.parse import urljoin, urlsplit

from domain import wildcards
from domain.channels import http
from domain.channels.base import ChannelError, Form, Kind
from domain.public_addresses import Address, is_public, may_lead_there
from domain.settings import settings

TIMEOUT = 10.0  # seconds
LARGEST_ANSWER = 200_000  # bytes that are looked at
BETWEEN = 1.0  # seconds between two calls of a host
MOST_REDIRECTS = 3
MESSAGE = "{{message}}"  # where the words go
MOVED = (301, 302, 303)  # after a form that was taken; 307 and 308 want it posted again elsewhere
NO_ANSWER = http.Answer(0, {}, b"")
PRIVATE = "This form's address leads into a private network. Ask the owner of this installation."
NOT_WEB = "A form's address starts with https://."

_next_call: dict[str, float] = {}  # host -> when (monotonic) it may be called again


def allowed(address: Address) -> bool:
    """Out on the internet, or in a network that the owner of this installation has named."""
    return is_public(address) or any(address in network for network in _own_networks() if _fits(address, network))


def problem(url: str) -> str:
    """What stands against an address, in a sentence; empty when it may be called. Names are looked up later."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return NOT_WEB
    if not host or parts.username or parts.password or any(each <= " " for each in url):
        return NOT_WEB
    if not may_lead_there(url, allowed):
        return PRIVATE
    if parts.scheme == "https" or (parts.scheme == "http" and _is_own(host)):
        return ""
    return NOT_WEB


def filled(form: Form, body: str) -> tuple[list[tuple[str, str]], list[str]]:
    """(name and value of each field, the wildcards without a value). Values are never read as wildcards again."""
    made: list[tuple[str, str]] = []
    missing: list[str] = []
    for name, wording in form.fields.items():
        pieces = []
        for piece in str(wording).split(MESSAGE):
            one = wildcards.fill(piece, form.values)
            pieces.append(one.body)
            missing += one.missing
        made.append((name, body.join(pieces)))
    return made, list(dict.fromkeys(missing))


async def post(form: Form, body: str) -> str:
    """Fills in the form and posts it, once; where it went. Raises ChannelError."""
    if against := problem(form.endpoint):
        raise ChannelError(against, Kind.PERMANENT, code="address")
    host = urlsplit(form.endpoint).hostname or ""
    site = form.site or host
    values, missing = filled(form, body)
    if missing:
        labels = {token: each.label for token, each in wildcards.WILDCARDS.items()}
        named = ", ".join(labels.get(token, token) for token in missing)
        raise ChannelError(f"The form asks for what is not known: {named}.", Kind.PERMANENT, code="missing_wildcard")
    await _turn(host)
    async with http.outside(allowed) as session:
        answer = await http.call(
            "POST", form.endpoint, headers={}, form=values, timeout=TIMEOUT, largest=LARGEST_ANSWER, through=session
        )
        _require_not_refused(site, answer.status)
        here, moved = form.endpoint, list[str]()
        for _ in range(MOST_REDIRECTS):
            there = _onward(here, answer) if answer.status in MOVED else ""
            if not there:
                break
            moved.append(there)
            if not _same_place(here, there):
                break
            here = there
            try:
                answer = await http.call(
                    "GET", here, headers={}, timeout=TIMEOUT, largest=LARGEST_ANSWER, through=session
                )
            except ChannelError as error:  # the form is posted, whatever becomes of the page after it
                if _is_taken(form, NO_ANSWER, moved):
                    return site
                raise ChannelError(error.reason, Kind.UNKNOWN, code=error.code) from error
    if not _is_taken(form, answer, moved):
        reason = f"{site} answered, but not as it does when it takes a form. Look there before you send it again."
        raise ChannelError(reason, Kind.UNKNOWN, code="unlike")
    return site


def _require_not_refused(site: str, status: int) -> None:
    """Of the answer to the form itself: the pages that follow it say nothing of whether it was taken."""
    if status >= 500 or status == 408:
        raise ChannelError(f"{site} had an error before it confirmed the form.", Kind.UNKNOWN, code=str(status))
    if status == 429:
        raise ChannelError(f"{site} takes no more forms just now. Try later.", Kind.PERMANENT, code="429")
    if status >= 400:
        raise ChannelError(f"{site} refused the form.", Kind.PERMANENT, code=str(status))


def _is_taken(form: Form, answer: http.Answer, moved: Sequence[str]) -> bool:
    """Whether the last answer, and where the site led after the form, are as the rule of the site says."""
    rule: Mapping[str, Any] = form.success
    wanted = str(rule.get("status") or "")
    words, target = str(rule.get("body") or ""), str(rule.get("redirect") or "")
    return (
        (not wanted or str(answer.status) in wanted.replace(",", " ").split())
        and (not words or words.casefold() in answer.body.decode("utf-8", "replace").casefold())
        and (not target or any(target in each for each in moved))
        and (200 <= answer.status < 300 or bool(target and moved))
    )


async def _turn(host: str) -> None:
    """Waits until the host may be called again."""
    now = monotonic()
    for gone in [each for each, until in _next_call.items() if until < now]:
        del _next_call[gone]
    mine = max(now, _next_call.get(host, now))
    _next_call[host] = mine + BETWEEN
    await asyncio.sleep(mine - now)


def _onward(here: str, answer: http.Answer) -> str:
    to = answer.headers.get("Location", "")
    try:
        return urljoin(here, to) if to else ""
    except ValueError:
        return ""


def _same_place(here: str, there: str) -> bool:
    try:
        one, other = urlsplit(here), urlsplit(there)
        return (one.scheme, one.hostname, one.port) == (other.scheme, other.hostname, other.port)
    except ValueError:
        return False


def _own_networks() -> Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(each, strict=False) for each in settings().form_networks.replace(",", " ").split()]


def _fits(address: Address, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    return address.version == network.version


def _is_own(host: str) -> bool:
    """An address of a network that the owner has named: there no certificate can be had."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in _own_networks() if _fits(address, network))

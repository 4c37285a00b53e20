"""Texts through Dialpad (developers.dialpad.com, API v2): one company API key, each sender by their own user id."""

import base64
import re
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

import phonenumbers

from domain import prices
from domain.channels import dialpad_events, http, read
from domain.channels.base import (
    Accepted,
    Channel,
    ChannelError,
    Field,
    FileRules,
    HookCall,
    HookEvent,
    Incoming,
    Kind,
    Listening,
    Media,
    Outgoing,
    PermitLike,
    Receipt,
    Sender,
)
from domain.channels.dialpad_api import Api, id_of, made
from domain.channels.dialpad_errors import (
    FAILURES,
    NO_ACCOUNT,
    OPTED_OUT,
    OUT_OF_CREDIT,
    WITHOUT_ACCOUNT,
    code_of,
    state,
    tells,
)
from domain.channels.dialpad_line import Line
from domain.errors import Refused
from domain.settings import settings

LONGEST_TEXT = 1500  # characters, to numbers outside Dialpad
LARGEST_FILE = 500 * 1024  # bytes, before base64; with the longest text it stays under the 1 MB of a whole request
PICTURE_COUNTRIES = {"US", "CA"}  # whose numbers get MMS (help.dialpad.com, "Send a message")
USER_PAGES = 20  # of a user search; an email filter that works answers with one
# What Dialpad answers itself, and acts upon: the whole text, a space at its end defeats it (help.dialpad.com, "Opt in
# and out of SMS messages"). Whether capitals count is not said; two answers are worse than none, so they do not.
ANSWERED = "STOP UNSTOP HELP"
SENDER = re.compile(r"\d{1,18}", re.ASCII)
E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)

# A text takes one file (`media` of the API description). Pictures alone: what every phone shows.
PICTURES = FileRules(
    types=frozenset({"image/jpeg", "image/png", "image/gif"}),
    picture_bytes=LARGEST_FILE,
    file_bytes=LARGEST_FILE,
    total_bytes=LARGEST_FILE,
    most=1,
    countries=frozenset(PICTURE_COUNTRIES),
)


class Dialpad(Channel):
    """Dialpad's part of the contract. Raises Refused when the address, the key or an option cannot be right."""

    kind = "dialpad"
    channel = "text"
    name = "Dialpad"
    default_base_url = "https://dialpad.com"
    summary = "Text sellers from your people’s own Dialpad numbers."
    does = (
        "Each person texts from their own Dialpad number, found by their email.",
        "Replies and delivery states come back into the history of the listing.",
        "What somebody types in Dialpad itself is added to the history too.",
    )
    needs = (
        "A Dialpad company with texting, and an API key made by its administrator.",
        "The same email address in Dialpad and in Lotwire for everybody who texts.",
        "For replies an address at which Dialpad can reach this Lotwire; without one it keeps a line open.",
    )
    fields = (
        Field(
            "api_key",
            "API key",
            "Made in Dialpad under Company settings. It is encrypted and never shown again.",
            secret=True,
        ),
        Field("company_id", "Company ID", "Only where one API key covers several companies.", required=False),
    )
    feature = "dialpad"
    senders = "person"
    per_minute = 90  # its own limits are 100 texts a minute and 20 calls a second (providers' documentation)
    per_second = 15
    events: ClassVar[tuple[Literal["hook", "websocket", "mailbox"], ...]] = ("hook", "websocket")
    secret_label = "Signing secret"  # noqa: S105 - what its field is called
    keeps_opt_outs = True
    files_switch = True

    def __init__(
        self,
        base_url: str,
        credentials: Mapping[str, str],
        webhook_secret: str = "",
        *,
        mms: bool | str = False,
        out_of_credit: str = OUT_OF_CREDIT,
        opted_out: str = OPTED_OUT,
        answered: str = ANSWERED,
        max_event_age_days: float | str = 7,
        timeout: float | str = http.TOTAL_TIMEOUT,
        hears: str = "",
        price_per_segment: str = "",
        **options: Any,
    ) -> None:
        """`mms` lets pictures go along, for a company whose Dialpad plan has them. `out_of_credit` is the pattern of a
        402 or 403 answer that asks for money, `opted_out` that of a refusal because the recipient said stop to Dialpad,
        `answered` the words that Dialpad answers itself, `timeout` seconds a call, `hears` how events come: by `hook`,
        by `websocket`, or, empty, by a hook where Lotwire has a public address and else by a websocket. Raises
        TypeError for an option that is neither ours nor the pace's."""
        prices.read(str(price_per_segment))  # which the look before a batch asks for
        read.pace(options)
        parts = urlsplit(base_url.strip())
        if parts.scheme not in ("https", "http") or not parts.netloc:
            raise Refused("Dialpad's address must start with https://, such as https://dialpad.com.", field="base_url")
        api_key = credentials.get("api_key", "").strip()
        if not re.fullmatch(r"[!-~]+", api_key):
            raise Refused("This is not an API key. Copy the key from Dialpad's admin portal again.", field="api_key")
        self._webhook_secret = webhook_secret.strip()
        if hears not in ("", "hook", "websocket"):
            raise Refused("Dialpad is heard by hook or by websocket.", field="hears")
        company_id = credentials.get("company_id", "").strip()
        if company_id and not SENDER.fullmatch(company_id):
            raise Refused("Dialpad's company id has digits alone.", field="company_id")
        self._hears = hears
        self._mms = read.switch(mms, "mms")
        patience = read.positive(timeout, "timeout")
        self._max_event_age = timedelta(days=read.positive(max_event_age_days, "max_event_age_days"))
        self._answered = frozenset(answered.casefold().split())
        patterns = read.pattern(out_of_credit, "out_of_credit"), read.pattern(opted_out, "opted_out")
        self._api = Api(base_url.strip().rstrip("/"), api_key, company_id, patience, *patterns)

    # Out

    @property
    def files(self) -> FileRules | None:
        return PICTURES if self._mms else None

    async def send(self, outgoing: Outgoing, permit: PermitLike) -> Accepted:
        permit.spend(outgoing)
        if len(outgoing.body) > LONGEST_TEXT:
            raise ChannelError(
                f"This text has {len(outgoing.body):,} characters. Dialpad takes {LONGEST_TEXT:,}: shorten it.",
                Kind.PERMANENT,
                code="too_long",
            )
        if not SENDER.fullmatch(outgoing.sender):
            raise ChannelError(NO_ACCOUNT, Kind.PERMANENT, code="sender")
        if not E164.fullmatch(outgoing.to):
            reason = FAILURES["invalid_destination"]
            raise ChannelError(reason, Kind.PERMANENT, code="invalid_destination", tells="untextable")
        words = {
            "user_id": int(outgoing.sender),
            "to_numbers": [outgoing.to],  # never two: Dialpad would make a group of them
            "text": outgoing.body,
            "infer_country_code": False,
            **({"from_number": outgoing.from_address} if outgoing.from_address else {}),
            **({"media": self._media(outgoing)} if outgoing.media else {}),
        }
        try:
            answer = await self._api.call("POST", "/api/v2/sms", json=words)
        except ChannelError as error:
            if error.code in ("403", "404") and WITHOUT_ACCOUNT.search(error.reason):
                raise ChannelError(NO_ACCOUNT, Kind.PERMANENT, code="sender") from error
            raise
        said = answer.json()
        if not isinstance(said, dict):
            raise ChannelError("Dialpad's answer could not be read.", Kind.UNKNOWN, code="unreadable")
        reached, reason = state(said)
        if reached == "undelivered":
            code = code_of(said) or str(said.get("message_delivery_result") or "failed")
            raise ChannelError(reason, Kind.PERMANENT, code=code, tells=tells(said, bool(outgoing.media)))
        provider_id = id_of(said.get("id"))
        if not provider_id:
            raise ChannelError("Dialpad's answer could not be read.", Kind.UNKNOWN, code="unreadable")
        return Accepted(provider_id, reached, from_address=read.e164(said.get("from_number")))

    def _media(self, outgoing: Outgoing) -> str:
        """The one file of a text, as Dialpad wants it. Raises ChannelError when it may not go along."""
        file = outgoing.media[0]
        if reason := self._against(outgoing.media) or _no_pictures(outgoing.to):
            raise ChannelError(f"{reason} Send {file.name} as a link.", Kind.PERMANENT, code="attachment_unsupported")
        return base64.b64encode(file.data).decode()

    def _against(self, files: tuple[Media, ...]) -> str:
        if not self._mms:
            return "Pictures are not switched on for Dialpad."
        if len(files) > PICTURES.most:
            return "Dialpad takes one picture a text."
        if files[0].media_type not in PICTURES.types:
            return "Dialpad takes JPEG, PNG and GIF pictures alone."
        if len(files[0].data) > LARGEST_FILE:
            return f"Dialpad takes pictures of up to {LARGEST_FILE // 1024} KB."
        return ""

    async def find_sender(self, email: str) -> Sender | None:
        email = email.strip()
        cursor = ""
        for _ in range(USER_PAGES):
            users, following = await self._api.users({"email": email, "state": "active"}, cursor)
            for user in users:
                if _is(user, email):
                    return _sender(user)
            if not following or following == cursor:
                return None
            cursor = following
        return None

    async def check(self) -> None:
        await self._api.users({"state": "active"})

    # Who said stop to Dialpad

    def answers(self, body: str) -> bool:
        return body.casefold() in self._answered

    def opt_outs(self) -> AsyncIterator[list[str]]:
        return self._api.opt_outs()

    # In

    def verify(self, call: HookCall) -> list[HookEvent]:
        return dialpad_events.verified(call, self._webhook_secret, self._max_event_age)

    def parse(self, payload: dict[str, Any]) -> list[Incoming] | list[Receipt]:
        return dialpad_events.said(payload)

    # Hooks

    async def register_hook(self, hook_url: str, secret: str) -> str:
        """Ask Dialpad to call `hook_url` for every text, signed with `secret`. Answers a name for `remove_hook`.
        Raises ChannelError."""
        webhook = made(await self._api.call("POST", "/api/v2/webhooks", json={"hook_url": hook_url, "secret": secret}))
        try:
            subscription = await self._api.subscribe(webhook)
        except ChannelError:
            await self._api.remove(f"/api/v2/webhooks/{webhook}")
            raise
        return f"{webhook}/{subscription}"

    async def remove_hook(self, hook: str) -> None:
        """End what `register_hook` began; one that is gone already is no error. Raises ChannelError."""
        webhook, _, subscription = hook.partition("/")
        if not (webhook.isdigit() and subscription.isdigit()):
            raise ValueError(f"not a hook's name: {hook!r}")
        await self._api.remove(f"/api/v2/subscriptions/sms/{subscription}")
        await self._api.remove(f"/api/v2/webhooks/{webhook}")

    # A line instead of a hook, where Dialpad cannot reach us

    def listens(self) -> bool:
        return self._hears == "websocket" or (not self._hears and not settings().public_url)

    async def listen(self, listening: Listening) -> None:
        await Line(self._api, self._webhook_secret).listen(self, listening)


def _is(user: dict[str, Any], email: str) -> bool:
    """Dialpad's filter is not trusted: a wrong match would text from a colleague's number."""
    emails = user.get("emails")
    named = {each.strip().casefold() for each in emails if isinstance(each, str)} if isinstance(emails, list) else set()
    return user.get("state") == "active" and email.casefold() in named and bool(id_of(user.get("id")))


def _sender(user: dict[str, Any]) -> Sender:
    """An active user, perhaps without a number: the gate says so in its own words."""
    name = user.get("display_name") or " ".join(
        str(user[part]) for part in ("first_name", "last_name") if user.get(part)
    )
    numbers = user.get("phone_numbers")
    found = [number for number in map(read.e164, numbers if isinstance(numbers, list) else []) if number]
    return Sender(id_of(user["id"]), str(name), tuple(dict.fromkeys(found)))


def _no_pictures(to: str) -> str:
    """Why this number gets no pictures; "" when it does."""
    country = phonenumbers.region_code_for_number(phonenumbers.parse(to))
    return "" if country in PICTURE_COUNTRIES else "Dialpad sends pictures to numbers in the US and Canada alone."

"""Texts through Dialpad (developers.dialpad.com, API v2): one company API key, each sender by their own user id."""

import asyncio
import base64
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from json import loads
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

import jwt
import phonenumbers

from domain import clock, prices
from domain.channels import http, read, sockets
from domain.channels.base import (
    SPAM,
    Accepted,
    BadSignature,
    Channel,
    ChannelError,
    Field,
    FileRules,
    HookCall,
    HookEvent,
    Incoming,
    IncomingFile,
    Kind,
    Listening,
    Media,
    NotUnderstood,
    Outgoing,
    PermitLike,
    Receipt,
    Sender,
    State,
    Tells,
    TooOld,
)
from domain.errors import Refused
from domain.settings import settings

log = logging.getLogger(__name__)

LONGEST_TEXT = 1500  # characters, to numbers outside Dialpad
LARGEST_FILE = 500 * 1024  # bytes, before base64; with the longest text it stays under the 1 MB of a whole request
PICTURE_COUNTRIES = {"US", "CA"}  # whose numbers get MMS (help.dialpad.com, "Send a message")
USER_PAGES = 20  # of a user search; an email filter that works answers with one
OUT_OF_CREDIT = r"credit|balance|insufficient funds|payment"  # no sample of the real answer is public
OPTED_OUT = r"\bopted[ -]?out\b|\bunsubscribed\b|\bblocked by (?:the )?recipient\b"  # nor of this one
# What Dialpad answers itself, and acts upon: the whole text, a space at its end defeats it (help.dialpad.com, "Opt in
# and out of SMS messages"). Whether capitals count is not said; two answers are worse than none, so they do not.
ANSWERED = "STOP UNSTOP HELP"
LIST_PAUSE = 0.25  # seconds between two pages of the opt-outs: 250 a minute are allowed
LIST_PAGES = 20_000  # more is no list
LIST_PATIENCE = 5  # times in a row that we wait when Dialpad says "too many" in the middle of it
LONGEST_PAUSE = 60.0
RENEW_AFTER = 50 * 60.0  # seconds; a websocket's address is good for an hour
NO_LINES = ("404", "405", "501")  # of a Dialpad that has no websockets
NO_LINES_FOR = 60 * 60.0  # seconds until we ask again
LINE = "websocket"  # under which our websocket and its subscription are kept
SIGNED = "websocket secret"  # under which it is kept with a mark of the secret it was made with
STRANGE = 0  # the mark of one that signed with another
STRANGE_LINE = "Dialpad signed a reply with a secret that is not ours, so it was not taken. The line is made anew."
UNLIKE_DIALPAD = "This address does not answer like Dialpad. Check it."
SENDER = re.compile(r"\d{1,18}", re.ASCII)
E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
THROTTLED = re.compile(r"rate.?limit|too many|throttl", re.IGNORECASE)
MAYBE_THROTTLED = re.compile(r"\brate\b|\blimit", re.IGNORECASE)
NO_ACCOUNT = "No Dialpad account found"
# No sample of this answer is public either; that somebody may not text for a user is another thing.
WITHOUT_ACCOUNT = re.compile(
    r"\bno (?:such |active )?user\b|\b(?:unknown|invalid|inactive|deactivated|deleted|suspended|disabled) user\b"
    r"|\buser\b.{0,40}\b(?:deactivated|inactive|not active|deleted|suspended|disabled|cancel+ed|removed|not found"
    r"|not exist|pending)\b",
    re.IGNORECASE,
)

# message_delivery_result of the API description, except `accepted`, and what to tell the person who wrote.
FAILURES = {
    "internal_error": "Dialpad had an internal error and did not deliver this text. Try again.",
    "invalid_destination": "This number cannot get texts. Try another number or email.",
    "invalid_source": "Dialpad cannot send texts from your number. Ask your Dialpad admin.",
    "no_route": "No carrier could reach this number. Try another number or email.",
    "not_supported": "This number cannot get this kind of text. Try another number or email.",
    "rejected": "The carrier rejected this text. The seller may have opted out.",
    "rejected_spam": "The carrier took this text for spam. Change the words before you try again.",
    "time_out": "The carrier did not confirm this text in time.",
}
FAILED = "Dialpad could not deliver this text."
UNTEXTABLE = {"invalid_destination", "no_route", "not_supported"}  # of those, what concerns the number itself

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
        self._base_url = base_url.strip().rstrip("/")
        self._api_key = api_key
        self._webhook_secret = webhook_secret.strip()
        if hears not in ("", "hook", "websocket"):
            raise Refused("Dialpad is heard by hook or by websocket.", field="hears")
        company_id = credentials.get("company_id", "").strip()
        if company_id and not SENDER.fullmatch(company_id):
            raise Refused("Dialpad's company id has digits alone.", field="company_id")
        self._hears = hears
        self._company_id = company_id
        self._mms = read.switch(mms, "mms")
        self._timeout = read.positive(timeout, "timeout")
        self._max_event_age = timedelta(days=read.positive(max_event_age_days, "max_event_age_days"))
        self._answered = frozenset(answered.casefold().split())
        self._out_of_credit = read.pattern(out_of_credit, "out_of_credit")
        self._opted_out = read.pattern(opted_out, "opted_out")

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
            answer = await self._call("POST", "/api/v2/sms", json=words)
        except ChannelError as error:
            if error.code in ("403", "404") and WITHOUT_ACCOUNT.search(error.reason):
                raise ChannelError(NO_ACCOUNT, Kind.PERMANENT, code="sender") from error
            raise
        said = answer.json()
        if not isinstance(said, dict):
            raise ChannelError("Dialpad's answer could not be read.", Kind.UNKNOWN, code="unreadable")
        state, reason = _state(said)
        if state == "undelivered":
            code = _code(said) or str(said.get("message_delivery_result") or "failed")
            raise ChannelError(reason, Kind.PERMANENT, code=code, tells=_tells(said, bool(outgoing.media)))
        provider_id = _id(said.get("id"))
        if not provider_id:
            raise ChannelError("Dialpad's answer could not be read.", Kind.UNKNOWN, code="unreadable")
        return Accepted(provider_id, state, from_address=read.e164(said.get("from_number")))

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
            users, following = await self._users({"email": email, "state": "active"}, cursor)
            for user in users:
                if _is(user, email):
                    return _sender(user)
            if not following or following == cursor:
                return None
            cursor = following
        return None

    async def check(self) -> None:
        await self._users({"state": "active"})

    # Who said stop to Dialpad

    def answers(self, body: str) -> bool:
        return body.casefold() in self._answered

    async def opt_outs(self) -> AsyncIterator[list[str]]:
        company, cursor = await self._company(), ""
        seen = {cursor}
        for _ in range(LIST_PAGES):
            query = {"opt_out_state": "opted_out"} | ({"cursor": cursor} if cursor else {})
            items, cursor = await self._patiently(f"/api/v2/company/{company}/smsoptout", query)
            yield [number for item in items if (number := _opted_out(item))]
            if cursor in seen:  # also one that leads back to a page we have had
                return
            seen.add(cursor)
            await asyncio.sleep(LIST_PAUSE)
        raise ChannelError("Dialpad's list of opt-outs does not end.", Kind.PERMANENT, code="endless")

    async def _company(self) -> str:
        """The company that the key belongs to: as its users say, or else as Dialpad says of the key."""
        users, _ = await self._users({"state": "active"})
        companies = {_id(user.get("company_id")) for user in users} - {""}
        if len(companies) == 1:
            return companies.pop()
        said = await self._look("/api/v2/company", {})
        company = _id(said.get("id"))
        if not company:
            raise ChannelError("Dialpad does not say whose API key this is.", Kind.PERMANENT, code="unreadable")
        return company

    async def _patiently(self, path: str, query: dict[str, str]) -> tuple[list[dict[str, Any]], str]:
        """One page of a list, waited for as long as Dialpad asks us to wait, within reason."""
        for n in range(LIST_PATIENCE):
            try:
                return await self._page(path, query)
            except ChannelError as error:
                if error.kind is not Kind.THROTTLED:
                    raise
                await asyncio.sleep(min(error.retry_after or 2.0**n, LONGEST_PAUSE))
        return await self._page(path, query)

    # In

    def verify(self, call: HookCall) -> list[HookEvent]:
        """The body itself is a JWT, signed with HS256 by the webhook's secret; no header says anything. Raises TooOld
        for an event older than `max_event_age_days`: nothing else in it guards against a replay."""
        if not self._webhook_secret:
            raise BadSignature("This connection has no webhook secret, so nothing can prove the event is Dialpad's.")
        try:
            payload = jwt.decode(
                _token(call.body),
                # HMAC itself fills a short key up with zeros (RFC 2104); done here, PyJWT does not warn at each event.
                self._webhook_secret.encode().ljust(32, b"\0"),
                algorithms=["HS256"],
                options={"verify_aud": False, "verify_iat": False, "verify_sub": False, "verify_jti": False},
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise BadSignature("The event is not signed with this connection's webhook secret.") from None
        event_id = _id(payload.get("id"))
        at = _moment(payload.get("event_timestamp")) or _moment(payload.get("created_date"))
        if not event_id or at is None:
            raise NotUnderstood("Dialpad's event has no id or no time.")
        if clock.now() - at > self._max_event_age:
            raise TooOld(f"Dialpad's event is from {at:%Y-%m-%d %H:%M} UTC, too long ago to be taken.")
        # Dialpad names no event: these four tell apart everything it reports about a message.
        facts = [
            event_id,
            *(str(payload.get(name)) for name in ("direction", "message_status", "message_delivery_result")),
        ]
        return [HookEvent(hashlib.sha256("|".join(facts).encode("utf-8", "replace")).hexdigest(), at, payload)]

    def parse(self, payload: dict[str, Any]) -> list[Incoming] | list[Receipt]:
        if not isinstance(payload, dict):
            raise NotUnderstood("Dialpad's event is not an object.")
        if payload.get("is_internal") is True:
            return []
        provider_id = _id(payload.get("id"))
        if not provider_id:
            raise NotUnderstood("Dialpad's event has no id.")
        if payload.get("direction") == "inbound":
            return _incoming(provider_id, payload)
        if payload.get("direction") == "outbound":
            return [_receipt(provider_id, payload)]
        raise NotUnderstood("Dialpad's event says neither inbound nor outbound.")

    # Hooks

    async def register_hook(self, hook_url: str, secret: str) -> str:
        """Ask Dialpad to call `hook_url` for every text, signed with `secret`. Answers a name for `remove_hook`.
        Raises ChannelError."""
        webhook = _made(await self._call("POST", "/api/v2/webhooks", json={"hook_url": hook_url, "secret": secret}))
        try:
            subscription = await self._subscribe(webhook)
        except ChannelError:
            await self._remove(f"/api/v2/webhooks/{webhook}")
            raise
        return f"{webhook}/{subscription}"

    async def remove_hook(self, hook: str) -> None:
        """End what `register_hook` began; one that is gone already is no error. Raises ChannelError."""
        webhook, _, subscription = hook.partition("/")
        if not (webhook.isdigit() and subscription.isdigit()):
            raise ValueError(f"not a hook's name: {hook!r}")
        await self._remove(f"/api/v2/subscriptions/sms/{subscription}")
        await self._remove(f"/api/v2/webhooks/{webhook}")

    async def _subscribe(self, endpoint: str) -> str:
        """Every text to and fro, and delivery receipts, to a webhook or a websocket."""
        wanted = {
            "direction": "all",
            "endpoint_id": int(endpoint),
            "status": True,
            "enabled": True,
            "include_internal": False,
        }
        return _made(await self._call("POST", "/api/v2/subscriptions/sms", json=wanted))

    async def _remove(self, path: str) -> None:
        try:
            await self._call("DELETE", path)
        except ChannelError as error:
            if error.code != "404":
                raise

    # A line instead of a hook, where Dialpad cannot reach us

    def listens(self) -> bool:
        return self._hears == "websocket" or (not self._hears and not settings().public_url)

    async def listen(self, listening: Listening) -> None:
        async def take(body: bytes) -> None:
            try:
                events = listening.verified(self, HookCall(self._base_url, body))
            except BadSignature as error:  # from now on each would be: nobody but Dialpad writes to this line
                websocket = await listening.position(LINE)
                await listening.move_to(SIGNED, websocket[0] if websocket else 0, STRANGE)
                raise ChannelError(STRANGE_LINE, Kind.NEVER_CONNECTED, code="signature") from error
            except NotUnderstood as error:
                log.warning("Dialpad's line told what is not taken: %s", error)
                return
            await listening.keep(events)

        try:
            await sockets.hear(lambda: self._line(listening), take, listening.hears, RENEW_AFTER)
        except ChannelError as error:
            if error.code not in NO_LINES:
                raise
            log.info("%s offers no websockets; its events come by the hook alone", self._base_url)
            await asyncio.sleep(NO_LINES_FOR)

    async def _line(self, listening: Listening) -> str:
        """The address of our websocket, good for an hour. The websocket and its subscription are made once and kept:
        Dialpad takes a hundred subscriptions and no more."""
        known = await listening.position(LINE)
        if known:
            try:
                said = await self._look(f"/api/v2/websockets/{known[0]}", {})
                if self._is_ours(said, known[0], await listening.position(SIGNED)):
                    return self._address(said)
            except ChannelError as error:
                if error.code != "404":
                    raise
        made = (await self._call("POST", "/api/v2/websockets", json={"secret": self._webhook_secret})).json()
        websocket = _id(made.get("id")) if isinstance(made, dict) else ""
        if not websocket:
            raise ChannelError(UNLIKE_DIALPAD, Kind.PERMANENT, code="unreadable")
        subscription = await self._subscribe(websocket)
        await listening.move_to(SIGNED, int(websocket), self._mark())
        await listening.move_to(LINE, int(websocket), int(subscription))
        if known:  # which is gone, or signs with a secret given up since; not before the new one hears
            await self._forget(*known)
        return self._address(made)

    def _is_ours(self, said: Mapping[str, Any], websocket: int, signed: tuple[int, int] | None) -> bool:
        """Whether it signs with our secret, as Dialpad says or, where it does not, as we made it."""
        told = _secret(said)
        if signed == (websocket, STRANGE):
            return False
        return told == self._webhook_secret if told else signed == (websocket, self._mark())

    def _mark(self) -> int:
        """Tells our secret from another and gives nothing of it away."""
        return int.from_bytes(hashlib.sha256(f"{LINE} {self._webhook_secret}".encode()).digest()[:4]) | 1

    async def _forget(self, websocket: int, subscription: int) -> None:
        try:
            await self._remove(f"/api/v2/subscriptions/sms/{subscription}")
            await self._remove(f"/api/v2/websockets/{websocket}")
        except ChannelError as error:
            log.warning("A websocket of before could not be ended: %s", error.reason)

    def _address(self, said: Mapping[str, Any]) -> str:
        url = said.get("websocket_url")
        secure = not self._base_url.startswith("http://")  # a simulator on this machine
        if not isinstance(url, str) or not url.startswith("wss://" if secure else ("wss://", "ws://")):
            raise ChannelError(UNLIKE_DIALPAD, Kind.PERMANENT, code="unreadable")
        return url

    # Calls

    async def _users(self, filters: dict[str, str], cursor: str = "") -> tuple[list[dict[str, Any]], str]:
        """One page of users, and the cursor of the next or "". `limit` is left out: Dialpad has deprecated it."""
        return await self._page("/api/v2/users", filters | ({"cursor": cursor} if cursor else {}))

    async def _page(self, path: str, query: dict[str, str]) -> tuple[list[dict[str, Any]], str]:
        """The items of one page, and the cursor of the next or ""."""
        said = await self._look(path, query)
        items = said.get("items") or []
        if not isinstance(items, list):
            raise ChannelError(UNLIKE_DIALPAD, Kind.PERMANENT, code="unreadable")
        following = said.get("cursor")
        return [item for item in items if isinstance(item, dict)], following if isinstance(following, str) else ""

    async def _look(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        """What Dialpad says of something, as an object."""
        try:
            answer = await self._call("GET", path, params=query)
        except ChannelError as error:
            if error.kind is not Kind.UNKNOWN:
                raise
            # A look-up sends nothing, so one that ended we know not how may simply be made again.
            raise ChannelError(error.reason, Kind.NEVER_CONNECTED, code=error.code) from error
        said = answer.json()
        if not isinstance(said, dict):
            raise ChannelError(UNLIKE_DIALPAD, Kind.PERMANENT, code="unreadable")
        return said

    async def _call(
        self, method: str, path: str, *, json: dict[str, Any] | None = None, params: dict[str, str] | None = None
    ) -> http.Answer:
        """A 2xx answer, or the ChannelError that the status stands for."""
        answer = await http.call(
            method,
            self._base_url + path,
            headers={
                "Authorization": f"Bearer {self._api_key}",
                "Accept": "application/json",
                **({"DP-Company-ID": self._company_id} if self._company_id else {}),
            },
            json=json,
            params=params,
            timeout=self._timeout,
        )
        if 200 <= answer.status < 300:
            return answer
        raise self._refusal(answer)

    def _refusal(self, answer: http.Answer) -> ChannelError:
        status = answer.status
        words = read.words(answer, hidden=self._api_key)
        kind, plain = Kind.PERMANENT, f"Dialpad refused this with status {status}."
        if status == 401:
            kind, words = Kind.CONNECTION_BROKEN, ""
            plain = "Dialpad no longer accepts the API key. Ask an admin to connect Dialpad again."
        elif status == 429 or (status in (402, 403) and THROTTLED.search(words)):
            kind, plain = Kind.THROTTLED, "Dialpad is taking no more texts just now."
        elif status in (402, 403) and self._out_of_credit.search(words):
            kind = Kind.OUT_OF_CREDIT
        elif status in (402, 403) and MAYBE_THROTTLED.search(words):
            kind = Kind.THROTTLED
        elif status in (402, 403):
            plain = "Dialpad does not allow this. Ask your Dialpad admin."
        elif status == 413:
            plain, words = "Dialpad took this for too large. Send the picture as a link, or shorten the text.", ""
        elif status >= 500 or status == 408:
            kind, plain = Kind.UNKNOWN, "Dialpad had an error of its own before it confirmed this."
        elif 300 <= status < 400:
            plain, words = "Dialpad's address has moved. Ask an admin to check it.", ""
        if kind is Kind.PERMANENT and self._opted_out.search(words):
            return ChannelError(read.said("Dialpad", words), kind, code="opted_out", tells="opted_out")
        retry_after = read.retry_after(answer.headers.get("retry-after", "")) if kind is Kind.THROTTLED else None
        return ChannelError(read.said("Dialpad", words) or plain, kind, retry_after=retry_after, code=str(status))


def _state(said: dict[str, Any]) -> tuple[State, str]:
    """How far a message got, and the sentence when it got nowhere."""
    status, result = said.get("message_status"), said.get("message_delivery_result")
    if isinstance(result, str) and result in FAILURES:
        return "undelivered", FAILURES[result]
    if status == "failed":
        return "undelivered", FAILED
    if status == "success":
        return ("delivered" if result == "accepted" else "sent"), ""
    return "accepted", ""


def _tells(said: dict[str, Any], picture: bool) -> Tells:
    """What a failing result tells of the number. That it gets no pictures is not that it gets no texts."""
    result = said.get("message_delivery_result")
    known = isinstance(result, str) and result in UNTEXTABLE
    return "untextable" if known and not (result == "not_supported" and picture) else ""


def _code(said: dict[str, Any]) -> str:
    return SPAM if said.get("message_delivery_result") == "rejected_spam" else ""


def _opted_out(item: dict[str, Any]) -> str:
    """The number of an entry that stands. "" for any other: Dialpad's filter is not trusted."""
    return read.e164(item.get("external_endpoint")) if item.get("opt_out_state", "opted_out") == "opted_out" else ""


def _incoming(provider_id: str, payload: dict[str, Any]) -> list[Incoming]:
    from_number = payload.get("from_number")
    if isinstance(from_number, str) and re.fullmatch(r"\d{3,8}|[A-Za-z][\w .&-]{0,30}", from_number.strip()):
        return []  # a short code or a name: a machine, never a seller
    target = payload.get("target")
    target_number = read.e164(target.get("phone_number")) if isinstance(target, dict) else ""
    to_numbers = [number for number in map(read.e164, _to_numbers(payload)) if number]
    # A group text names others too; the target is the number that is ours.
    to_address = target_number if target_number in to_numbers or not to_numbers else to_numbers[0]
    from_address = read.e164(from_number)
    at = _moment(payload.get("created_date")) or _moment(payload.get("event_timestamp"))
    if not from_address or not to_address or at is None:
        raise NotUnderstood("Dialpad's event does not say who wrote to whom, or when.")
    return [Incoming(provider_id, from_address, to_address, _text(payload) or "", at, _media(payload))]


def _receipt(provider_id: str, payload: dict[str, Any]) -> Receipt:
    at = _moment(payload.get("event_timestamp")) or _moment(payload.get("created_date"))
    if at is None:
        raise NotUnderstood("Dialpad's event does not say when.")
    state, reason = _state(payload)
    target = payload.get("target")
    by_user = isinstance(target, dict) and target.get("type") == "user"
    return Receipt(
        provider_id,
        state,
        reason,
        at,
        to=next(filter(None, map(read.e164, _to_numbers(payload))), ""),
        sender=_id(target.get("id")) if by_user and isinstance(target, dict) else "",
        from_address=read.e164(payload.get("from_number")),
        body=_text(payload),
        tells=_tells(payload, payload.get("mms") is True),
        code=_code(payload),
    )


def _to_numbers(payload: dict[str, Any]) -> list[Any]:
    """Events say `to_number`, REST answers `to_numbers`; both are lists, and a lone string is taken as well."""
    found = payload.get("to_number") or payload.get("to_numbers") or []
    return found if isinstance(found, list) else [found]


def _text(payload: dict[str, Any]) -> str | None:
    """None when the API key lacks the scope to export what messages say."""
    for name in ("text", "text_content"):
        if isinstance(payload.get(name), str):
            return str(payload[name])
    return None


def _media(payload: dict[str, Any]) -> tuple[IncomingFile, ...]:
    found = payload.get("mms_url")
    urls = found if isinstance(found, list) else [found]
    return tuple(IncomingFile(url) for url in urls if isinstance(url, str) and url)


def _is(user: dict[str, Any], email: str) -> bool:
    """Dialpad's filter is not trusted: a wrong match would text from a colleague's number."""
    emails = user.get("emails")
    named = {each.strip().casefold() for each in emails if isinstance(each, str)} if isinstance(emails, list) else set()
    return user.get("state") == "active" and email.casefold() in named and bool(_id(user.get("id")))


def _sender(user: dict[str, Any]) -> Sender:
    """An active user, perhaps without a number: the gate says so in its own words."""
    name = user.get("display_name") or " ".join(
        str(user[part]) for part in ("first_name", "last_name") if user.get(part)
    )
    numbers = user.get("phone_numbers")
    found = [number for number in map(read.e164, numbers if isinstance(numbers, list) else []) if number]
    return Sender(_id(user["id"]), str(name), tuple(dict.fromkeys(found)))


def _made(answer: http.Answer) -> str:
    """The id of what was made, in digits."""
    said = answer.json()
    made = _id(said.get("id")) if isinstance(said, dict) else ""
    if not made.isdigit():
        raise ChannelError("Dialpad's answer could not be read.", Kind.UNKNOWN, code="unreadable")
    return made


def _secret(said: Mapping[str, Any]) -> str:
    """By which a websocket signs, as far as Dialpad says so."""
    signature = said.get("signature")
    secret = signature.get("secret") if isinstance(signature, dict) else None
    return secret if isinstance(secret, str) else ""


def _id(raw: object) -> str:
    """An id as text: the description says int64, answers carry strings and events numbers. "" when it is neither."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw) if 0 < raw < 2**63 else ""
    return raw if isinstance(raw, str) and re.fullmatch(r"[\w-]{1,64}", raw, re.ASCII) else ""


def _moment(raw: object) -> datetime | None:
    """The time of epoch milliseconds, or None."""
    if isinstance(raw, str) and re.fullmatch(r"\d{1,15}", raw, re.ASCII):
        raw = int(raw)
    if not isinstance(raw, int | float) or isinstance(raw, bool):
        return None
    try:
        return datetime.fromtimestamp(raw / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _token(body: bytes) -> str:
    """The JWT of a hook's body, which may come bare or as a JSON string."""
    token = body.decode("ascii").strip()
    if token.startswith('"'):
        token = loads(token)
    return token


def _no_pictures(to: str) -> str:
    """Why this number gets no pictures; "" when it does."""
    country = phonenumbers.region_code_for_number(phonenumbers.parse(to))
    return "" if country in PICTURE_COUNTRIES else "Dialpad sends pictures to numbers in the US and Canada alone."

"""Texts through Twilio Programmable Messaging (twilio.com/docs/messaging): one account, all send from its number."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from domain import clock, prices
from domain.channels import http, read, twilio_hooks
from domain.channels.base import (
    Accepted,
    BadSignature,
    Channel,
    ChannelError,
    Field,
    FileRules,
    HookAnswer,
    HookCall,
    HookEvent,
    Kind,
    Media,
    NotUnderstood,
    Outgoing,
    PermitLike,
    Said,
)
from domain.channels.twilio_api import SID, Api, meant
from domain.channels.twilio_errors import NOT_A_NUMBER, code_of
from domain.errors import Refused

LONGEST_TEXT = 1600  # characters
LARGEST_PICTURE = 1_000_000  # bytes; of the 5 MB that Twilio takes it makes something smaller, we know not what
LARGEST_FILE = 500 * 1024  # bytes, of what is not transcoded
VALIDITY = 4 * 60 * 60  # seconds a text may wait at Twilio: one that is written by day does not arrive by night
PICTURE_COUNTRIES = frozenset({"US", "CA"})  # whose numbers get MMS
# Of a number whose opt-outs Twilio handles as it does unless told otherwise: it answers these words and acts upon them.
ANSWERED = "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT START YES UNSTOP HELP INFO"
SAME_TEXT = 50  # texts to one number that are looked through for the one we lost sight of
ACCOUNT = re.compile(r"AC[0-9a-f]{32}", re.ASCII | re.IGNORECASE)
API_KEY = re.compile(r"SK[0-9a-f]{32}", re.ASCII | re.IGNORECASE)
SERVICE = re.compile(r"MG[0-9a-f]{32}", re.ASCII | re.IGNORECASE)
E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
PRINTED = re.compile(r"[!-~]+", re.ASCII)
UNREADABLE = "Twilio's answer could not be read."
NOT_REACHED = "Twilio would fetch them here, and Lotwire has no public address. Ask whoever runs it to set one."

FILES = FileRules(
    types=frozenset({"image/jpeg", "image/png", "image/gif", "application/pdf", "text/vcard"}),
    picture_bytes=LARGEST_PICTURE,
    file_bytes=LARGEST_FILE,
    total_bytes=3_500_000,
    most=10,
    countries=PICTURE_COUNTRIES,
)


class Twilio(Channel):
    """Twilio's part of the contract. Raises Refused when a field or an option cannot be right."""

    kind = "twilio"
    channel = "text"
    name = "Twilio"
    default_base_url = "https://api.twilio.com"
    summary = "Text sellers from one Twilio number of the dealership."
    does = (
        "Everybody texts from the dealership’s number, or from the numbers of a Messaging Service.",
        "Replies and delivery states come back into the history of the listing.",
        "Pictures go along where Lotwire has a public address from which Twilio can fetch them.",
    )
    needs = (
        "A Twilio account with a number that may text: registered for A2P 10DLC, or toll-free and verified.",
        "Its Account SID and auth token, from the first page of the Twilio Console.",
        "A public address of this Lotwire, which it enters at your number as the one to call for incoming messages.",
    )
    fields = (
        Field("account_sid", "Account SID", "Starts with AC. It is on the first page of the Twilio Console."),
        Field(
            "auth_token",
            "Auth token",
            "Beside the Account SID. Twilio signs its calls with it. It is encrypted and never shown again.",
            secret=True,
        ),
        Field("from_number", "From number", "Such as +16195550142. Empty with a Messaging Service.", required=False),
        Field("messaging_service_sid", "Messaging Service SID", "Starts with MG. Only if you use one.", required=False),
        Field("api_key_sid", "API key SID", "Starts with SK. Only to send by a key of its own.", required=False),
        Field("api_key_secret", "API key secret", "Of that key.", secret=True, required=False),
        Field(
            "lookups",
            "Look numbers up",
            "Twilio says what kind of line a seller has before the first text. It costs money a number.",
            required=False,
            default="off",
            choices=(("off", "Off"), ("on", "On")),
        ),
    )
    feature = "twilio"
    senders = "one"
    sent_from = ("from_number",)
    events = ("hook",)
    per_minute = 60  # the least that a registered number may: one a second
    per_second = 10
    fetches = True
    hook_parts = (twilio_hooks.RECEIPTS,)
    thanks = HookAnswer("<Response/>", "text/xml")
    tells_what_it_took = True

    def __init__(
        self,
        base_url: str,
        credentials: Mapping[str, str],
        webhook_secret: str = "",
        *,
        answered: str = ANSWERED,
        validity: float | str = VALIDITY,
        timeout: float | str = http.TOTAL_TIMEOUT,
        price_per_segment: str = "",
        **options: Any,
    ) -> None:
        """`answered` are the words that Twilio answers itself, `validity` the seconds a text may wait there, `timeout`
        seconds a call. Raises TypeError for an option that is neither ours nor the pace's."""
        prices.read(str(price_per_segment))
        read.pace(options)
        parts = urlsplit(base_url.strip())
        if parts.scheme not in ("https", "http") or not parts.netloc:
            raise Refused("Twilio's address must start with https://, such as https://api.twilio.com.", "base_url")
        account = _field(credentials, "account_sid", ACCOUNT, "An Account SID is AC and 32 letters and digits.")
        self._token = _field(credentials, "auth_token", PRINTED, "Copy the auth token from the Twilio Console again.")
        self._number = _number(credentials.get("from_number", ""))
        self._service = _field(
            credentials, "messaging_service_sid", SERVICE, "A Messaging Service SID is MG and 32 letters and digits."
        )
        key = _field(credentials, "api_key_sid", API_KEY, "An API key SID is SK and 32 letters and digits.")
        secret = _field(credentials, "api_key_secret", PRINTED, "Copy the API key's secret again.")
        if bool(key) != bool(secret):
            raise Refused("An API key has a SID and a secret: give both, or neither.", "api_key_sid")
        if not account:
            raise Refused("Give the Account SID first.", "account_sid")
        if not self._token:
            raise Refused("Paste the auth token first.", "auth_token")
        if not self._number and not self._service:
            raise Refused("Give the number that texts come from, or a Messaging Service.", "from_number")
        self._account = account
        self._lookups = credentials.get("lookups", "") == "on"
        self._answered = frozenset(answered.casefold().split())
        self._validity = int(read.positive(validity, "validity", most=36_000))
        patience = read.positive(timeout, "timeout")
        self._api = Api(base_url.strip().rstrip("/"), account, key or account, secret or self._token, patience)

    # Out

    @property
    def files(self) -> FileRules | None:
        return FILES if self.hook_url else None  # Twilio fetches them here

    @property
    def why_no_files(self) -> str:
        return "" if self.hook_url else NOT_REACHED

    async def send(self, outgoing: Outgoing, permit: PermitLike) -> Accepted:
        permit.spend(outgoing)
        if len(outgoing.body) > LONGEST_TEXT:
            raise ChannelError(
                f"This text has {len(outgoing.body):,} characters. Twilio takes {LONGEST_TEXT:,}: shorten it.",
                Kind.PERMANENT,
                code="too_long",
            )
        if not E164.fullmatch(outgoing.to):
            raise ChannelError(NOT_A_NUMBER, Kind.PERMANENT, code="invalid_destination", tells="untextable")
        if any(not each.url for each in outgoing.media):
            raise ChannelError(
                f"Twilio cannot fetch {outgoing.media[0].name} from here: Lotwire has no public address. Send it as a "
                "link.",
                Kind.PERMANENT,
                code="attachment_unsupported",
            )
        said = await self._api.post(self._api.url("/Messages.json"), self._form(outgoing))
        sid = str(said.get("sid") or "") if said else ""
        if not said or not twilio_hooks.SID.fullmatch(sid):
            raise ChannelError(UNREADABLE, Kind.UNKNOWN, code="unreadable")
        state, reason = twilio_hooks.state_of(
            str(said.get("status") or ""), said.get("error_code"), str(said.get("error_message") or "")
        )
        if state == "undelivered":
            raise meant(code_of(said.get("error_code")), reason)
        return Accepted(sid, state, from_address=read.e164(said.get("from")) or self._number)

    def _form(self, outgoing: Outgoing) -> list[tuple[str, str]]:
        """One recipient, and the words just as they are: Twilio's own replacing of look-alikes is off."""
        number = outgoing.from_address or ("" if self._service else self._number)
        form = [("To", outgoing.to)]
        form += [("From", number)] if number else []
        form += [("MessagingServiceSid", self._service)] if self._service else []
        form += [("Body", outgoing.body)] if outgoing.body or not outgoing.media else []
        form += [("SmartEncoded", "false"), ("ValidityPeriod", str(self._validity))]
        if self.hook_url:
            receipts = f"{self.hook_url}/{twilio_hooks.RECEIPTS}"
            form += [("StatusCallback", f"{receipts}?{twilio_hooks.REFERENCE}={outgoing.message_id.hex}")]
        return form + [("MediaUrl", each.url) for each in outgoing.media]

    async def check(self) -> None:
        """Whether the account is there and active, and the number or service is its own."""
        said = await self._api.look(self._api.url(".json"))
        if said.get("status", "active") != "active":
            raise ChannelError(
                "Twilio says that this account is not active. Look at it in the Twilio Console.", Kind.PERMANENT
            )
        if self._service:
            await self._api.look(self._api.service(self._service))
        elif not await self._api.number_sid(self._number):
            raise ChannelError(f"{self._number} is not a number of this Twilio account.", Kind.PERMANENT)

    # What it took, and who it knows

    async def took(self, outgoing: Outgoing, since: datetime) -> Sequence[HookEvent]:
        query = {"To": outgoing.to, "DateSent>": f"{since.astimezone(UTC):%Y-%m-%d}", "PageSize": str(SAME_TEXT)}
        said = await self._api.look(self._api.url("/Messages.json"), query)
        found = said.get("messages")
        events = []
        for each in found if isinstance(found, list) else []:
            if isinstance(each, dict) and self._is(each, outgoing, since):
                at = twilio_hooks.moment(each.get("date_created")) or clock.now()
                fields = twilio_hooks.as_told(each, self._account)
                ours = outgoing.message_id.hex
                told = twilio_hooks.payload(fields, at, ours)
                events.append(HookEvent(twilio_hooks.key(fields, ours), at, told))
        return events

    def _is(self, listed: Mapping[str, Any], outgoing: Outgoing, since: datetime) -> bool:
        """Whether a text of Twilio's list is this one: its words, its number, its time."""
        at = twilio_hooks.moment(listed.get("date_created"))
        outbound = str(listed.get("direction") or "").startswith("outbound")
        words = listed.get("body") == outgoing.body and read.e164(listed.get("to")) == outgoing.to
        return outbound and words and at is not None and at >= since

    def looks_up(self) -> bool:
        return self._lookups

    async def line_of(self, number: str) -> tuple[str, str]:
        try:
            said = await self._api.look(self._api.looked_up(number), {"Fields": "line_type_intelligence"})
        except ChannelError as error:
            if error.code != "404":
                raise
            said = {"valid": False}
        if said.get("valid") is False:
            return "invalid", ""
        line = said.get("line_type_intelligence")
        if not isinstance(line, dict):
            return "", ""
        return str(line.get("type") or "")[:20], str(line.get("carrier_name") or "")[:100]

    # In

    def answers(self, body: str) -> bool:
        return body.strip().casefold() in self._answered

    def verify(self, call: HookCall) -> list[HookEvent]:
        try:
            signed = twilio_hooks.is_signed(call, self._token)
        except NotUnderstood:  # what is no form has no signature over one
            signed = False
        if not signed:
            raise BadSignature("The call is not signed with this account's auth token.")
        fields = dict(call.form)
        reference = parse_qs(urlsplit(call.url).query).get(twilio_hooks.REFERENCE, [""])[0]
        now = clock.now()
        twilio_hooks.said(fields, now, reference, self._account)  # refused now rather than kept
        return [HookEvent(twilio_hooks.key(fields), now, twilio_hooks.payload(fields, now, reference))]

    def parse(self, payload: dict[str, Any]) -> list[Said]:
        fields, at, reference = twilio_hooks.unpacked(payload)
        return twilio_hooks.said(fields, at, reference, self._account)

    async def fetch(self, ref: str, payload: dict[str, Any]) -> Media:
        answer = await self._api.file(ref)
        return Media("", answer.headers.get("content-type", "").partition(";")[0].strip(), answer.body)

    # Hooks

    async def register_hook(self, hook_url: str, secret: str) -> str:
        """Our address becomes that of incoming messages, at the Messaging Service or at the number."""
        sid = self._service or await self._api.number_sid(self._number)
        if not sid:
            raise ChannelError(f"{self._number} is not a number of this Twilio account.", Kind.PERMANENT)
        await self._api.call_for_incoming(sid, hook_url)
        return sid

    async def remove_hook(self, hook: str) -> None:
        if not SID.fullmatch(hook):
            raise ValueError(f"not a hook's name: {hook!r}")
        try:
            await self._api.call_for_incoming(hook, "")
        except ChannelError as error:
            if error.code not in ("404", "20404"):
                raise


def _field(credentials: Mapping[str, str], name: str, pattern: re.Pattern[str], sentence: str) -> str:
    """A field's value, or "" when none was given. Raises Refused when it cannot be right."""
    value = credentials.get(name, "").strip()
    if value and not pattern.fullmatch(value):
        raise Refused(sentence, name)
    return value


def _number(raw: str) -> str:
    number = read.e164(raw) if raw.strip() else ""
    if raw.strip() and not E164.fullmatch(number):
        raise Refused("This is not a phone number. Write it such as +16195550142.", "from_number")
    return number

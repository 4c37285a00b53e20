"""Calls to one Twilio account: where they go, what lets us in, and what a refusal means."""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from domain import clock
from domain.channels import http, read
from domain.channels.base import ChannelError, Kind
from domain.channels.twilio_errors import BUSY, FAILED, MEANINGS, NO_KEY, Meaning, code_of, next_day

LARGEST_FILE = 6_000_000  # bytes, of one that came with a text: Twilio takes 5 MB
MOST_HOPS = 3  # redirects from a file's address to where it lies
FILE_HOSTS = (".twilio.com", ".twiliocdn.com", ".amazonaws.com")  # where Twilio keeps files
REDIRECTS = (301, 302, 303, 307, 308)
LIVE_HOST = re.compile(r"api(?:\.[a-z0-9-]+){0,2}\.twilio\.com")  # of which the other products stand beside
NUMBER, SERVICE = "PN", "MG"  # how the SIDs begin of what can be called for incoming messages
SID = re.compile(rf"(?:{NUMBER}|{SERVICE})[0-9a-f]{{32}}", re.ASCII | re.IGNORECASE)
UNLIKE_TWILIO = "This address does not answer like Twilio. Check it."


class Api:
    """One account's calls, by its auth token or by an API key."""

    def __init__(self, base_url: str, account: str, key: str, secret: str, timeout: float) -> None:
        self.base_url = base_url
        self.account = account
        self._secret = secret
        self._timeout = timeout
        self._basic = {"Authorization": f"Basic {base64.b64encode(f'{key}:{secret}'.encode()).decode()}"}

    def url(self, path: str) -> str:
        """Of something of the account."""
        return f"{self.base_url}/2010-04-01/Accounts/{self.account}{path}"

    def service(self, sid: str) -> str:
        """Of a Messaging Service."""
        return f"{self._beside('messaging')}/v1/Services/{sid}"

    def looked_up(self, number: str) -> str:
        """Of what is known of a number."""
        return f"{self._beside('lookups')}/v2/PhoneNumbers/{number}"

    def _beside(self, product: str) -> str:
        """Where another of Twilio's products answers; at any other address it is all one."""
        host = urlsplit(self.base_url).hostname or ""
        return f"https://{product}.twilio.com" if LIVE_HOST.fullmatch(host) else self.base_url

    async def post(self, url: str, form: Sequence[tuple[str, str]]) -> dict[str, Any] | None:
        """What Twilio says of what it took; None when that cannot be read. Raises ChannelError."""
        said = (await self._call("POST", url, form=form)).json()
        return said if isinstance(said, dict) else None

    async def look(self, url: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What Twilio says of something, as an object. Raises ChannelError."""
        try:
            said = (await self._call("GET", url, params=query)).json()
        except ChannelError as error:
            if error.kind is not Kind.UNKNOWN:
                raise
            # A look-up sends nothing, so one that ended we know not how may simply be made again.
            raise ChannelError(error.reason, Kind.NEVER_CONNECTED, code=error.code) from error
        if not isinstance(said, dict):
            raise ChannelError(UNLIKE_TWILIO, Kind.PERMANENT, code="unreadable")
        return said

    async def number_sid(self, number: str) -> str:
        """The SID of a number of the account; empty when it has no such number. Raises ChannelError."""
        said = await self.look(self.url("/IncomingPhoneNumbers.json"), {"PhoneNumber": number})
        found = said.get("incoming_phone_numbers")
        for each in found if isinstance(found, list) else []:
            if isinstance(each, dict) and each.get("phone_number") == number:
                sid = str(each.get("sid") or "")
                return sid if SID.fullmatch(sid) else ""
        return ""

    async def call_for_incoming(self, sid: str, hook_url: str) -> None:
        """Twilio calls this address for the incoming messages of a number or Messaging Service; empty: no more."""
        if sid.upper().startswith(SERVICE):
            form = [("InboundRequestUrl", hook_url), ("InboundMethod", "POST"), ("UseInboundWebhookOnNumber", "false")]
            await self._call("POST", self.service(sid), form=form)
            return
        # An application at the number would be called in the place of its address.
        form = [("SmsUrl", hook_url), ("SmsMethod", "POST"), ("SmsApplicationSid", "")]
        await self._call("POST", self.url(f"/IncomingPhoneNumbers/{sid}.json"), form=form)

    async def file(self, url: str) -> http.Answer:
        """A file that came with a text: with our credentials at Twilio alone; where it sends us on, the address itself
        is the permission. Raises ChannelError."""
        headers = self._basic if self._is_at_home(url) else {}
        for _ in range(MOST_HOPS + 1):
            if not self._keeps_files(url):
                raise ChannelError("The file is not where Twilio keeps files.", Kind.PERMANENT, code="address")
            answer = await http.call("GET", url, headers=headers, timeout=self._timeout, largest=LARGEST_FILE)
            if answer.status not in REDIRECTS:
                break
            url, headers = urljoin(url, answer.headers.get("location", "")), {}
        if answer.status in (404, 410):
            raise ChannelError("Twilio no longer has the file.", Kind.PERMANENT, code="gone")
        if answer.status != 200:
            raise ChannelError("Twilio did not hand out the file.", Kind.NEVER_CONNECTED, code=str(answer.status))
        if len(answer.body) >= LARGEST_FILE:
            raise ChannelError("The file is too large to be kept.", Kind.PERMANENT, code="too_large")
        return answer

    def _keeps_files(self, url: str) -> bool:
        parts = urlsplit(url)
        return self._is_at_home(url) or (
            parts.scheme == "https" and f".{parts.hostname or ''}".endswith(FILE_HOSTS) and not parts.port
        )

    def _is_at_home(self, url: str) -> bool:
        parts, home = urlsplit(url), urlsplit(self.base_url)
        return (parts.scheme, parts.netloc) == (home.scheme, home.netloc)

    async def _call(
        self,
        method: str,
        url: str,
        *,
        form: Sequence[tuple[str, str]] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> http.Answer:
        """A 2xx answer, or the ChannelError that it stands for."""
        headers = {**self._basic, "Accept": "application/json"}
        answer = await http.call(method, url, headers=headers, form=form, params=params, timeout=self._timeout)
        if 200 <= answer.status < 300:
            return answer
        raise self._refusal(answer)

    def _refusal(self, answer: http.Answer) -> ChannelError:
        status, said = answer.status, answer.json()
        words = read.said("Twilio", read.words(answer, hidden=self._secret))
        code = code_of(said.get("code")) if isinstance(said, dict) else 0
        wait = read.retry_after(answer.headers.get("retry-after", ""))
        if status >= 500 or status == 408:  # whatever else it says: it may have been taken
            reason = "Twilio had an error of its own before it confirmed this."
            return ChannelError(reason, Kind.UNKNOWN, code=str(status))
        if status == 401:
            return ChannelError(NO_KEY, Kind.CONNECTION_BROKEN, code="401")
        if status == 429:
            return ChannelError(BUSY, Kind.THROTTLED, retry_after=wait, code="429")
        if 300 <= status < 400:
            return ChannelError("Twilio's address has moved. Ask an admin to check it.", Kind.PERMANENT)
        if code in MEANINGS:
            return meant(code, "", wait)
        if status == 402:
            return ChannelError(words or MEANINGS[20005].words, Kind.OUT_OF_CREDIT, code="402")
        return ChannelError(words or f"Twilio refused this with status {status}.", Kind.PERMANENT, code=str(status))


def meant(code: int, reason: str, retry_after: float | None = None) -> ChannelError:
    """The ChannelError that one of Twilio's codes stands for; `reason` is said of a code that is not known."""
    meaning = MEANINGS.get(code, Meaning(Kind.PERMANENT, reason or FAILED))
    wait = retry_after if meaning.kind is Kind.THROTTLED else None
    if meaning.kind is Kind.RESTS:
        now = clock.now()
        wait = (next_day(now) - now).total_seconds()
    name = meaning.code or str(code or "failed")
    return ChannelError(meaning.words, meaning.kind, retry_after=wait, code=name, tells=meaning.tells)

"""Twilio's API as far as texting needs it (twilio.com/docs/messaging): messages, numbers, services, look-ups, hooks."""

import asyncio
import base64
import hmac
import re
from collections import deque
from email.utils import format_datetime
from json import dumps, loads
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
from aiohttp import web

from domain import clock
from workers.simulator import faults, reports
from workers.simulator.carrier import Carrier, Text, User
from workers.simulator.dialpad import Problem, json_answer
from workers.simulator.events import Delivery
from workers.simulator.pictures import LARGEST, STARTS
from workers.simulator.reports import Signed
from workers.simulator.switches import AppliesTo

ACCOUNT = f"AC{'5' * 32}"
TOKEN = "simulator-token"  # noqa: S105 - of a simulator on this machine
NUMBER = "+16195550199"
NUMBER_SID, SERVICE = f"PN{'5' * 32}", f"MG{'5' * 32}"
LISTED = 20_000  # texts that a list still knows
E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
MESSAGE_FIELDS = {
    "To", "From", "MessagingServiceSid", "Body", "MediaUrl", "StatusCallback", "ValidityPeriod", "SmartEncoded",
}  # fmt: skip
STOPS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
CODES = {  # why a text did not arrive, as its status says it
    "invalid_destination": 30006,
    "no_route": 30005,
    "rejected": 30004,
    "rejected_spam": 30007,
    "time_out": 30410,
    "media": 12300,
}
REFUSED = {  # switch -> Twilio's own code and status
    "unauthorized": (20003, 401),
    "out_of_credit": (20005, 403),
    "opted_out": (21610, 400),
    "too_many_requests": (20429, 429),
    "too_many_silent": (20429, 429),
    "burst": (20429, 429),
}
FETCH = aiohttp.ClientTimeout(total=5)


class Twilio:
    """The API of one account with one number, in front of the same carrier and the same phones."""

    def __init__(self, carrier: Carrier, state_dir: Path) -> None:
        self.carrier = carrier
        self.owner = User(7000000000000001, "Twilio number", ["twilio@simulator.example"], [NUMBER])
        self.stops = STOPS
        self.texts: deque[dict[str, Any]] = deque(maxlen=LISTED)  # as the API shows them
        self._kept = state_dir / "twilio.json"
        self.hook = str(loads(self._kept.read_text())["hook"]) if self._kept.exists() else ""
        carrier.others[NUMBER] = self

    def routes(self) -> list[web.RouteDef]:
        account = f"/2010-04-01/Accounts/{ACCOUNT}"
        return [
            web.get(f"{account}.json", self._api(self.account)),
            web.post(f"{account}/Messages.json", self._api(self.send, "sms")),
            web.get(f"{account}/Messages.json", self._api(self.list)),
            web.get(f"{account}/IncomingPhoneNumbers.json", self._api(self.numbers)),
            web.post(f"{account}/IncomingPhoneNumbers/{NUMBER_SID}.json", self._api(self.change_number)),
            web.get(f"/v1/Services/{SERVICE}", self._api(self.service)),
            web.post(f"/v1/Services/{SERVICE}", self._api(self.change_service)),
            web.get("/v2/PhoneNumbers/{number}", self._api(self.look_up)),
        ]

    def _api(self, handler: faults.Handler, call: AppliesTo = "all") -> faults.Handler:
        """The handler behind the token, the switches and the error bodies; every answer is counted."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                self._check_token(request)
                wrong = self.carrier.switches.take_answer(call)
                response = await (faults.answer(request, handler, *wrong, self) if wrong else handler(request))
            except Problem as problem:
                response = _error(problem.code, problem.message, problem.status)
            self.carrier.calls[str(response.status)] += 1
            return response

        return answer

    def _check_token(self, request: web.Request) -> None:
        expected = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {expected}":
            raise _problem(401, 20003, "Authenticate")

    # How it misbehaves: see `faults.Voice`

    def refusal(self, name: str, status: int, words: str) -> web.Response:
        code, status = REFUSED.get(name, (0, status))
        return _error(code, words, status)

    async def failed(self, request: web.Request) -> web.Response:
        form = await _form(request)
        user = self.owner
        text = Text(self.carrier.new_id(), user, NUMBER, dict(form)["To"], dict(form).get("Body", ""), clock.now())
        return json_answer(_shown(text) | {"status": "failed", "error_code": 30006, "error_message": "Landline"}, 201)

    # The account

    async def account(self, request: web.Request) -> web.Response:
        return json_answer({"sid": ACCOUNT, "status": "active", "friendly_name": "Simulated account"})

    async def numbers(self, request: web.Request) -> web.Response:
        wanted = request.query.get("PhoneNumber", NUMBER)
        found = [{"sid": NUMBER_SID, "phone_number": NUMBER, "sms_url": self.hook}]
        return json_answer({"incoming_phone_numbers": found if wanted == NUMBER else []})

    async def change_number(self, request: web.Request) -> web.Response:
        self._call(dict(await _form(request)).get("SmsUrl", ""))
        return json_answer({"sid": NUMBER_SID, "phone_number": NUMBER, "sms_url": self.hook})

    async def service(self, request: web.Request) -> web.Response:
        return json_answer({"sid": SERVICE, "inbound_request_url": self.hook})

    async def change_service(self, request: web.Request) -> web.Response:
        self._call(dict(await _form(request)).get("InboundRequestUrl", ""))
        return json_answer({"sid": SERVICE, "inbound_request_url": self.hook})

    def _call(self, hook: str) -> None:
        self.hook = hook
        self._kept.write_text(dumps({"hook": hook}))

    async def look_up(self, request: web.Request) -> web.Response:
        """A number that ends in 00 is a landline here, one that ends in 99 nobody's."""
        number = request.match_info["number"]
        kind = {"00": "landline", "99": ""}.get(number[-2:], "mobile")
        line = {"type": kind, "carrier_name": "Simulated carrier", "error_code": None} if kind else None
        return json_answer({"phone_number": number, "valid": bool(kind), "line_type_intelligence": line})

    # Texts

    async def send(self, request: web.Request) -> web.Response:
        form = await _form(request)
        given = dict(form)
        if unknown := given.keys() - MESSAGE_FIELDS:
            raise _problem(400, 20001, f"Unknown parameter: {', '.join(sorted(unknown))}")
        to, body = given.get("To", ""), given.get("Body", "")
        media = [value for name, value in form if name == "MediaUrl"]
        if [name for name, _ in form].count("To") != 1 or not E164.fullmatch(to):
            raise _problem(400, 21211, f"Invalid 'To' Phone Number: {to[:40]}")
        if given.get("From", NUMBER) != NUMBER or given.get("MessagingServiceSid", SERVICE) != SERVICE:
            raise _problem(400, 21606, "The 'From' number is not one of yours.")
        if not body and not media:
            raise _problem(400, 21602, "Message body is required.")
        if len(body) > 1600:
            raise _problem(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
        if to in self.carrier.stopped and self.carrier.switches.get("honour_stop"):
            raise _problem(400, 21610, "Attempt to send to unsubscribed recipient")
        picture, trouble = await self._fetched(media)
        message, rejection = self.carrier.take(self.owner, NUMBER, to, body, picture)
        shown = _shown(message)
        self.texts.append(shown)
        self._report(message, shown, given.get("StatusCallback", ""), trouble or rejection)
        slow = self.carrier.switches.take("slow")
        if slow is not None:
            await asyncio.sleep(float(slow.value or 0))
        return json_answer(dict(shown) | {"status": "queued"}, 201)

    async def _fetched(self, media: list[str]) -> tuple[str, str]:
        """The name of the picture at the first address, and why there is none."""
        if not media:
            return "", ""
        try:
            async with aiohttp.ClientSession(timeout=FETCH) as session, session.get(media[0]) as response:
                data = await response.content.read(LARGEST * 3) if response.status == 200 else b""
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            data = b""
        if not data:
            return "", "media"
        known = any(map(data.startswith, STARTS))
        return (await asyncio.to_thread(self.carrier.pictures.keep, data) if known else ""), ""

    async def list(self, request: web.Request) -> web.Response:
        to, size = request.query.get("To", ""), request.query.get("PageSize", "50")
        found = [each for each in reversed(self.texts) if to in ("", each["to"])]
        return json_answer({"messages": found[: int(size) if size.isdigit() else 50], "next_page_uri": None})

    # What is told

    def _report(self, message: Text, shown: dict[str, Any], hook: str, trouble: str) -> None:
        code = CODES.get(trouble, 30008) if trouble else 0
        steps = ["sent", "undelivered"] if code else ["queued", "sent", "delivered"]
        shown |= {"status": steps[-1], "error_code": code or None}
        if not hook:
            return
        for report in reports.of(self.carrier.switches, len(steps), self.carrier.receipt_delays):
            state = steps[report.step]
            fields = _ids(message) | {"MessageStatus": state, "SmsStatus": state, "From": NUMBER, "To": message.to}
            if state == "undelivered":
                fields["ErrorCode"] = str(code)
            for _ in range(report.times):
                self._tell(report.arrives, hook, fields, report.signed)

    def heard(self, message: Text) -> None:
        fields = _ids(message) | {
            "SmsStatus": "received",
            "From": message.from_number,
            "To": NUMBER,
            "Body": message.text,
            "NumMedia": "0",
            "NumSegments": "1",
            "ApiVersion": "2010-04-01",
        }
        if self.hook:
            self._tell(0.0, self.hook, fields)

    def _tell(self, after: float, hook: str, fields: dict[str, str], how: Signed = "right") -> None:
        words = hook + "".join(f"{name}{value}" for name, value in sorted(fields.items()))
        token = TOKEN if how == "right" else f"not {TOKEN}"
        mac = base64.b64encode(hmac.digest(token.encode(), words.encode(), "sha1")).decode()
        headers = {} if how == "not" else {"X-Twilio-Signature": mac}
        body = urlencode(fields).encode()
        self.carrier.events.hand(after, Delivery(hook, body, "application/x-www-form-urlencoded", headers))


def _sid(message: Text) -> str:
    return f"SM{message.id:032x}"


def _ids(message: Text) -> dict[str, str]:
    return {"MessageSid": _sid(message), "SmsSid": _sid(message), "AccountSid": ACCOUNT}


def _shown(message: Text) -> dict[str, Any]:
    """As the API shows a text: counts are text, times those of emails."""
    return {
        "sid": _sid(message),
        "account_sid": ACCOUNT,
        "status": "queued",
        "direction": "outbound-api",
        "from": message.from_number,
        "to": message.to,
        "body": message.text,
        "num_segments": "1",
        "num_media": "1" if message.picture else "0",
        "date_created": format_datetime(message.at),
        "error_code": None,
        "error_message": None,
        "messaging_service_sid": None,
    }


async def _form(request: web.Request) -> list[tuple[str, str]]:
    if request.content_type != "application/x-www-form-urlencoded":
        raise _problem(415, 20415, "Unsupported media type")
    return parse_qsl(await request.text(), keep_blank_values=True)


def _problem(status: int, code: int, words: str) -> Problem:
    problem = Problem(status, words)
    problem.code = code
    return problem


def _error(code: int, words: str, status: int) -> web.Response:
    more = {"code": code, "more_info": f"https://www.twilio.com/docs/errors/{code}"} if code else {}
    return json_answer({"message": words, "status": status} | more, status)

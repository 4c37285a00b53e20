"""Dialpad's API v2 as far as texting needs it (developers.dialpad.com): users, sms, webhooks, subscriptions."""

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from json import dumps, loads
from typing import Any, Literal

from aiohttp import web

from domain import clock
from workers.simulator import faults, pictures
from workers.simulator.carrier import COMPANY, Carrier, Subscription, Text, User, Webhook
from workers.simulator.pictures import WrongPicture

PAGE = 100  # users, opt-outs
MOST_SUBSCRIPTIONS = 100
LARGEST_REQUEST = 1_000_000  # bytes; beyond it Dialpad answers 413
LONGEST_TEXT = 1500  # characters
E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
OPT_OUT_FILTERS = {"opt_out_state", "a2p_campaign_id", "cursor"}
USER_FILTERS = {"cursor", "state", "company_admin", "email", "number"}
SMS_FIELDS = {
    "user_id", "from_number", "to_numbers", "infer_country_code", "text",
    "media", "sender_group_id", "sender_group_type", "channel_hashtag",
}  # fmt: skip
NOT_SIMULATED = {"sender_group_id", "sender_group_type", "channel_hashtag"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Problem(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = 0  # Twilio has one of its own


@dataclass(frozen=True)
class Sms:
    """What the body of a request asks for: one text to each number."""

    user: User
    from_number: str
    to_numbers: list[str]
    text: str
    picture: bytes  # empty: none


class Dialpad:
    """The API in front of one carrier."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier

    def routes(self) -> list[web.RouteDef]:
        webhooks, subscriptions = "/api/v2/webhooks", "/api/v2/subscriptions/sms"
        return [
            web.post("/api/v2/sms", self.api(self.send, "sms")),
            web.get("/api/v2/users", self.api(self.users, "users")),
            web.get("/api/v2/users/{id}", self.api(self.user, "users")),
            web.get("/api/v2/company", self.api(self.company)),
            web.get("/api/v2/company/{id}/smsoptout", self.api(self.opt_outs)),
            web.get(webhooks, self.api(self.webhooks)),
            web.post(webhooks, self.api(self.add_webhook)),
            web.get(webhooks + "/{id}", self.api(self.webhook)),
            web.patch(webhooks + "/{id}", self.api(self.change_webhook)),
            web.delete(webhooks + "/{id}", self.api(self.remove_webhook)),
            web.get(subscriptions, self.api(self.subscriptions)),
            web.post(subscriptions, self.api(self.add_subscription)),
            web.get(subscriptions + "/{id}", self.api(self.subscription)),
            web.patch(subscriptions + "/{id}", self.api(self.change_subscription)),
            web.delete(subscriptions + "/{id}", self.api(self.remove_subscription)),
        ]

    def api(self, handler: Handler, call: Literal["sms", "users", "all"] = "all") -> Handler:
        """The handler behind the key, the switches and the error bodies; every answer is counted."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                self._check_key(request)
                wrong = self.carrier.switches.take_answer(call)
                response = await (faults.answer(request, handler, *wrong, self) if wrong else handler(request))
            except Problem as problem:
                response = json_answer({"error": {"code": problem.status, "message": problem.message}}, problem.status)
            self.carrier.calls[str(response.status)] += 1
            return response

        return answer

    def _check_key(self, request: web.Request) -> None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or key not in self.carrier.keys:
            raise Problem(401, "The API key is missing or not known.")

    # How it misbehaves: see `faults.Voice`

    def refusal(self, name: str, status: int, words: str) -> web.Response:
        return json_answer({"error": {"code": status, "message": words}}, status)

    async def failed(self, request: web.Request) -> web.Response:
        sms = self._read_sms(await request.read())
        text = Text(self.carrier.new_id(), sms.user, sms.from_number, sms.to_numbers[0], sms.text, clock.now())
        return json_answer(_sms(text) | {"message_status": "failed", "message_delivery_result": "invalid_destination"})

    # Users

    async def users(self, request: web.Request) -> web.Response:
        query = request.query
        if unknown := set(query) - USER_FILTERS:
            raise Problem(400, f"Unknown parameter: {', '.join(sorted(unknown))}.")
        state = query.get("state", "active")
        email, number = query.get("email", "").casefold(), query.get("number", "")
        found = [
            user
            for user in self.carrier.users.values()
            if state in ("all", user.state)
            and (not email or email in map(str.casefold, user.emails))
            and (not number or number in user.phone_numbers)
        ]
        return _page([user.shown() for user in found], "users", query.get("cursor", ""))

    async def user(self, request: web.Request) -> web.Response:
        return json_answer(found_in(self.carrier.users, request).shown())

    # The company, and who said stop to it

    async def company(self, request: web.Request) -> web.Response:
        return json_answer({"id": COMPANY, "name": "Simulated company", "country": "us"})

    async def opt_outs(self, request: web.Request) -> web.Response:
        if request.match_info["id"] != COMPANY:
            raise Problem(404, "Not found.")
        query = request.query
        if unknown := set(query) - OPT_OUT_FILTERS:
            raise Problem(400, f"Unknown parameter: {', '.join(sorted(unknown))}.")
        lists = {"opted_out": self.carrier.stopped, "opted_back_in": self.carrier.restarted}
        state = query.get("opt_out_state", "")
        if state not in lists:
            raise Problem(400, "opt_out_state must be opted_out or opted_back_in.")
        items = [
            {
                "external_endpoint": number,
                "opt_out_state": state,
                "date": at,
                "opt_out_scope_info": {"opt_out_scope_level": "company", "scope_id": COMPANY},
            }
            for number, at in sorted(lists[state].items())
        ]
        return _page(items, "optouts", query.get("cursor", ""))

    # Texts

    async def send(self, request: web.Request) -> web.Response:
        if request.content_length is not None and request.content_length > LARGEST_REQUEST:
            raise Problem(413, "The request is larger than 1 MB.")
        if request.content_type != "application/json":
            raise Problem(400, "The body must be application/json.")
        sms = self._read_sms(await request.read())
        picture = await asyncio.to_thread(self.carrier.pictures.keep, sms.picture) if sms.picture else ""
        taken = [self.carrier.accept(sms.user, sms.from_number, to, sms.text, picture) for to in sms.to_numbers]
        slow = self.carrier.switches.take("slow")
        if slow is not None:
            await asyncio.sleep(float(slow.value or 0))
        return json_answer(_sms(taken[0]) | {"to_numbers": sms.to_numbers})

    def _read_sms(self, body: bytes) -> Sms:
        """A body that is as documented. Raises Problem."""
        given = _object(body)
        if unknown := given.keys() - SMS_FIELDS:
            raise Problem(400, f"Unknown field: {', '.join(sorted(unknown))}.")
        if other := given.keys() & NOT_SIMULATED:
            raise Problem(400, f"The simulator does not take {', '.join(sorted(other))}.")
        to_numbers, text = given.get("to_numbers"), given.get("text", "")
        if not isinstance(to_numbers, list) or not 1 <= len(to_numbers) <= 10:
            raise Problem(400, "to_numbers must be a list of 1 to 10 numbers.")
        if not isinstance(given.get("infer_country_code", False), bool):
            raise Problem(400, "infer_country_code must be true or false.")
        for number in to_numbers:
            if not isinstance(number, str) or not E164.fullmatch(number):
                raise Problem(400, f"to_numbers: {str(number)[:40]} is not in E.164 format.")
        try:
            picture = pictures.read(given.get("media"))
        except WrongPicture as error:
            raise Problem(400, str(error)) from None
        if not isinstance(text, str) or not (text or picture):
            raise Problem(400, "text must be a string that is not empty.")
        if len(text) > LONGEST_TEXT:
            raise Problem(400, f"text is longer than {LONGEST_TEXT} characters.")
        user = self._sender(given)
        return Sms(user, given.get("from_number") or user.phone_numbers[0], to_numbers, text, picture)

    def _sender(self, given: dict[str, Any]) -> User:
        user_id, from_number = given.get("user_id"), given.get("from_number")
        if from_number is not None:
            user = next((each for each in self.carrier.users.values() if from_number in each.phone_numbers), None)
            if user is None:
                raise Problem(400, "from_number is not a number of this company.")
        elif isinstance(user_id, int) and not isinstance(user_id, bool):
            user = self.carrier.users.get(user_id)
        else:
            raise Problem(400, "user_id must be an integer.")
        if user is None:
            raise Problem(404, "There is no user with this user_id.")
        if user.state != "active":
            raise Problem(403, f"The user is {user.state}.")
        if not user.phone_numbers:
            raise Problem(400, "The user has no phone number.")
        return user

    # Webhooks

    async def webhooks(self, request: web.Request) -> web.Response:
        hooks = [each for each in self.carrier.webhooks.values() if not each.hook_url.startswith("socket:")]
        return json_answer({"items": [each.shown() for each in hooks]})

    async def webhook(self, request: web.Request) -> web.Response:
        return json_answer(found_in(self.carrier.webhooks, request).shown())

    async def add_webhook(self, request: web.Request) -> web.Response:
        given = await fields_of(request, {"hook_url": str, "secret": str})
        if not str(given.get("hook_url", "")).startswith(("http://", "https://")):
            raise Problem(400, "hook_url must be a URL.")
        webhook = Webhook(self.carrier.new_id(), given["hook_url"], given.get("secret", ""))
        self.carrier.webhooks[webhook.id] = webhook
        self.carrier.save()
        return json_answer(webhook.shown())

    async def change_webhook(self, request: web.Request) -> web.Response:
        webhook = found_in(self.carrier.webhooks, request)
        vars(webhook).update(await fields_of(request, {"hook_url": str, "secret": str}))
        self.carrier.save()
        return json_answer(webhook.shown())

    async def remove_webhook(self, request: web.Request) -> web.Response:
        webhook = found_in(self.carrier.webhooks, request)
        if any(each.endpoint_id == webhook.id for each in self.carrier.subscriptions.values()):
            raise Problem(409, "A subscription still uses this webhook.")
        del self.carrier.webhooks[webhook.id]
        self.carrier.events.forget(webhook.hook_url)
        self.carrier.save()
        return json_answer(webhook.shown())

    # Subscriptions

    async def subscriptions(self, request: web.Request) -> web.Response:
        return json_answer({"items": [self._shown(each) for each in self.carrier.subscriptions.values()]})

    async def subscription(self, request: web.Request) -> web.Response:
        return json_answer(self._shown(found_in(self.carrier.subscriptions, request)))

    async def add_subscription(self, request: web.Request) -> web.Response:
        given = await self._subscription_fields(request)
        if not {"direction", "endpoint_id"} <= given.keys():
            raise Problem(400, "direction and endpoint_id are required.")
        if len(self.carrier.subscriptions) >= MOST_SUBSCRIPTIONS:
            raise Problem(409, f"There are {MOST_SUBSCRIPTIONS} subscriptions already.")
        subscription = Subscription(self.carrier.new_id(), **given)
        self.carrier.subscriptions[subscription.id] = subscription
        self.carrier.save()
        return json_answer(self._shown(subscription))

    async def change_subscription(self, request: web.Request) -> web.Response:
        subscription = found_in(self.carrier.subscriptions, request)
        vars(subscription).update(await self._subscription_fields(request))
        self.carrier.save()
        return json_answer(self._shown(subscription))

    async def remove_subscription(self, request: web.Request) -> web.Response:
        subscription = found_in(self.carrier.subscriptions, request)
        del self.carrier.subscriptions[subscription.id]
        self.carrier.save()
        return json_answer(self._shown(subscription))

    async def _subscription_fields(self, request: web.Request) -> dict[str, Any]:
        given = await fields_of(
            request, {"direction": str, "endpoint_id": int, "status": bool, "enabled": bool, "include_internal": bool}
        )
        if given.get("direction", "all") not in ("all", "inbound", "outbound"):
            raise Problem(400, "direction must be all, inbound or outbound.")
        if "endpoint_id" in given and given["endpoint_id"] not in self.carrier.webhooks:
            raise Problem(404, "There is no webhook or websocket with this endpoint_id.")
        return given

    def _shown(self, subscription: Subscription) -> dict[str, Any]:
        shown = asdict(subscription) | {"id": str(subscription.id)}
        del shown["endpoint_id"]
        webhook = self.carrier.webhooks.get(subscription.endpoint_id)
        return shown | {"webhook": webhook.shown() if webhook else None}


def found_in(where: dict[int, Any], request: web.Request) -> Any:
    """The one that the path names. Raises Problem."""
    raw = request.match_info["id"]
    found = where.get(int(raw)) if re.fullmatch(r"\d{1,19}", raw, re.ASCII) else None
    if found is None:
        raise Problem(404, "Not found.")
    return found


def _sms(message: Text) -> dict[str, Any]:
    """SMSProto: ids are text here, and times have no zone."""
    return {
        "id": str(message.id),
        "created_date": f"{message.at:%Y-%m-%dT%H:%M:%S}",
        "direction": "outbound",
        "from_number": message.from_number,
        "to_numbers": [message.to],
        "text": message.text,
        "mms": bool(message.picture),
        "user_id": str(message.user.id),
        "contact_id": message.to.lstrip("+"),
        "target_id": str(message.user.id),
        "target_type": "user",
        "device_type": "public_api",
        "message_status": "pending",
        "message_delivery_result": None,
    }


async def fields_of(request: web.Request, types: dict[str, type]) -> dict[str, Any]:
    """The JSON object of a request, each of its fields documented and of its type. Raises Problem."""
    given = _object(await request.read())
    for name, value in given.items():
        if name not in types:
            raise Problem(400, f"Unknown field: {name}.")
        if type(value) is not types[name]:  # a bool is no int here
            raise Problem(400, f"{name} must be of type {types[name].__name__}.")
    return given


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = loads(body)
    except (ValueError, RecursionError):
        raise Problem(400, "The body is not JSON.") from None
    if not isinstance(given, dict):
        raise Problem(400, "The body must be a JSON object.")
    return given


def _page(items: list[Any], name: str, cursor: str) -> web.Response:
    """One page of a list, and the cursor of the next."""
    start = _start(name, cursor)
    end = start + PAGE
    following = base64.urlsafe_b64encode(f"{name}:{end}".encode()).decode() if end < len(items) else None
    return json_answer({"cursor": following, "items": items[start:end]})


def _start(name: str, cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor).decode().removeprefix(f"{name}:"))
    except ValueError:
        raise Problem(400, "The cursor is not one of ours.") from None


def json_answer(said: Any, status: int = 200) -> web.Response:
    return web.Response(body=dumps(said).encode(), status=status, content_type="application/json")

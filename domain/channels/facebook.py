"""Messages in Messenger threads that sellers opened with the dealership's Page (Graph API, Messenger Platform)."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from domain import clock
from domain.channels import facebook_errors, facebook_events, facebook_files, http, read
from domain.channels.base import (
    Accepted,
    BadSignature,
    Channel,
    ChannelError,
    Field,
    FileRules,
    HookCall,
    HookEvent,
    Kind,
    Media,
    NotUnderstood,
    Outgoing,
    PermitLike,
    Said,
)
from domain.errors import Refused

LONGEST_TEXT = 2000  # characters
ANSWER_WITHIN = timedelta(hours=24)  # of the seller's last word: RESPONSE
PERSON_WITHIN = timedelta(days=7)  # a person's own answer, tagged HUMAN_AGENT, where the app has that permission
HEARD = "messages,message_echoes,message_deliveries,message_reads,messaging_postbacks"  # what we subscribe to
UNLIKE_FACEBOOK = "This address does not answer like Facebook. Check it."
UNREADABLE = "Facebook's answer could not be read."
STOPS = (Kind.CONNECTION_BROKEN, Kind.RESTS, Kind.THROTTLED)  # nothing more leaves by this connection now


class Facebook(Channel):
    """Messenger's part of the contract. Raises Refused when the address, a field or an option cannot be right."""

    kind = "facebook"
    channel = "facebook"
    name = "Facebook Messenger"
    default_base_url = "https://graph.facebook.com/v25.0"
    icon = "messages-square"
    summary = "Answer sellers who wrote to your Facebook Page, from the listing."
    does = (
        "What a seller writes to your Page in Messenger comes into the history of the listing, with its files.",
        "You answer from the Send Message window, within the 24 hours that Facebook allows.",
        "Later than that, the window helps you to write on Facebook yourself and logs it.",
        "What somebody types in Facebook’s own inbox is added to the history too.",
    )
    needs = (
        "A Facebook Page of the dealership. A Page cannot begin a conversation: the seller has to write first.",
        "An app at developers.facebook.com with Messenger, allowed to use pages_messaging for that Page.",
        "The Page’s access token, made by somebody who may write as the Page.",
        "An address at which Facebook can reach this Lotwire. Enter it, and the verify token, as the app’s webhook.",
    )
    fields = (
        Field("page_id", "Page ID", "A number. It stands on your Page under About, Page transparency."),
        Field(
            "page_token",
            "Page access token",
            "Made in your Facebook app under Messenger. It is encrypted and never shown again.",
            secret=True,
        ),
        Field(
            "app_secret",
            "App secret",
            "Of the same Facebook app, under Settings, Basic. It proves that what comes in is Facebook’s.",
            secret=True,
        ),
        Field(
            "human_agent",
            "Answers of a person later than 24 hours",
            "Facebook allows them for 7 days if your app was granted Human Agent. What leaves by itself never uses it.",
            required=False,
            default="false",
            choices=(("false", "No: the app has no Human Agent permission"), ("true", "Yes: the app has it")),
        ),
    )
    feature = "facebook"
    events = ("hook",)
    hook_by_hand = True
    names = True
    secret_label = "Verify token"  # noqa: S105 - what its field is called
    per_minute = 200
    per_second = 20

    def __init__(
        self,
        base_url: str,
        credentials: Mapping[str, str],
        webhook_secret: str = "",
        *,
        timeout: float | str = http.TOTAL_TIMEOUT,
        **options: Any,
    ) -> None:
        """`webhook_secret` is the verify token. Raises TypeError for an option that is neither ours nor the pace's."""
        read.pace(options)
        parts = urlsplit(base_url.strip())
        if parts.scheme not in ("https", "http") or not parts.netloc:
            raise Refused(
                f"Facebook's address must start with https://, such as {self.default_base_url}.", field="base_url"
            )
        self._base_url = base_url.strip().rstrip("/")
        self._page = credentials.get("page_id", "").strip()
        if not facebook_events.PERSON.fullmatch(self._page):
            raise Refused("The Page ID is a number, such as 102030405060708.", field="page_id")
        self._token = _secret(credentials, "page_token", "This is not a Page access token. Copy it again.")
        self._app_secret = _secret(credentials, "app_secret", "This is not an app secret. Copy it again.")
        self._verify_token = webhook_secret.strip()
        self._human_agent = read.switch(credentials.get("human_agent") or "false", "human_agent")
        self._timeout = read.positive(timeout, "timeout")

    @classmethod
    def window(cls, options: Mapping[str, Any], by_person: bool) -> timedelta | None:
        granted = str(options.get("human_agent")).casefold() == "true"
        return PERSON_WITHIN if by_person and granted else ANSWER_WITHIN

    @property
    def files(self) -> FileRules | None:
        return facebook_files.RULES

    # Out

    async def send(self, outgoing: Outgoing, permit: PermitLike) -> Accepted:
        """The words first: what Facebook calls them is what the message is known by. Files are uploaded before
        anything is sent, so that one that Facebook will not have ends in nothing sent at all."""
        permit.spend(outgoing)
        if len(outgoing.body) > LONGEST_TEXT:
            raise ChannelError(
                f"This message has {len(outgoing.body):,} characters. Facebook takes {LONGEST_TEXT:,}: shorten it.",
                Kind.PERMANENT,
                code="too_long",
            )
        if not facebook_events.PERSON.fullmatch(outgoing.to):
            raise ChannelError("This conversation cannot be reached.", Kind.PERMANENT, code="address")
        kind = self._kind(outgoing)
        uploaded = [(each, await self._upload(each)) for each in outgoing.media]
        named = f"{facebook_events.OURS}{outgoing.message_id}"
        provider_id, lost, doubtful = "", list[str](), list[str]()
        trouble: ChannelError | None = None
        if outgoing.body:
            provider_id = await self._hand_over(outgoing.to, kind, {"text": outgoing.body, "metadata": named})
        for file, attachment in uploaded:
            if trouble:
                lost.append(file.name)
                continue
            words = {
                "attachment": {"type": facebook_files.kind(file), "payload": {"attachment_id": attachment}},
                "metadata": named,
            }
            try:
                sent = await self._hand_over(outgoing.to, kind, words)
            except ChannelError as error:
                if not provider_id:
                    raise
                (doubtful if error.kind is Kind.UNKNOWN else lost).append(f"{file.name} ({error.reason})")
                trouble = error if error.kind in STOPS else None
            else:
                provider_id = provider_id or sent
        return Accepted(provider_id, "sent", _without(lost, doubtful), self._page, trouble)

    def _kind(self, outgoing: Outgoing) -> dict[str, str]:
        """By which right it may go. A tag is for a person's own answer that is late, and never for a machine's."""
        late = outgoing.heard_at is not None and clock.now() - outgoing.heard_at > ANSWER_WITHIN
        if not late:
            return {"messaging_type": "RESPONSE"}
        if outgoing.by_person and self._human_agent:
            return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
        raise ChannelError(facebook_errors.OUTSIDE, Kind.PERMANENT, code="outside_window")

    async def _hand_over(self, to: str, kind: Mapping[str, str], message: Mapping[str, Any]) -> str:
        """One message to one person; its id."""
        words = {"recipient": {"id": to}, **kind, "message": message}
        said = await self._call("POST", f"/{self._page}/messages", json=words)
        mid = said.get("message_id")
        if not isinstance(mid, str) or not 0 < len(mid) <= facebook_events.LONGEST_ID:
            raise ChannelError(UNREADABLE, Kind.UNKNOWN, code="unreadable")
        return mid

    async def _upload(self, file: Media) -> str:
        """Facebook's id of a file that nobody was sent yet. Whatever goes wrong, nothing was sent."""
        facebook_files.require_takes(file)
        content_type, body = facebook_files.upload(file)
        try:
            said = await self._call(
                "POST",
                f"/{self._page}/message_attachments",
                data=body,
                headers={"Content-Type": content_type},
                timeout=max(self._timeout, facebook_files.TIMEOUT),
            )
        except ChannelError as error:
            if error.kind is Kind.UNKNOWN:
                raise ChannelError(error.reason, Kind.NEVER_CONNECTED, code=error.code) from error
            raise
        named = said.get("attachment_id")
        if not isinstance(named, str) or not named.isdigit():
            raise ChannelError(UNREADABLE, Kind.NEVER_CONNECTED, code="unreadable")
        return named

    async def check(self) -> None:
        try:
            said = await self._call("GET", "/me", params={"fields": "id,name"})
        except ChannelError as error:
            if error.kind is Kind.UNKNOWN:  # a look sends nothing
                raise ChannelError(error.reason, Kind.NEVER_CONNECTED, code=error.code) from error
            raise
        page = str(said.get("id") or "")
        if not page:
            raise ChannelError(UNLIKE_FACEBOOK, Kind.PERMANENT, code="unreadable")
        if page != self._page:
            reason = f"This token is for another Page ({said.get('name') or page}). Copy the one of Page {self._page}."
            raise ChannelError(reason, Kind.CONNECTION_BROKEN, code="page")

    async def name_of(self, address: str) -> str:
        return facebook_events.name_in(await self._call("GET", f"/{address}", params={"fields": "name"}))

    # In

    def challenge(self, call: HookCall) -> str | None:
        asked = dict(call.query)
        if asked.get("hub.mode") != "subscribe" or not self._verify_token:
            return None
        if not _same(asked.get("hub.verify_token", ""), self._verify_token):
            return None
        answer = asked.get("hub.challenge", "")
        return answer if re.fullmatch(r"[\w.~-]{1,200}", answer, re.ASCII) else None

    def verify(self, call: HookCall) -> list[HookEvent]:
        """Signed over the raw bytes: Facebook writes what is not ASCII in its own way, so nothing is written anew."""
        kind, _, given = call.headers.get("x-hub-signature-256", "").partition("=")
        real = hmac.digest(self._app_secret.encode(), call.body, hashlib.sha256).hex()
        if kind != "sha256" or not _same(given, real):
            raise BadSignature("The call is not signed with the app secret of this connection.")
        try:
            said = json.loads(call.body)
        except (ValueError, RecursionError):
            raise NotUnderstood("Facebook's call is no JSON.") from None
        return facebook_events.events(self._page, said)

    def parse(self, payload: dict[str, Any]) -> list[Said]:
        return facebook_events.said(self._page, payload)

    async def fetch(self, ref: str, payload: dict[str, Any]) -> Media:
        return await facebook_files.fetch(ref)

    # Hooks

    async def register_hook(self, hook_url: str, secret: str) -> str:
        """The address itself is entered in Facebook's app by hand; what we can do is to subscribe the app to the
        Page."""
        said = await self._call("POST", f"/{self._page}/subscribed_apps", params={"subscribed_fields": HEARD})
        if said.get("success") is not True:
            raise ChannelError(UNREADABLE, Kind.UNKNOWN, code="unreadable")
        return self._page

    async def remove_hook(self, hook: str) -> None:
        await self._call("DELETE", f"/{hook}/subscribed_apps")

    async def _call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """What a call that went well answers, or the ChannelError that its error stands for."""
        proof = hmac.digest(self._app_secret.encode(), self._token.encode(), hashlib.sha256).hex()
        answer = await http.call(
            method,
            self._base_url + path,
            headers={"Accept": "application/json", **(headers or {})},
            json=json,
            data=data,
            params={**(params or {}), "access_token": self._token, "appsecret_proof": proof},
            timeout=timeout or self._timeout,
        )
        said = answer.json()
        if 200 <= answer.status < 300 and isinstance(said, dict) and "error" not in said:
            return said
        if 200 <= answer.status < 300 and not isinstance(said, dict):
            raise ChannelError(UNREADABLE, Kind.UNKNOWN, code="unreadable")
        raise facebook_errors.refusal(answer.status, said, answer.headers, (self._token, self._app_secret, proof))


def _without(lost: Sequence[str], doubtful: Sequence[str]) -> str:
    """What a message that left says of its files that did not, or may not have; empty when all did."""
    said = f"The message left, but not with it: {', '.join(lost)}" if lost else ""
    if not doubtful:
        return said
    begun = f"{said}. This" if said else "The message left, but this"
    return f"{begun} may not have arrived: {', '.join(doubtful)}"


def _secret(credentials: Mapping[str, str], name: str, refused: str) -> str:
    value = credentials.get(name, "").strip()
    if not re.fullmatch(r"[!-~]+", value):
        raise Refused(refused, field=name)
    return value


def _same(given: str, real: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), real.encode())

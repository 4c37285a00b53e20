"""The line that Dialpad's events come over where it cannot call us: a websocket, made once and kept."""

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from typing import Any

from domain.channels import sockets
from domain.channels.base import BadSignature, Channel, ChannelError, HookCall, Kind, Listening, NotUnderstood
from domain.channels.dialpad_api import UNLIKE_DIALPAD, Api, id_of

log = logging.getLogger(__name__)

RENEW_AFTER = 50 * 60.0  # seconds; a websocket's address is good for an hour
NO_LINES = ("404", "405", "501")  # of a Dialpad that has no websockets
NO_LINES_FOR = 60 * 60.0  # seconds until we ask again
LINE = "websocket"  # under which our websocket and its subscription are kept
SIGNED = "websocket secret"  # under which it is kept with a mark of the secret it was made with
STRANGE = 0  # the mark of one that signed with another
STRANGE_LINE = "Dialpad signed a reply with a secret that is not ours, so it was not taken. The line is made anew."


class Line:
    """The websocket of one connection, which signs with its secret."""

    def __init__(self, api: Api, secret: str) -> None:
        self._api = api
        self._secret = secret

    async def listen(self, channel: Channel, listening: Listening) -> None:
        """Hears it until cancelled, or until it breaks. `channel` verifies what comes."""

        async def take(body: bytes) -> None:
            try:
                events = listening.verified(channel, HookCall(self._api.base_url, body))
            except BadSignature as error:  # from now on each would be: nobody but Dialpad writes to this line
                websocket = await listening.position(LINE)
                await listening.move_to(SIGNED, websocket[0] if websocket else 0, STRANGE)
                raise ChannelError(STRANGE_LINE, Kind.NEVER_CONNECTED, code="signature") from error
            except NotUnderstood as error:
                log.warning("Dialpad's line told what is not taken: %s", error)
                return
            await listening.keep(events)

        try:
            await sockets.hear(lambda: self.address(listening), take, listening.hears, RENEW_AFTER)
        except ChannelError as error:
            if error.code not in NO_LINES:
                raise
            log.info("%s offers no websockets; its events come by the hook alone", self._api.base_url)
            await asyncio.sleep(NO_LINES_FOR)

    async def address(self, listening: Listening) -> str:
        """The address of our websocket, good for an hour. The websocket and its subscription are made once and kept:
        Dialpad takes a hundred subscriptions and no more."""
        known = await listening.position(LINE)
        if known:
            try:
                said = await self._api.look(f"/api/v2/websockets/{known[0]}", {})
                if self._is_ours(said, known[0], await listening.position(SIGNED)):
                    return self._address(said)
            except ChannelError as error:
                if error.code != "404":
                    raise
        made = (await self._api.call("POST", "/api/v2/websockets", json={"secret": self._secret})).json()
        websocket = id_of(made.get("id")) if isinstance(made, dict) else ""
        if not websocket:
            raise ChannelError(UNLIKE_DIALPAD, Kind.PERMANENT, code="unreadable")
        subscription = await self._api.subscribe(websocket)
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
        return told == self._secret if told else signed == (websocket, self._mark())

    def _mark(self) -> int:
        """Tells our secret from another and gives nothing of it away."""
        return int.from_bytes(hashlib.sha256(f"{LINE} {self._secret}".encode()).digest()[:4]) | 1

    async def _forget(self, websocket: int, subscription: int) -> None:
        try:
            await self._api.remove(f"/api/v2/subscriptions/sms/{subscription}")
            await self._api.remove(f"/api/v2/websockets/{websocket}")
        except ChannelError as error:
            log.warning("A websocket of before could not be ended: %s", error.reason)

    def _address(self, said: Mapping[str, Any]) -> str:
        url = said.get("websocket_url")
        secure = not self._api.base_url.startswith("http://")  # a simulator on this machine
        if not isinstance(url, str) or not url.startswith("wss://" if secure else ("wss://", "ws://")):
            raise ChannelError(UNLIKE_DIALPAD, Kind.PERMANENT, code="unreadable")
        return url


def _secret(said: Mapping[str, Any]) -> str:
    """By which a websocket signs, as far as Dialpad says so."""
    signature = said.get("signature")
    secret = signature.get("secret") if isinstance(signature, dict) else None
    return secret if isinstance(secret, str) else ""

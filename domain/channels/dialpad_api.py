"""Calls to one Dialpad company by its API key: what is asked, what is made, and how its lists are read."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

from domain.channels import http, read
from domain.channels.base import ChannelError, Kind
from domain.channels.dialpad_errors import refusal

LIST_PAUSE = 0.25  # seconds between two pages of the opt-outs: 250 a minute are allowed
LIST_PAGES = 20_000  # more is no list
LIST_PATIENCE = 5  # times in a row that we wait when Dialpad says "too many" in the middle of it
LONGEST_PAUSE = 60.0
UNLIKE_DIALPAD = "This address does not answer like Dialpad. Check it."


class Api:
    """One company's calls. `out_of_credit` and `opted_out` are the patterns of its refusals."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        company_id: str,
        timeout: float,
        out_of_credit: re.Pattern[str],
        opted_out: re.Pattern[str],
    ) -> None:
        self.base_url = base_url
        self._api_key = api_key
        self._company_id = company_id
        self._timeout = timeout
        self._out_of_credit = out_of_credit
        self._opted_out = opted_out

    async def users(self, filters: dict[str, str], cursor: str = "") -> tuple[list[dict[str, Any]], str]:
        """One page of users, and the cursor of the next or "". `limit` is left out: Dialpad has deprecated it."""
        return await self.page("/api/v2/users", filters | ({"cursor": cursor} if cursor else {}))

    async def page(self, path: str, query: dict[str, str]) -> tuple[list[dict[str, Any]], str]:
        """The items of one page, and the cursor of the next or ""."""
        said = await self.look(path, query)
        items = said.get("items") or []
        if not isinstance(items, list):
            raise ChannelError(UNLIKE_DIALPAD, Kind.PERMANENT, code="unreadable")
        following = said.get("cursor")
        return [item for item in items if isinstance(item, dict)], following if isinstance(following, str) else ""

    async def look(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        """What Dialpad says of something, as an object."""
        try:
            answer = await self.call("GET", path, params=query)
        except ChannelError as error:
            if error.kind is not Kind.UNKNOWN:
                raise
            # A look-up sends nothing, so one that ended we know not how may simply be made again.
            raise ChannelError(error.reason, Kind.NEVER_CONNECTED, code=error.code) from error
        said = answer.json()
        if not isinstance(said, dict):
            raise ChannelError(UNLIKE_DIALPAD, Kind.PERMANENT, code="unreadable")
        return said

    async def call(
        self, method: str, path: str, *, json: dict[str, Any] | None = None, params: dict[str, str] | None = None
    ) -> http.Answer:
        """A 2xx answer, or the ChannelError that the status stands for."""
        answer = await http.call(
            method,
            self.base_url + path,
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
        raise refusal(answer, self._api_key, self._out_of_credit, self._opted_out)

    async def subscribe(self, endpoint: str) -> str:
        """Every text to and fro, and delivery receipts, to a webhook or a websocket."""
        wanted = {
            "direction": "all",
            "endpoint_id": int(endpoint),
            "status": True,
            "enabled": True,
            "include_internal": False,
        }
        return made(await self.call("POST", "/api/v2/subscriptions/sms", json=wanted))

    async def remove(self, path: str) -> None:
        """One that is gone already is no error."""
        try:
            await self.call("DELETE", path)
        except ChannelError as error:
            if error.code != "404":
                raise

    async def opt_outs(self) -> AsyncIterator[list[str]]:
        """Everybody who said stop to Dialpad, page by page."""
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
        users, _ = await self.users({"state": "active"})
        companies = {id_of(user.get("company_id")) for user in users} - {""}
        if len(companies) == 1:
            return companies.pop()
        said = await self.look("/api/v2/company", {})
        company = id_of(said.get("id"))
        if not company:
            raise ChannelError("Dialpad does not say whose API key this is.", Kind.PERMANENT, code="unreadable")
        return company

    async def _patiently(self, path: str, query: dict[str, str]) -> tuple[list[dict[str, Any]], str]:
        """One page of a list, waited for as long as Dialpad asks us to wait, within reason."""
        for n in range(LIST_PATIENCE):
            try:
                return await self.page(path, query)
            except ChannelError as error:
                if error.kind is not Kind.THROTTLED:
                    raise
                await asyncio.sleep(min(error.retry_after or 2.0**n, LONGEST_PAUSE))
        return await self.page(path, query)


def made(answer: http.Answer) -> str:
    """The id of what was made, in digits."""
    said = answer.json()
    made = id_of(said.get("id")) if isinstance(said, dict) else ""
    if not made.isdigit():
        raise ChannelError("Dialpad's answer could not be read.", Kind.UNKNOWN, code="unreadable")
    return made


def id_of(raw: object) -> str:
    """An id as text: the description says int64, answers carry strings and events numbers. "" when it is neither."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw) if 0 < raw < 2**63 else ""
    return raw if isinstance(raw, str) and re.fullmatch(r"[\w-]{1,64}", raw, re.ASCII) else ""


def _opted_out(item: dict[str, Any]) -> str:
    """The number of an entry that stands. "" for any other: Dialpad's filter is not trusted."""
    return read.e164(item.get("external_endpoint")) if item.get("opt_out_state", "opted_out") == "opted_out" else ""

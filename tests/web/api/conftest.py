"""A program with a token of its own, at a dealership that is ready to text."""

import itertools
import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from domain import plans
from domain.connections import Connection
from domain.listings import Listing
from domain.sessions import SCOPES
from domain.users import User
from tests import make
from tests.client import Client

EVERYTHING = " ".join(sorted(SCOPES))


class Api:
    """`await api.post("/messages", {...})`: answers of `/api/v1`, asked with this user's token."""

    def __init__(self, client: Client, user: User, token: str) -> None:
        self.client = client
        self.user = user
        self.token = token
        self.connection: Connection
        self._keys = itertools.count(1)

    async def with_scopes(self, scopes: str, user: User | None = None) -> "Api":
        """Another program, whose token has only these scopes."""
        user = user or self.user
        return Api(self.client, user, await make.api_token(user, scopes))

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.call("GET", path, params=query)

    async def put(self, path: str, body: Any) -> httpx.Response:
        return await self.call("PUT", path, json=body)

    async def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return await self.call("POST", path, json=body, headers=headers)

    async def delete(self, path: str) -> httpx.Response:
        return await self.call("DELETE", path)

    async def send(self, listing: Listing | UUID | str, key: str = "", **body: Any) -> httpx.Response:
        """A text to a listing's seller, with a key of its own unless one is given."""
        listing_id = str(listing.id if isinstance(listing, Listing) else listing)
        said = {} if "template_id" in body else {"body": "Is it still for sale?"}
        headers = {"Idempotency-Key": key or f"key-{next(self._keys)}"}
        return await self.post("/messages", {"listing_id": listing_id, "channel": "text", **said, **body}, **headers)

    async def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **request.pop("headers", {})}
        if "json" in request:  # httpx's own cannot say half a surrogate pair
            request["content"] = json.dumps(request.pop("json"))
            headers["Content-Type"] = "application/json"
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **request)


@pytest.fixture
async def api(client: Client) -> Api:
    await plans.seed()
    user = await make.user(role="manager")
    made = Api(client, user, await make.api_token(user, EVERYTHING))
    made.connection = await make.connection()
    await make.sender_link(made.connection, user)
    return made


def codes(response: httpx.Response) -> list[tuple[str, str]]:
    """(field, code) of every problem of an answer."""
    return [(each["field"], each["code"]) for each in response.json()["errors"]]

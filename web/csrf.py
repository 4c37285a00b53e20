"""Litestar's CSRF guard, with a token that looks different on every page and a cookie that outlives the browser.

Pages are compressed and repeat what people typed, so a constant secret in them could be found out by its compressed
size (BREACH). The token in a page is therefore the cookie's secret XORed with random bytes that stand beside it.
"""

import secrets

from litestar import Request
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import Cookie, MutableScopeHeaders
from litestar.middleware.csrf import CSRFMiddleware
from litestar.types import HTTPSendMessage, Receive, Scope, Send

HALF = 64  # hex digits of the secret; as many follow for its HMAC
MAX_AGE = 30 * 24 * 3600  # as long as a session: a tab left open over the weekend still works


def masked(token: str) -> str:
    """The token of a cookie as a page may hold it: random bytes, then the secret XORed with them."""
    pad = secrets.token_bytes(HALF // 2)
    return (pad + _xor(pad, bytes.fromhex(token[:HALF]))).hex()


class MaskedCSRF(CSRFMiddleware):
    """Takes a masked token or the cookie's own."""

    def __init__(self, app: object, config: CSRFConfig) -> None:
        super().__init__(app=app, config=config)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A cookie that is not ours counts as none and is replaced: browsers keep one cookie for every port of a host,
        so a second Lotwire, or the same with another secret, would else refuse every form for a month."""
        if scope["type"] == "http":
            cookies = Request(scope).cookies  # parsed once a request: whoever asks later gets this dictionary
            if self._decode_csrf_token(cookies.get(self.config.cookie_name, "")) is None:
                cookies.pop(self.config.cookie_name, None)
        await super().__call__(scope, receive, send)

    def _csrf_tokens_match(self, request_csrf_token: str, cookie_csrf_token: str) -> bool:
        if super()._csrf_tokens_match(request_csrf_token, cookie_csrf_token):
            return True
        secret = self._decode_csrf_token(cookie_csrf_token)
        try:
            given = bytes.fromhex(request_csrf_token)
        except ValueError:
            return False
        if secret is None or len(given) != HALF:
            return False
        return secrets.compare_digest(_xor(given[: HALF // 2], given[HALF // 2 :]), bytes.fromhex(secret))

    def _set_cookie_if_needed(self, message: HTTPSendMessage, token: str) -> None:
        cookie = Cookie(
            key=self.config.cookie_name,
            value=token,
            path=self.config.cookie_path,
            secure=self.config.cookie_secure,
            httponly=self.config.cookie_httponly,
            samesite=self.config.cookie_samesite,
            max_age=MAX_AGE,
        )
        MutableScopeHeaders.from_message(message).add("set-cookie", cookie.to_header(header=""))


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))

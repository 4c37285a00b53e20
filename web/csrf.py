"""Litestar's CSRF guard, with a token that looks different on every page and a cookie that outlives the browser.

Pages are compressed and repeat what people typed, so a constant secret in them could be found out by its compressed
size (BREACH). The token in a page is therefore the cookie's secret XORed with random bytes that stand beside it.
"""

import secrets

from litestar.config.csrf import CSRFConfig
from litestar.datastructures import Cookie, MutableScopeHeaders
from litestar.middleware.csrf import CSRFMiddleware
from litestar.types import HTTPSendMessage

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

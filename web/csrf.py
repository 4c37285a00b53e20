"""Litestar's CSRF guard, with a token that looks different on every page and a cookie that outlives the browser.

Pages are compressed and repeat what people typed, so a constant secret in them could be found out by its compressed
size (BREACH). The token in a page is therefore the cookie's secret XORed with random bytes that stand beside it.
"""

import secrets

from litestar import Request
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import Cookie, MutableScopeHeaders
from litestar.enums import RequestEncodingType
from litestar.middleware.csrf import CSRFMiddleware, generate_csrf_token
from litestar.types import HTTPSendMessage, Receive, Scope, Send
from litestar.utils.scope.state import ScopeState

HALF = 64  # hex digits of the secret; as many follow for its HMAC
MAX_AGE = 400 * 24 * 3600  # as long as browsers keep a cookie, so that a session never outlives it
FORMS = (RequestEncodingType.URL_ENCODED, RequestEncodingType.MULTI_PART)


def masked(token: str) -> str:
    """The token of a cookie as a page may hold it: random bytes, then the secret XORed with them."""
    pad = secrets.token_bytes(HALF // 2)
    return (pad + _xor(pad, bytes.fromhex(token[:HALF]))).hex()


class MaskedCSRF(CSRFMiddleware):
    """Takes a masked token or the cookie's own.

    A page says its token twice: for htmx in a header, for everybody in a field of each form. The fields can be renewed
    while somebody writes (`renewed`), the header cannot, so either may fit.
    """

    def __init__(self, app: object, config: CSRFConfig) -> None:
        super().__init__(app=app, config=config)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A cookie that is not ours counts as none and is replaced: browsers keep one cookie for every port of a host,
        so a second Lotwire, or the same with another secret, would else refuse every form for a month."""
        if scope["type"] == "http":
            cookies = Request(scope).cookies  # parsed once a request: whoever asks later gets this dictionary
            if self._decode_csrf_token(cookies.get(self.config.cookie_name, "")) is None:
                cookies.pop(self.config.cookie_name, None)
            if await self._renewed_field(scope, receive):
                await self.app(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    async def _renewed_field(self, scope: Scope, receive: Receive) -> bool:
        """Whether the header's token does not fit, so that the guard would refuse, and the one in the form does."""
        request = scope["litestar_app"].request_class(scope=scope, receive=receive)
        cookie, header = request.cookies.get(self.config.cookie_name), request.headers.get(self.config.header_name)
        if request.method != "POST" or request.content_type[0] not in FORMS or not cookie or not header:
            return False
        if self._csrf_tokens_match(header, cookie):
            return False
        field = (await request.form()).get("_csrf_token")
        return isinstance(field, str) and self._csrf_tokens_match(field, cookie)

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


def renewed(scope: Scope, config: CSRFConfig) -> str | None:
    """After a refusal, for a visitor without a cookie of ours: a new token for it, which the pages rendered in this
    request say, too. None for who has a cookie: its token is good. Never answer a post with it that another site may
    have caused: its browser sent no cookie, and the new one would end every form that is open."""
    if Request(scope).cookies.get(config.cookie_name):
        return None
    token = generate_csrf_token(secret=config.secret)
    ScopeState.from_scope(scope).csrf_token = token
    return token


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))

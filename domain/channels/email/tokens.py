"""Access tokens for mailboxes that let in by OAuth alone (Google, Microsoft 365): made anew before they run out."""

from time import monotonic

from domain.channels import http
from domain.channels.base import ChannelError, Kind

EARLY = 120.0  # seconds before its end a token is not used any more
LASTS = 300.0  # where the answer does not say
SCOPES = {"microsoft": "https://outlook.office365.com/.default"}
URLS = {
    "google": "https://oauth2.googleapis.com/token",
    "microsoft": "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
}


class Tokens:
    """By a refresh token, or, without one, as the application itself (Microsoft's client credentials)."""

    def __init__(self, url: str, client_id: str, client_secret: str, refresh_token: str = "", scope: str = "") -> None:
        self._url = url
        self._asked = {"client_id": client_id, "client_secret": client_secret}
        if refresh_token:
            self._asked |= {"grant_type": "refresh_token", "refresh_token": refresh_token}
        else:
            self._asked |= {"grant_type": "client_credentials", "scope": scope}
        self._token, self._until = "", 0.0

    async def now(self) -> str:
        """Raises ChannelError."""
        if not self._token or self._until <= monotonic():
            self._token, lasts = await self._fetch()
            self._until = monotonic() + max(lasts - EARLY, 0.0)
        return self._token

    async def _fetch(self) -> tuple[str, float]:
        try:
            answer = await http.call("POST", self._url, headers={}, form=list(self._asked.items()))
        except ChannelError as error:  # no mail went out, whatever became of this call
            raise ChannelError(error.reason, Kind.NEVER_CONNECTED, code=error.code) from error
        said = answer.json()
        said = said if isinstance(said, dict) else {}
        token = said.get("access_token")
        if answer.status == 200 and isinstance(token, str) and token:
            lasts = said.get("expires_in")
            return token, float(lasts) if isinstance(lasts, int | float) else LASTS
        if answer.status == 429 or answer.status >= 500:
            raise ChannelError("The sign-in service is busy.", Kind.THROTTLED, code=str(answer.status))
        reason = str(said.get("error_description") or said.get("error") or "It gave no token.").splitlines()[0][:300]
        raise ChannelError(f"The sign-in was refused: {reason}", Kind.CONNECTION_BROKEN, code=str(answer.status))

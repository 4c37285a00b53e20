"""The apps an account can connect, and how each is shown: what it does, what it needs, how it fares."""

from dataclasses import dataclass
from typing import Any

from domain import connections, pace_limits, plans, prices, provider_lists, quotas, users, vitals
from domain.accounts import Account
from domain.connections import Connection, ConnectionState
from domain.errors import NotFound, Unavailable
from domain.settings import settings
from domain.users import Permission, User
from web import render
from web.filters import ago
from web.forms import Form


@dataclass(frozen=True)
class App:
    kind: str
    name: str
    icon: str
    summary: str
    does: tuple[str, ...]
    needs: tuple[str, ...]
    fields: tuple[dict[str, Any], ...]


def _field(name: str, label: str, type: str, help: str, *, required: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "type": type,
        "help": help,
        "required": required,
        "advanced": not required,
        "autocomplete": "off",
    }


APPS = {
    "dialpad": App(
        "dialpad",
        "Dialpad",
        "message-square",
        "Text sellers from your people’s own Dialpad numbers.",
        (
            "Each person texts from their own Dialpad number, found by their email.",
            "Replies and delivery states come back into the history of the listing.",
            "What somebody types in Dialpad itself is added to the history too.",
        ),
        (
            "A Dialpad company with texting, and an API key made by its administrator.",
            "The same email address in Dialpad and in Lotwire for everybody who texts.",
            "An address at which Dialpad can reach this Lotwire, for replies.",
        ),
        (
            _field(
                "api_key",
                "API key",
                "password",
                "Made in Dialpad under Company settings. It is encrypted and never shown again.",
                required=True,
            ),
            _field("webhook_secret", "Signing secret", "password", "Leave it empty and Lotwire makes one."),
            _field("base_url", "Address of the API", "url", "Leave it empty unless Dialpad told you another one."),
        ),
    )
}


PACE = {"per_minute": "a minute", "per_second": "a second"}


def of(kind: str) -> App:
    """The app of that kind. Raises NotFound."""
    if kind not in APPS:
        raise NotFound
    return APPS[kind]


async def tiles(account: Account) -> list[dict[str, Any]]:
    """Every app, for the index."""
    return [await _facts(account, app, await connections.current(account.id, app.kind)) for app in APPS.values()]


async def context(
    request: render.AnyRequest,
    account: Account,
    me: User,
    app: App,
    form: Form,
    *,
    secret: str | None = None,
    pace: Form | None = None,
    check: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """All that apps/show.html shows. `secret` is a hook secret that was just made, `pace` a limit that was just
    refused, `check` what a look just found."""
    connection = await connections.current(account.id, app.kind)
    base = settings().public_url or str(request.base_url).rstrip("/")
    hook = {"url": f"{base}/hooks/{app.kind}/{connection.id}", "secret": secret} if connection else None
    return {
        "app": {**await _facts(account, app, connection), "does": app.does, "needs": app.needs},
        "can_connect": users.may(me, Permission.MANAGE_CONNECTIONS),
        "admins": [admin.name for admin in await users.admins(account.id)],
        "form": form,
        "fields": app.fields,
        "webhook": hook,
        "pace": await _pace(account, connection, pace) if connection else None,
        "pictures": _pictures(connection) if connection else None,
        "health": await _health(account, connection) if connection else None,
        "check": check,
        "page_title": app.name,
    }


async def _facts(account: Account, app: App, connection: Connection | None) -> dict[str, Any]:
    included = await plans.includes(account, app.kind)
    label, tone = _state(included, connection)
    return {
        "kind": app.kind,
        "name": app.name,
        "summary": app.summary,
        "icon": app.icon,
        "state_label": label,
        "state_tone": tone,
        "connected": connection is not None,
        "included": included,
        "url": render.url_for("apps.show", kind=app.kind),
    }


def _state(included: bool, connection: Connection | None) -> tuple[str, str]:
    if not included:
        return "Not in your plan", "muted"
    if connection is None:
        return "Not connected", "muted"
    if connection.state == ConnectionState.BROKEN:
        return "Needs attention", "bad"
    return "Connected", "good"


def _pictures(connection: Connection) -> bool:
    """Whether pictures go along with texts."""
    try:
        return connections.adapter(connection).files is not None
    except Unavailable:  # its credentials cannot be unsealed: nothing goes along with what does not leave
        return False


async def _pace(account: Account, connection: Connection, form: Form | None) -> dict[str, Any]:
    """How fast texts leave at most, and what each sender may send a day and has sent today."""
    limits, a_day = pace_limits.of(connection), quotas.limit_of(connection.options)
    return {
        "limits": [f"{limits[name]:,} {words}" for name, words in PACE.items() if limits[name]],
        "form": form or Form({quotas.OPTION: a_day or "", prices.OPTION: prices.of(connection.options)}),
        "currency": account.currency,
        "spent": [f"{name} {used:,} of {a_day:,}" for name, used in await quotas.spent(connection, account.timezone)],
    }


async def _health(account: Account, connection: Connection) -> dict[str, Any]:
    error = connection.last_error
    if error and connection.last_error_at:
        error = f"{error} ({ago(connection.last_error_at, account.timezone)})"
    seen = [moment for moment in (connection.last_ok_at, connection.last_error_at) if moment]
    return {
        "last_success": ago(connection.last_ok_at, account.timezone) or None,
        "last_error": error or None,
        "queue": f"{await vitals.waiting(account.id):,}",
        "opt_outs": await _opt_outs(account, connection) if connection.kind in provider_lists.KEEPERS else None,
        "paused": connection.state == ConnectionState.BROKEN,
        "checked": ago(max(seen), account.timezone) if seen else None,
    }


async def _opt_outs(account: Account, connection: Connection) -> str:
    """How the provider's own list was last read."""
    last = await provider_lists.last(connection)
    if last is None:
        return "Not yet. It is read within the hour."
    return f"{ago(last.at, account.timezone)}: {last.listed:,} on it, {last.new:,} new here"

"""The apps an account can connect, and how each is shown: what it does, what it needs, how it fares."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain import (
    accounts,
    connections,
    linked,
    pace_limits,
    phones,
    plans,
    prices,
    quotas,
    users,
    vitals,
)
from domain.accounts import Account, Tier
from domain.channels.base import Channel, Field
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState, SenderLink
from domain.errors import NotFound, Refused, Unavailable
from domain.settings import settings
from domain.users import Permission, User
from web import app_health, app_trials, render
from web.filters import ago
from web.forms import Form


@dataclass(frozen=True)
class App:
    """A provider as its page shows it; `fields` are those of the form that connects it."""

    provider: type[Channel]

    @property
    def kind(self) -> str:
        return self.provider.kind

    @property
    def name(self) -> str:
        return self.provider.name

    @property
    def fields(self) -> list[dict[str, Any]]:
        asked = [_field(each) for each in self.provider.fields]
        if self.provider.secret_label:
            help_ = "Leave it empty and Lotwire makes one."
            asked.append(
                _field(Field("webhook_secret", self.provider.secret_label, help_, secret=True, required=False))
            )
        if self.provider.default_base_url:
            help_ = f"Leave it empty unless {self.name} told you another one."
            asked.append(_field(Field("base_url", "Address of the API", help_, required=False, type="url")))
        return asked


def _field(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": field.label,
        "type": "password" if field.secret else field.type,
        "help": field.help,
        "required": field.required,
        "advanced": not field.required and not field.usual,
        "autocomplete": "off",
        "choices": field.choices,
    }


MORE = {"form": (("site_forms.index", "How each site’s form is reached"),)}  # pages below an app's own
PACE = {"per_minute": "a minute", "per_second": "a second"}


def of(kind: str) -> App:
    """The app of that kind. Raises NotFound."""
    if kind not in CHANNELS or not CHANNELS[kind].listed:
        raise NotFound
    return App(CHANNELS[kind])


def require_owner(app: App, typed: Mapping[str, str], me: User) -> None:
    """Raises Refused for a machine's address that somebody else than the owner sets: any dealership's admin could have
    this machine call addresses of its own network."""
    if me.owner:
        return
    if typed.get("base_url"):
        raise Refused("Only the owner of this installation may set the address of the API.", field="base_url")
    for field in app.provider.fields:
        if field.owner_only and typed.get(field.name, "") not in ("", field.default):
            raise Refused(f"Only the owner of this installation may set this: {field.label}.", field=field.name)


async def tiles(account: Account) -> list[dict[str, Any]]:
    """Every app that is for dealerships of the account's country, for the index."""
    apps = [
        App(each)
        for each in CHANNELS.values()
        if each.listed and account.country in (each.countries or {account.country})
    ]
    connected = await connections.installed(account.id)
    return [await _facts(account, app, connected.get(app.kind)) for app in apps]


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
    can_connect = users.may(me, Permission.MANAGE_CONNECTIONS)
    base = settings().public_url or str(request.base_url).rstrip("/")
    hook = {"url": f"{base}/hooks/{app.kind}/{connection.id}", "secret": secret} if connection else None
    return {
        "app": {**await _facts(account, app, connection), "does": app.provider.does, "needs": app.provider.needs},
        "can_connect": can_connect,
        "admins": [] if can_connect else [admin.name for admin in await users.admins(account.id)],
        "form": _filled(app, connection, form),
        "fields": app.fields,
        "webhook": hook,
        "people": await _people(account, app, connection, me) if connection else [],
        "trial": await app_trials.shown(account, connection, me) if connection else None,
        "pace": await _pace(account, connection, pace) if connection else None,
        "pictures": _pictures(connection) if connection and app.provider.files_switch else None,
        "health": await app_health.of(account, connection) if connection else None,
        "held": 0 if connection else await _held(account, app),
        "check": check,
        "plan": plans.TIER_LABELS[Tier(account.tier)],
        "page_title": app.name,
    }


def _filled(app: App, connection: Connection | None, form: Form) -> Form:
    """The form with what is set already where nothing was typed; never a secret."""
    known = connections.options_of(connection) if connection else {}
    for field in app.provider.fields:
        if not field.secret:
            form.values.setdefault(field.name, str(known.get(field.name) or field.default))
    return form


async def _facts(account: Account, app: App, connection: Connection | None) -> dict[str, Any]:
    included = not app.provider.feature or await plans.includes(account, app.provider.feature)
    off = connection is not None and not accounts.is_on(account, app.provider.channel)
    label, tone = _state(account, included, connection, off)
    return {
        "kind": app.kind,
        "name": app.name,
        "channel": app.provider.channel,
        "summary": app.provider.summary,
        "icon": app.provider.icon,
        "state_label": label,
        "state_tone": tone,
        "connected": connection is not None,
        "switched_off": off,
        "included": included,
        "more": [{"url": render.url_for(route), "label": label} for route, label in MORE.get(app.kind, ())],
        "hooked": "hook" in app.provider.events,
        "signs": app.provider.secret_label.lower(),
        "url": render.url_for("apps.show", kind=app.kind),
    }


def _state(account: Account, included: bool, connection: Connection | None, off: bool) -> tuple[str, str]:
    if not included:
        return "Not in your plan", "muted"
    if connection is None:
        return "Not connected", "muted"
    if connection.state == ConnectionState.BROKEN:
        return "Needs attention", "bad"
    if until := app_health.goes_on(account, connection):
        return f"Paused until {until}", "warn"
    return ("Connected, switched off", "warn") if off else ("Connected", "good")


def _pictures(connection: Connection) -> bool:
    """Whether pictures go along with texts."""
    try:
        return connections.adapter(connection).files is not None
    except (Refused, Unavailable):  # its credentials are not whole: nothing goes along with what does not leave
        return False


async def _pace(account: Account, connection: Connection, form: Form | None) -> dict[str, Any]:
    """How fast texts leave at most, and what each sender may send a day and has sent today."""
    limits, a_day = pace_limits.of(connection), quotas.limit_of(connection.options)
    return {
        "limits": [f"{limits[name]:,} {words}" for name, words in PACE.items() if limits[name]],
        "parts_senders": pace_limits.parts_senders(connection.kind),
        "form": form
        or Form(
            {
                pace_limits.SENDER: pace_limits.of_sender(connection) or "",
                quotas.OPTION: a_day or "",
                prices.OPTION: prices.of(connection.options),
            }
        ),
        "currency": account.currency,
        "spent": [f"{name} {used:,} of {a_day:,}" for name, used in await quotas.spent(connection, account.timezone)],
    }


async def _held(account: Account, app: App) -> int:
    """How many messages wait for an app that was disconnected."""
    before = await connections.newest(account.id, app.kind)
    if before is None:
        return 0
    told = await vitals.of_connection(before)
    return told["queued"] + told["planned"]


async def _people(account: Account, app: App, connection: Connection, me: User) -> list[dict[str, Any]]:
    """Who is known to the provider: oneself, or for an administrator everybody who writes."""
    if app.provider.senders == "one":
        return []
    everybody = users.may(me, Permission.MANAGE_CONNECTIONS)
    rows = await linked.people(connection, None if everybody else me.id)
    rows.sort(key=lambda row: row["id"] != me.id)
    return [
        {
            "name": "You" if row["id"] == me.id else row["name"],
            "email": row["email"],
            "linked": row["provider_name"] if row["provider_id"] else None,
            "numbers": [phones.shown(number) for number in (row["numbers"] or "").split()],
            "checked": ago(row["checked_at"], account.timezone),
            "check_url": render.url_for("sender_checks.create", kind=app.kind, user_id=row["id"]),
        }
        for row in rows
    ]


def link_found(app: App, person: User, link: SenderLink | None) -> dict[str, Any]:
    """What a look for somebody's account says."""
    if link is None:
        return {"ok": False, "sentence": f"No {app.name} account found for {person.email}. It has to be active there."}
    numbers = [phones.shown(number) for number in link.numbers.split()]
    if not numbers:
        return {"ok": False, "sentence": f"{link.name} has no number in {app.name}. Ask its administrator for one."}
    return {"ok": True, "sentence": f"{person.name} is linked as {link.name} and texts from {numbers[0]}."}

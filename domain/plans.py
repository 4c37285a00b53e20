"""Which plan includes which feature: rows of a table, asked on every page, so kept in memory for half a minute."""

from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic

from domain import audit, db, ids
from domain.accounts import Account, PlanFeature, Tier
from domain.errors import Refused
from domain.users import User


@dataclass(frozen=True)
class Feature:
    slug: str
    label: str
    help: str


FEATURES = (
    Feature("messaging", "Messaging", "Writing to sellers and the communication history."),
    Feature("scheduled", "Scheduled messages", "Messages that leave later by themselves."),
    Feature("batch", "Batches", "One wording to many listings."),
    Feature("automations", "Automations", "Rules and sequences that act by themselves."),
    Feature("dialpad", "Dialpad", "Texting through Dialpad."),
    Feature("twilio", "Twilio", "Texting through Twilio."),
    Feature("email", "Email", "Mail through a mailbox of the dealership."),
    Feature("facebook", "Facebook", "Messages through a Facebook Page."),
    Feature("kijiji", "Kijiji", "Messages through Kijiji’s relay."),
    Feature("form", "Contact forms", "Messages through the form of the ad’s site."),
    Feature("api", "API and webhooks", "Other programs read and write through the API."),
)
TIER_LABELS = {Tier.STANDARD: "Standard", Tier.PROFESSIONAL: "Professional", Tier.ACCELERATED: "Accelerated"}
KEPT_SECONDS = 30.0
EARLY_SECONDS = 2.0  # before the end, so that no page runs out of it midway


async def seed() -> None:
    """Adds the rows that are missing: Standard includes nothing, the others everything. Changes none that is there."""
    rows = [(ids.new(), tier.value, feature.slug, tier != Tier.STANDARD) for tier in Tier for feature in FEATURES]
    given, arguments = db.given(("uuid", "text", "text", "bool"), rows)
    await PlanFeature.raw(
        f"""INSERT INTO plan_feature (id, tier, feature, included)
            SELECT column1, column2, column3, column4 FROM {given}
            WHERE TRUE ON CONFLICT (tier, feature) DO NOTHING""",  # noqa: S608 - fixed words
        *arguments,
    )
    forget()


async def includes(account: Account, feature: str) -> bool:
    """Whether the account's plan includes the feature. A change elsewhere is seen within 30 seconds."""
    return feature in (await table()).get(account.tier, frozenset())


async def require(account: Account, feature: str) -> None:
    """Raises Refused (`tier`) unless the account's plan includes the feature."""
    if not await includes(account, feature):
        label = next((each.label for each in FEATURES if each.slug == feature), feature)
        raise Refused(f"{lacks(label)} Compare plans to see which one has it.", code="tier")


def lacks(label: str) -> str:
    """What is said of something that the plan does not include."""
    return f"{label} {'are' if label.endswith('s') else 'is'} not part of your plan."


async def table() -> dict[str, frozenset[str]]:
    """tier -> the features it includes."""
    if _kept is None or _left() <= 0:
        rows = await PlanFeature.select(PlanFeature.tier, PlanFeature.feature).where(PlanFeature.included.eq(True))
        return _keep((row["tier"], row["feature"]) for row in rows)
    return _kept


def along() -> str:
    """What brings the table along with another query: the column that `came` reads; empty while it is kept.

    Every request begins with the query for who asks, so the one that finds nothing kept needs no more than the others.
    """
    if _left() > EARLY_SECONDS:
        return ""
    joined = "string_agg" if db.on_postgres() else "group_concat"
    return f"(SELECT {joined}(tier || ':' || feature, ' ') FROM plan_feature WHERE included)"  # noqa: S608 - fixed words


def came(column: str | None) -> None:
    """The table came along; without a single row that includes anything there is nothing in the column."""
    _keep((tier, feature) for tier, _, feature in (each.partition(":") for each in (column or "").split()))


async def change(included: dict[str, set[str]], by: User) -> None:
    """Sets the whole table: tier -> the features it shall include. Raises Refused unless it is the owner's wish."""
    if not by.owner:
        raise Refused("Only the owner of this installation may change the plans.", code="no_permission")
    wish = {tier: [each.slug for each in FEATURES if each.slug in included.get(tier, set())] for tier in Tier}
    async with db.writing():
        for tier, wanted in wish.items():
            unwanted = [feature.slug for feature in FEATURES if feature.slug not in wanted]
            for slugs, value in ((wanted, True), (unwanted, False)):
                if slugs:
                    await PlanFeature.update({PlanFeature.included: value}).where(
                        (PlanFeature.tier == tier) & PlanFeature.feature.is_in(slugs)
                    )
        await audit.record(by.account.id, by.id, "plans.changed", included=wish)
    forget()


def forget() -> None:
    """Drops what this process remembers, so that the next question reads the table."""
    global _kept
    _kept = None


def _left() -> float:
    """How many seconds more what is kept will do."""
    return _kept_until - monotonic() if _kept is not None and _kept_of is db.DB else 0.0


def _keep(included: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    global _kept, _kept_until, _kept_of
    pairs = list(included)
    _kept = {tier: frozenset(feature for of, feature in pairs if of == tier) for tier in Tier}
    _kept_until, _kept_of = monotonic() + KEPT_SECONDS, db.DB
    return _kept


_kept: dict[str, frozenset[str]] | None = None
_kept_until = 0.0
_kept_of: object = None  # the database they were read from

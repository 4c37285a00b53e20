"""Which plan includes which feature: rows of a table, asked on every page, so kept in memory for half a minute."""

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
    global _kept, _kept_until, _kept_of
    if _kept is None or monotonic() >= _kept_until or _kept_of is not db.DB:
        rows = await PlanFeature.select(PlanFeature.tier, PlanFeature.feature).where(PlanFeature.included.eq(True))
        _kept = {tier: frozenset(row["feature"] for row in rows if row["tier"] == tier) for tier in Tier}
        _kept_until = monotonic() + KEPT_SECONDS
        _kept_of = db.DB
    return _kept


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


_kept: dict[str, frozenset[str]] | None = None
_kept_until = 0.0
_kept_of: object = None  # the database they were read from

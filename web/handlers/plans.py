"""What each plan includes; the owner of the installation may change it."""

from litestar import Request, Response

from domain import plans, schedules
from domain.accounts import Tier
from web import render
from web.lookups import Me, TheAccount, TheForm


async def index(request: Request, me: Me, account: TheAccount) -> Response:
    table = await plans.table()
    return render.page(
        request,
        "plans/index.html",
        tiers=[{"slug": t, "label": label, "current": t == account.tier} for t, label in plans.TIER_LABELS.items()],
        features=[
            {"slug": f.slug, "label": f.label, "help": f.help, "in": {tier: f.slug in table[tier] for tier in Tier}}
            for f in plans.FEATURES
        ],
        may_edit=me.owner,
        page_title="Plans",
    )


async def update(request: Request, me: Me, form: TheForm) -> Response:
    included: dict[str, set[str]] = {}
    for ticked in form.all("includes"):
        tier, _, feature = ticked.partition(":")
        included.setdefault(tier, set()).add(feature)
    await schedules.change_plans(included, me)
    return render.go(request, render.url_for("plans.index"), notice="The plans are saved.")

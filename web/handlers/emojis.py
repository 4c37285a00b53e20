"""Emoji to put into a message."""

from typing import Any

from litestar import Request, Response
from litestar.params import FromQuery

from domain import emojis, text
from domain.errors import Refused
from domain.users import User
from web import emoji_panel, render
from web.forms import Form
from web.lookups import Me, TheForm

AnyRequest = Request[Any, Any, Any]


async def index(
    request: AnyRequest, me: Me, q: FromQuery[str] = "", group: FromQuery[str] = "", tone: FromQuery[str] = ""
) -> Response[str]:
    """Every emoji, as a page with a field to gather some in; the Send Message window takes its panel."""
    chosen = text.number(tone, len(emojis.TONES) - 1)
    panel = await emoji_panel.panel(me, q, group, chosen, opening=not q and not group)
    return _page(request, panel, Form())


async def compose(request: AnyRequest, me: Me, form: TheForm) -> Response[str]:
    """The page with the emoji at the end of what is in its field: without JavaScript a press comes here."""
    try:
        form.values["body"] = form.value("body") + await _used(me, form)
    except Refused as refused:
        form.refuse(refused)
    panel = await emoji_panel.panel(me, form.value("q"), form.value("group"))
    return _page(request, panel, form)


async def insert(me: Me, form: TheForm) -> Response[str]:
    """What a press puts at the caret; it becomes the most recent one."""
    return render.bare(await _used(me, form))


async def tone(request: AnyRequest, me: Me, form: TheForm) -> Response[Any]:
    """Remembers the skin tone and shows it."""
    await emojis.choose_tone(me, form.value("tone"))
    if render.is_htmx(request):
        panel = await emoji_panel.panel(me, form.value("q"), form.value("group"))
        return render.fragment(request, "emojis/_panel.html", emoji=panel)
    return render.go(request, render.url_for("emojis.index"), notice="Your skin tone is saved.")


async def _used(me: User, form: Form) -> str:
    emoji = form.value("insert_emoji")  # in the tone in which it was shown
    await emojis.used(me, emoji)
    return emoji


def _page(request: AnyRequest, panel: dict[str, Any], form: Form) -> Response[str]:
    status = 422 if form.errors else 200
    return render.page(request, "emojis/index.html", status=status, emoji=panel, form=form, page_title="Emoji")

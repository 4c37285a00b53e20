"""A test of one site's form, asked for by an administrator."""

from typing import Any

from litestar import Request, Response
from litestar.params import FromPath

from domain import site_forms, trials
from domain.errors import Refused
from web.handlers.site_forms import key_of, saved
from web.lookups import Me, TheAccount, TheForm


async def create(
    request: Request[Any, Any, Any], account: TheAccount, me: Me, source_id: FromPath[str], form: TheForm
) -> Response[str]:
    source = await site_forms.site(account.id, key_of(source_id))
    try:
        sent = await trials.send_by_form(account, source, me, aware=form.ticked("aware"), nonce=form.value("nonce"))
        check = {"ok": sent.ok, "sentence": sent.sentence}
    except Refused as refused:
        check = {"ok": False, "sentence": refused.message}
    return await saved(request, account, me, source, check)

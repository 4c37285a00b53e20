"""Files of addresses into one of the no-contact lists: upload, watch it run, see what was refused."""

import asyncio
from typing import Any

from litestar import Request, Response
from litestar.datastructures import UploadFile
from litestar.params import FromPath, FromQuery

from domain.accounts import Account
from domain.errors import Refused
from domain.suppressions import Kind, files
from web import queue, render, suppression_pages
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm

AnyRequest = Request[Any, Any, Any]

LARGEST_BODY = files.LARGEST_FILE + 100_000  # bytes; what of a multipart body is not the file
FIELDS = ("file", "kind", "scrubbed_on")


def too_large(request: AnyRequest, error: Exception) -> Response[Any]:
    """The body was refused before it was read to its end."""
    next_step = {"url": render.url_for("suppression_imports.new"), "label": "Choose another file"}
    return render.problem(request, 413, "This file is too big", files.too_large(), next_step)


async def new(request: AnyRequest, account: TheAccount, kind: FromQuery[str] = "") -> Response[str]:
    return _upload_page(request, account, Form({"kind": kind if kind in list(Kind) else Kind.DNC}))


async def create(request: AnyRequest, me: Me, account: TheAccount, form: TheForm) -> Response[Any]:
    upload = (await request.form()).get("file")
    try:
        if not isinstance(upload, UploadFile) or not upload.filename:
            raise Refused("Choose a CSV file.", field="file")
        typed = (form.value("kind"), upload.filename, upload.file, form.value("scrubbed_on"))
        job = await files.upload(account, me, *typed)
    except Refused as refused:
        return _upload_page(request, account, form.refuse(refused, FIELDS))
    await queue.kick(request, "run_list_import", str(job.id))
    return render.go(request, render.url_for("suppression_imports.show", import_id=job.id))


async def show(request: AnyRequest, account: TheAccount, import_id: FromPath[str]) -> Response[str]:
    """How far it is, then what came of it."""
    job = await files.of(account.id, suppression_pages.id_of(import_id))
    total = await asyncio.to_thread(files.lines, job) if job.state == "running" else job.rows
    refused = await asyncio.to_thread(files.refusals, job) if job.refused else []
    return render.page(
        request,
        "suppressions/import.html",
        job=suppression_pages.job(job, account),
        total=max(total, job.rows),
        refused_rows=refused,
        page_title=f"Import {job.name}",
    )


def _upload_page(request: AnyRequest, account: Account, form: Form) -> Response[str]:
    return render.page(
        request,
        "suppressions/import_new.html",
        status=422 if form.errors else 200,
        form=form,
        kinds=list(suppression_pages.LABELS.items()),
        max_label=f"{files.LARGEST_FILE // 1_000_000} MB",
        page_title="Import into a no-contact list",
    )

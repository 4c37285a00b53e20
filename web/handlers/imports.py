"""Listings from a CSV file: upload, match the columns, watch it run, fetch what was refused."""

from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import File

from domain import ads, imports
from domain.accounts import Account
from domain.errors import NotFound, Refused
from domain.imports import Import
from web import queue, render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm

AnyRequest = Request[Any, Any, Any]

LARGEST_BODY = imports.LARGEST_FILE + 100_000  # bytes; what of a multipart body is not the file
STATES = {"uploaded": "mapping", "queued": "running"}  # the row's word -> the page's, where they differ
SHOWN_REFUSALS = 100


def too_large(request: AnyRequest, error: Exception) -> Response[Any]:
    """The body was refused before it was read to its end."""
    next_step = {"url": render.url_for("imports.new"), "label": "Choose another file"}
    return render.problem(request, 413, "This file is too big", imports.too_large(), next_step)


async def new(request: AnyRequest, account: TheAccount) -> Response[str]:
    return await _upload_page(request, account, Form())


async def create(request: AnyRequest, me: Me, account: TheAccount, form: TheForm) -> Response[Any]:
    upload = (await request.form()).get("file")
    try:
        if not isinstance(upload, UploadFile) or not upload.filename:
            raise Refused("Choose a CSV file.", field="file")
        job = await imports.upload(account.id, me.id, upload.filename, upload.file, form.value("source_id"))
    except Refused as refused:
        return await _upload_page(request, account, form.refuse(refused, ("file", "source_id")))
    return render.go(request, render.url_for("imports.show", import_id=str(job.id)))


async def show(request: AnyRequest, account: TheAccount, import_id: FromPath[str]) -> Response[str]:
    return await _page(request, await _found(account, import_id), Form())


async def update(request: AnyRequest, account: TheAccount, import_id: FromPath[str], form: TheForm) -> Response[Any]:
    """Starts it with the columns as matched; a second click finds it started."""
    job = await _found(account, import_id)
    if job.state == "uploaded":
        try:
            await imports.start(job, _columns(form, job))
        except Refused as refused:
            return await _page(request, job, form.refuse(refused, ()))
        await queue.kick(request, "run_import", str(job.id))
    return render.go(request, render.url_for("imports.show", import_id=str(job.id)))


async def refused(account: TheAccount, import_id: FromPath[str]) -> File:
    """All rows that were refused, with line and reason: to correct and upload again."""
    job = await _found(account, import_id)
    path = imports.refused_path(job)
    if not path.exists():
        raise NotFound
    name = job.file_name.removesuffix(".csv")
    return File(path, filename=f"{name}.refused.csv", media_type="text/csv; charset=utf-8")


async def _found(account: Account, import_id: str) -> Import:
    try:
        return await imports.of(account.id, UUID(import_id))
    except ValueError:
        raise NotFound from None


def _columns(form: Form, job: Import) -> list[str]:
    return [form.value(f"map.{index}") for index in range(len(imports.columns_of(job)))]


async def _upload_page(request: AnyRequest, account: Account, form: Form) -> Response[str]:
    return render.page(
        request,
        "imports/new.html",
        status=422 if form.errors else 200,
        form=form,
        sources=await imports.sources_of(account.id),
        max_label=f"{imports.LARGEST_FILE // 1_000_000} MB",
        page_title="Import listings",
    )


async def _page(request: AnyRequest, job: Import, form: Form) -> Response[str]:
    """The columns to match, the progress or the result, whichever the import has come to."""
    state = STATES.get(job.state, job.state)
    found = await imports.preview(job) if state == "mapping" else None
    columns = _columns(form, job) if form.errors else imports.columns_of(job)
    refusals = await imports.refusals(job, SHOWN_REFUSALS) if job.refused else []
    return render.page(
        request,
        "imports/show.html",
        status=422 if form.errors else 200,
        job={
            "id": str(job.id),
            "name": job.file_name,
            "state": state,
            "total": imports.total_rows(job),
            "done": job.done_rows,
            "created": job.created,
            "updated": job.updated,
            "unchanged": None,
            "refused": job.refused,
            "filtered": imports.filtered_rows(job),
            "failure": job.problem or None,
        },
        headers=[
            {"index": index, "name": name, "field": columns[index], "samples": [row[index] for row in found.samples]}
            for index, name in enumerate(found.header)
        ]
        if found
        else [],
        fields=list(ads.FIELDS.items()),
        preview_rows=found.samples if found else [],
        refused_rows=[
            {"line": row["line"], "reason": row["reason"], "text": ", ".join(filter(None, row["row"]))}
            for row in refusals
        ],
        refused_url=render.url_for("imports.refused", import_id=str(job.id)) if refusals else None,
        form=form,
        page_title=f"Import {job.file_name}",
    )

"""Every row of an import is accounted for, whatever happens to the file, the rows or the worker."""

import asyncio
import csv
import errno
import io
from typing import Any

import pytest

from domain import ads, imports
from domain.audit import AuditEntry
from domain.errors import NotFound, Refused, Unavailable
from domain.imports import Import, RefusedRow
from domain.listings import Listing
from domain.sources import Source
from tests import make
from tests.conftest import Clock

HEADER = "Listing ID,Year,Make,Model,Asking Price,Mobile,Shoe size\n"
GOOD = 'A1,2019,Subaru,Outback,"$18,900",(520) 555-0117,9\n'


async def uploaded(content: str | bytes, source: str = "") -> Import:
    account = await make.dealership()
    stream = io.BytesIO(content.encode() if isinstance(content, str) else content)
    return await imports.upload(account.id, None, "C:\\lists\\my ads.csv", stream, source)


async def run(content: str, source: str = "") -> Import:
    job = await uploaded(content, source)
    await imports.start(job, imports.columns_of(job))
    assert await imports.run(job.id, "me")
    return await again(job)


async def again(job: Import) -> Import:
    return await imports.of(job.account, job.id)


def counts(job: Import) -> tuple[int, int, int]:
    return job.created, job.updated, job.refused


def many(number: int) -> str:
    return HEADER + "".join(f"A{n},2019,Subaru,Outback,{n},,\n" for n in range(number))


async def test_an_upload_is_kept_and_its_columns_are_guessed(house: None) -> None:
    job = await uploaded(HEADER + GOOD + GOOD)
    assert (job.state, job.file_name, job.size) == ("uploaded", "my ads.csv", len(HEADER + GOOD + GOOD))
    assert imports.columns_of(job) == ["external_id", "year", "make", "model", "price", "mobile", ""]
    assert imports.upload_path(job).stat().st_mode & 0o777 == 0o600
    found = await imports.preview(job)
    assert found.unknown == ["Shoe size"]
    assert found.samples[0] == ["A1", "2019", "Subaru", "Outback", "$18,900", "(520) 555-0117", "9"]
    assert (len(found.samples), found.rows) == (2, 2)


async def test_what_is_no_csv_is_refused_and_not_kept(house: None, data_dir: Any) -> None:
    with pytest.raises(Refused, match="This is a PDF"):
        await uploaded("%PDF-1.7")
    assert list((data_dir / "imports").iterdir()) == []
    assert await Import.count() == 0


async def test_a_file_that_is_too_large_is_refused_and_not_kept(
    house: None, data_dir: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "LARGEST_FILE", 2_000_000)
    with pytest.raises(Refused, match=r"The file is larger than 2 MB\. Split it and import the parts\."):
        await uploaded(HEADER + GOOD * 100_000)
    assert list((data_dir / "imports").iterdir()) == []


async def test_a_full_disk_is_told_and_leaves_nothing_behind(house: None, data_dir: Any) -> None:
    class Full(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(errno.ENOSPC, "No space left on device")

    account = await make.dealership()
    with pytest.raises(Unavailable, match="The disk is full, so the file was not kept"):
        await imports.upload(account.id, None, "a.csv", Full())
    assert list((data_dir / "imports").iterdir()) == []


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (["external_id", "year", "make", "", "", "", ""], "Choose the column for Model: no listing is without."),
        (["external_id", "", "", "", "", "", ""], "Choose the column for Year, Make and Model: no listing"),
        (["", "year", "make", "model", "", "", ""], "Choose the column for Listing ID, Link to the ad or VIN"),
        (
            ["vin", "year", "make", "model", "price", "price", ""],
            "Two columns are taken for Price.",
        ),
        (["vin", "year", "make", "model", "stage", "", ""], "Choose what each column holds from the list."),
        (["vin", "year", "make", "model"], "Say for each of the 7 columns what it holds."),
    ],
)
async def test_columns_that_make_no_listing_are_refused(house: None, columns: list[str], sentence: str) -> None:
    job = await uploaded(HEADER + GOOD)
    with pytest.raises(Refused) as refused:
        await imports.start(job, columns)
    assert refused.value.message.startswith(sentence)
    assert (await again(job)).state == "uploaded"


async def test_an_import_starts_once(house: None) -> None:
    job = await uploaded(HEADER + GOOD)
    await imports.start(job, imports.columns_of(job))
    with pytest.raises(Refused, match="This import was started already"):
        await imports.start(job, imports.columns_of(job))
    assert [entry.action for entry in await AuditEntry.objects()] == ["listings.imported"]


async def test_rows_are_created_then_updated_and_the_upload_is_gone(house: None) -> None:
    first = await run(HEADER + GOOD, "Facebook Marketplace")
    assert (first.state, counts(first)) == ("done", (1, 0, 0))
    assert first.finished_at is not None
    assert not imports.upload_path(first).exists()
    second = await run(HEADER + GOOD.replace("18,900", "17,500") + GOOD.replace("A1", "A2"), "facebook-marketplace")
    assert counts(second) == (1, 1, 0)
    assert await Listing.count() == 2
    assert [source.name for source in await Source.objects()] == ["Facebook Marketplace"]


async def test_every_row_is_created_updated_or_refused(house: None) -> None:
    rows = [
        GOOD,
        GOOD,
        "A2,19,Subaru,Outback,1,,\n",
        "A3,2019,,Outback,cheap,12,\n",
        "\n",
        "A4,2019,Subaru,Outback\n",
        "A5,2019,Subaru,Outback,1,,,,one too many\n",
        "A6,2019,Subaru,Outback,1,,,,\n",
        ",2019,Subaru,Outback,1,,\n",
        'A7,2019,"Subaru,Outback,1,,\n',
    ]
    job = await run(HEADER + "".join(rows))
    assert job.done_rows == 9
    assert counts(job) == (3, 1, 5)
    refused = {row["line"]: row["reason"] for row in await imports.refusals(job)}
    assert refused == {
        4: "Year: “19” may be two different years. Write all four digits.",
        5: (
            "Make: Give the make. Asking Price: “cheap” is not a price. Write an amount, such as 21900 "
            "or 21,900.00. Mobile: “12” is not a phone number in the United States. Give all ten digits."
        ),
        8: "This row has 9 cells where the header has 7. Put quotation marks around a cell that holds a comma.",
        10: "Listing ID: Give a listing ID, a link to the ad or a VIN, so that it is known again.",
        11: "The quotation mark that opens on line 11 is never closed. Close it, or take it out.",
    }


async def test_the_file_of_refused_rows_can_be_corrected_and_imported(house: None) -> None:
    job = await run(HEADER + "A1,19,=Subaru,Outback,1,+15205550117,-\n" + GOOD)
    content = imports.refused_path(job).read_text("utf-8-sig")
    [header, row] = csv.reader(content.splitlines())
    assert header == ["Line", "Reason", *HEADER.strip().split(",")]
    assert row[0] == "2"
    assert row[2:] == ["A1", "19", "'=Subaru", "Outback", "1", "'+15205550117", "'-"]
    corrected = await run(content.replace(",19,", ",2019,"))
    assert counts(corrected) == (0, 1, 0)
    [listing] = await Listing.objects()
    assert listing.make == "=Subaru"


async def test_the_table_holds_the_first_refusals_and_the_file_all_of_them(
    house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "SHOWN_REFUSALS", 3)
    monkeypatch.setattr(imports, "CHUNK", 2)
    job = await run(HEADER + "A,19,B,C,,,\n" * 7)
    assert counts(job) == (0, 0, 7)
    assert await RefusedRow.count() == 3
    rows = list(csv.reader(imports.refused_path(job).read_text("utf-8-sig").splitlines()))
    assert [row[0] for row in rows] == ["Line", "2", "3", "4", "5", "6", "7", "8"]


async def test_the_unit_of_the_header_counts_for_an_odometer_that_names_none(house: None) -> None:
    await run("VIN,Year,Make,Model,Kms\n4S4BSANC7K3000001,2019,Kia,Rio,100000\n4S4BSANC7K3000002,2019,Kia,Rio,9 mi\n")
    listings = await Listing.objects().order_by(Listing.vin)
    assert [listing.odometer for listing in listings] == [62_137, 9]


class Killed(BaseException):
    """As good as kill -9: nothing that handles errors sees it."""


async def test_an_import_whose_worker_is_killed_goes_on_where_it_was(
    house: None, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 10)
    bad = "B,19,Subaru,Outback,,,\n"
    job = await uploaded(many(25) + bad + "".join(many(50).splitlines(keepends=True)[26:]) + bad)
    await imports.start(job, imports.columns_of(job))
    put_many, calls = ads.put_many, []

    async def dying(*args: Any) -> Any:
        outcomes = await put_many(*args)
        calls.append(len(outcomes))
        if len(calls) == 4:
            raise Killed  # after the rows are written, before the transaction ends
        return outcomes

    monkeypatch.setattr(ads, "put_many", dying)
    with pytest.raises(Killed):
        await imports.run(job.id, "first worker")
    assert (await again(job)).done_rows == await Listing.count() + 1 == 30
    # What it wrote into the file of refusals without committing:
    with imports.refused_path(job).open("a") as file:
        file.write('45,torn,"never comm')

    assert not await imports.run(job.id, "second worker")
    assert await imports.due() == []
    clock.advance(seconds=61)
    assert await imports.due() == [job.id]
    assert await imports.run(job.id, "second worker")
    job = await again(job)
    assert (job.state, job.done_rows, counts(job)) == ("done", 52, (50, 0, 2))
    assert await Listing.count() == 50
    rows = list(csv.reader(imports.refused_path(job).read_text("utf-8-sig").splitlines()))
    assert [row[0] for row in rows] == ["Line", "27", "53"]


async def test_a_worker_whose_lease_ran_out_writes_nothing_more(
    house: None, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 10)
    job = await uploaded(many(30))
    await imports.start(job, imports.columns_of(job))
    put_many, taken = ads.put_many, []

    async def late(*args: Any) -> Any:
        if not taken:
            taken.append(True)
            clock.advance(seconds=61)
            values: dict[Any, Any] = {Import.owner: "another"}
            await Import.update(values).where(Import.id == job.id)
        return await put_many(*args)

    monkeypatch.setattr(ads, "put_many", late)
    assert not await imports.run(job.id, "me")
    assert await Listing.count() == (await again(job)).done_rows == 0


async def test_a_fault_of_ours_ends_the_import_and_keeps_what_is_in(
    house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 10)
    job = await uploaded(many(30))
    await imports.start(job, imports.columns_of(job))
    put_many, calls = ads.put_many, []

    async def broken(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:
            raise ZeroDivisionError
        return await put_many(*args)

    monkeypatch.setattr(ads, "put_many", broken)
    assert await imports.run(job.id, "me")
    job = await again(job)
    assert (job.state, job.done_rows, counts(job)) == ("failed", 10, (10, 0, 0))
    assert job.problem.startswith("Lotwire met a fault of its own.")
    assert await imports.due() == []


async def test_an_import_that_is_picked_up_twice_at_once_runs_once(
    house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 10)
    job = await uploaded(many(50))
    await imports.start(job, imports.columns_of(job))
    ran = await asyncio.gather(*(imports.run(job.id, "the same worker") for _ in range(3)))
    assert sorted(ran) == [False, False, True]
    assert counts(await again(job)) == (50, 0, 0)


async def test_an_import_that_is_stopped_stores_nothing_more(house: None) -> None:
    job = await uploaded(many(1200))
    await imports.start(job, imports.columns_of(job), "the command line")
    stops: list[asyncio.Task[None]] = []

    def stop_soon(_: Import) -> None:
        stops.append(asyncio.ensure_future(imports.stop(job, "Stopped.")))

    assert not await imports.run(job.id, "the command line", stop_soon)
    await asyncio.gather(*stops)
    job = await again(job)
    assert (job.state, job.problem) == ("failed", "Stopped.")
    assert job.done_rows == await Listing.count() < 1200


async def test_a_full_disk_leaves_the_import_for_later(
    house: None, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await uploaded(many(3))
    await imports.start(job, imports.columns_of(job))

    async def full(*args: Any) -> Any:
        raise Unavailable("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(ads, "put_many", full)
        with pytest.raises(Unavailable):
            await imports.run(job.id, "me")
    assert (await again(job)).state == "running"
    clock.advance(seconds=61)
    assert await imports.run(job.id, "me")
    assert counts(await again(job)) == (3, 0, 0)


async def test_an_upload_that_vanished_ends_with_a_sentence(house: None) -> None:
    job = await uploaded(many(3))
    await imports.start(job, imports.columns_of(job))
    imports.upload_path(job).unlink()
    assert await imports.run(job.id, "me")
    job = await again(job)
    assert (job.state, job.problem) == ("failed", "The uploaded file is gone. Upload it again.")


async def test_an_import_is_not_found_by_another_account(house: None) -> None:
    job = await uploaded(HEADER + GOOD)
    other = await make.account()
    with pytest.raises(NotFound):
        await imports.of(other.id, job.id)


async def test_files_nobody_will_ask_for_are_deleted_in_time(house: None, clock: Clock) -> None:
    waiting = await uploaded(HEADER + GOOD)
    done = await run(HEADER + "A,19,B,C,,,\n")
    clock.advance(hours=23)
    await imports.tidy()
    assert imports.upload_path(waiting).exists()
    clock.advance(hours=2)
    await imports.tidy()
    assert not imports.upload_path(waiting).exists()
    assert imports.refused_path(done).exists()
    clock.advance(days=30)
    await imports.tidy()
    assert not imports.refused_path(done).exists()
    assert await RefusedRow.count() == 0
    assert [job.id for job in await Import.objects()] == [done.id]


async def test_the_sites_of_an_account_and_those_everybody_knows_can_be_chosen(house: None) -> None:
    account = await make.dealership()
    await make.source(account, "harbor-lot", name="Harbor Lot")
    choices = await imports.sources_of(account.id)
    assert ("harbor-lot", "Harbor Lot") in choices
    assert ("kijiji", "Kijiji") in choices

"""The lists as files and pages: every row of an import accounted for, whatever happens, and exports that come back."""

import asyncio
import csv
import errno
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import phones, suppressions
from domain.audit import AuditEntry
from domain.errors import NotFound, Refused, Unavailable
from domain.history import Cursor
from domain.messages import Message, State
from domain.suppressions import Block, DoNotContact, Kind, ListImport, OptOut, addresses, by_hand, files, paging
from domain.suppressions.reading import NO_COLUMN, NOTHING_HERE
from tests import make
from tests.conftest import Clock

NUMBERS = [f"+1520555{n:04}" for n in range(100, 120)]


async def uploaded(content: str | bytes, kind: str = "dnc", **more: Any) -> ListImport:
    stream = io.BytesIO(content.encode() if isinstance(content, str) else content)
    user = more.pop("user", None)
    return await files.upload(await make.dealership(), user, kind, "C:\\lists\\federal scrub.csv", stream, **more)


async def run(content: str | bytes, kind: str = "dnc", **more: Any) -> ListImport:
    job = await uploaded(content, kind, **more)
    assert await files.run(job.id)
    return await files.of(job.account, job.id)


async def on_dnc() -> list[str]:
    rows = await DoNotContact.select(DoNotContact.address).where(DoNotContact.lifted_at.is_null())
    return sorted(row["address"] for row in rows)


def counts(job: ListImport) -> tuple[int, int, int, int]:
    return job.rows, job.added, job.known, job.refused


# Addresses


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("(520) 555-0117", "+15205550117"),
        ("1-520-555-0117", "+15205550117"),
        ("'+15205550117", "+15205550117"),
        ("520.555.0117", "+15205550117"),
        ("+44 20 7946 0018", "+442079460018"),
        ("Dana@Example.COM", "dana@example.com"),
        ("<dana@example.com>", "dana@example.com"),
    ],
)
def test_an_address_is_read_as_people_write_it(typed: str, address: str) -> None:
    assert addresses.clean(typed, "US") == address


@pytest.mark.parametrize("typed", ["", "555-0117", "5.20556E+09", "dana@", "12 Main St", "+5205550117"])
def test_what_is_no_address_is_refused_at_its_field(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        addresses.clean(typed, "US")
    assert refused.value.field == "address"


@given(st.from_regex(r"\A(\+?1?[ .\-]?)?\(?\d{2,3}\)?[ .\-]?\d{3}[ .\-]?\d{4}\Z"), st.sampled_from(["US", "CA"]))
def test_the_quick_way_reads_a_number_as_the_thorough_one(typed: str, country: str) -> None:
    try:
        expected = phones.parse(typed, country)
    except Refused:
        with pytest.raises(Refused):
            addresses.clean(typed, country)
    else:
        assert addresses.clean(typed, country) == expected


# Files


@pytest.mark.parametrize(
    "content",
    [
        "Phone,Reason\n(520) 555-0100,Angry\n1 520 555 0101,\n",
        "(520) 555-0100\n5205550101\n",
        "\ufeffCustomer;E-Mail;Cell Phone\r\nDana;;520-555-0100\r\nLuis;n/a;+1 520 555 0101\r\n",
        "520,5550100\n520,5550101\n",
        "Area Code,Phone Number\n520,555-0100\n520,5550101\n",
        "Do not call list of 20 Nov\n\nAddress,Street\n'+15205550100,12 Main St\n'+15205550101,Elm St 5\n",
        "Name\tWhatever\nDana\t5205550100\nLuis\t5205550101\n",
        '"Téléphone"\n"520 555-0100"\n"520 555-0101"\n'.encode("cp1252"),
        "Phone 1,Phone 2\n5205550100,5205550101\n",
    ],
)
async def test_a_file_is_read_however_it_names_its_columns(house: None, content: str | bytes) -> None:
    job = await run(content)
    assert (job.state, job.problem, job.refused) == ("done", "", 0)
    assert await on_dnc() == NUMBERS[:2]
    assert job.added == 2


async def test_rows_keep_their_reason_or_name_the_file(house: None) -> None:
    user = await make.user(role="manager")
    await run("Phone,Note\n5205550100,Angry\n5205550101,\n", user=user, scrubbed_on="2026-11-20")
    query = DoNotContact.select(DoNotContact.reason, DoNotContact.source, DoNotContact.added_by)
    assert await query.order_by(DoNotContact.address) == [
        {"reason": "Angry", "source": "import", "added_by": user.id},
        {"reason": "Imported from federal scrub.csv", "source": "import", "added_by": user.id},
    ]
    [job] = await ListImport.objects()
    assert (job.name, f"{job.scrubbed_at:%Y-%m-%d}", job.kind) == ("federal scrub.csv", "2026-11-20", "dnc")
    [line] = await AuditEntry.objects()
    assert (line.action, line.user, line.subject) == ("list.imported", user.id, job.id)


async def test_an_opt_out_belongs_to_the_channel_of_its_address(house: None) -> None:
    await run("Phone,Email\n5205550100,dana@example.com\n", kind="opt_out")
    rows = await OptOut.select(OptOut.channel, OptOut.address, OptOut.source).order_by(OptOut.channel)
    assert [tuple(row.values()) for row in rows] == [
        ("email", "dana@example.com", "import"),
        ("text", "+15205550100", "import"),
    ]
    await run("Phone\n5205550100\n", kind="block")
    assert await Block.count() == 1


async def test_every_row_is_accounted_for(house: None) -> None:
    phone = NUMBERS[0]
    await suppressions.dnc((await make.dealership()).id, [phone], "")
    content = (
        "Phone,Email\n"
        f"{phone},\n"  # known
        "5205550101,\n5205550101,\n"  # new, and again
        "5.20556E+09,\n"
        "555-0117,dana@example.com\n"  # half of it
        "\n"
        ",-\n"
        '"5205550102\n'
    )
    job = await run(content)
    assert counts(job) == (7, 2, 2, 4)
    assert await on_dnc() == [phone, NUMBERS[1], "dana@example.com"]
    told = files.refusals(job)
    assert [row.line for row in told] == [5, 6, 8, 9]
    assert told[0].reason.startswith("“5.20556E+09” was cut short by a spreadsheet.")
    assert "Give all ten digits." in told[1].reason
    assert told[2].reason == NOTHING_HERE
    assert "is never closed" in told[3].reason
    assert told[1].text == "555-0117, dana@example.com"


async def test_what_waits_to_leave_to_an_address_of_the_file_is_cancelled(house: None) -> None:
    waiting = [await make.message(to_address=number, state=State.QUEUED) for number in NUMBERS[:3]]
    await run(f"Phone\n{NUMBERS[0]}\n{NUMBERS[2]}\n")
    rows = {row["id"]: row["code"] for row in await Message.select(Message.id, Message.code)}
    assert [rows[message.id] for message in waiting] == ["phone_dnc", "", "phone_dnc"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("%PDF-1.7", "This is a PDF"),
        ("", "This file is empty"),
        ("Name,Street\nDana,12 Main St\n", NO_COLUMN),
        ("Name\n", NO_COLUMN),
    ],
)
async def test_what_holds_no_addresses_is_refused_and_not_kept(
    house: None, data_dir: Any, content: str, sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        await uploaded(content)
    assert sentence in refused.value.message
    assert refused.value.field == "file"
    assert list((data_dir / "lists").iterdir()) == []
    assert await ListImport.count() == 0


async def test_a_file_is_only_taken_from_who_may_import_for_a_list_there_is_and_a_day_that_was(house: None) -> None:
    for more in ({"user": await make.user()}, {"kind": "friends"}, {"scrubbed_on": "2027-01-01"}):
        with pytest.raises(Refused):
            await uploaded("Phone\n5205550100\n", **more)
    assert await ListImport.count() == 0


async def test_a_file_that_is_too_large_or_meets_a_full_disk_leaves_nothing(
    house: None, data_dir: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGEST_FILE", 1_000_000)
    with pytest.raises(Refused, match="larger than 1 MB"):
        await uploaded("5205550100\n" * 100_000)

    class Full(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(Unavailable, match="The disk is full"):
        await files.upload(await make.dealership(), None, "dnc", "x.csv", Full())
    assert list((data_dir / "lists").iterdir()) == []


async def test_another_worker_goes_on_where_one_was_killed(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHUNK", 4)
    cells = [*NUMBERS, "nonsense"]
    job = await uploaded("Phone\n" + "".join(f"{cell}\n" for cell in [*cells[:3], "bad", *cells[3:]]))
    store = files._store
    stored = 0

    async def killed(*args: Any) -> None:
        nonlocal stored
        if stored == 3:
            raise OSError(errno.EIO, "The machine went down")
        await store(*args)
        stored += 1

    monkeypatch.setattr(files, "_store", killed)
    with pytest.raises(OSError, match="went down"):
        await files.run(job.id)
    halfway = await files.of(job.account, job.id)
    assert (halfway.state, *counts(halfway)) == ("running", 12, 11, 0, 1)
    assert await files.due() == [job.id]
    monkeypatch.setattr(files, "_store", store)
    assert await files.run(job.id)
    done = await files.of(job.account, job.id)
    assert (done.state, *counts(done)) == ("done", 22, 20, 0, 2)
    assert [row.line for row in files.refusals(done)] == [5, 23]
    assert (await on_dnc(), await files.due()) == (NUMBERS, [])
    assert not files.upload_path(done).exists()


async def test_of_several_workers_one_imports(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHUNK", 4)
    job = await uploaded("".join(f"{number}\n" for number in NUMBERS))
    assert sorted(await asyncio.gather(*(files.run(job.id) for _ in range(4)))) == [False] * 3 + [True]
    assert counts(await files.of(job.account, job.id)) == (20, 20, 0, 0)
    assert not await files.run(job.id)


async def test_without_a_common_lock_the_count_of_rows_keeps_two_workers_apart(
    house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on two machines whose shared folder knows no locks."""
    monkeypatch.setattr(files, "CHUNK", 4)
    monkeypatch.setattr(files.fcntl, "flock", lambda *_: None)
    job = await uploaded("Phone\nbad\n" + "".join(f"{number}\n" for number in NUMBERS))
    assert True in await asyncio.gather(*(files.run(job.id) for _ in range(3)))
    await files.run(job.id)
    done = await files.of(job.account, job.id)
    assert (done.state, *counts(done)) == ("done", 21, 20, 0, 1)
    assert await on_dnc() == NUMBERS


async def test_an_import_whose_file_is_gone_fails_with_the_next_step(house: None) -> None:
    job = await uploaded("5205550100\n")
    files.upload_path(job).unlink()
    assert await files.run(job.id)
    job = await files.of(job.account, job.id)
    assert (job.state, job.problem) == ("failed", "The uploaded file is gone. Upload it again.")


async def test_a_fault_of_ours_ends_the_import_and_says_so(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    job = await uploaded("5205550100\n")
    monkeypatch.setattr(files, "put", None)
    assert await files.run(job.id)
    job = await files.of(job.account, job.id)
    assert (job.state, job.rows) == ("failed", 0)
    assert "fault of its own" in job.problem


async def test_the_first_thousand_refusals_are_told_and_kept_a_month(
    house: None, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CHUNK", 300)
    job = await run("Phone\n5205550100\n" + "nonsense\n" * 1200)
    assert counts(job) == (1201, 1, 0, 1200)
    told = files.refusals(job)
    assert (len(told), told[0].line, told[-1].line) == (1000, 3, 1002)
    await files.tidy()
    assert files.refusals(job) == told
    clock.advance(days=31)
    await files.tidy()
    assert files.refusals(job) == []


async def test_progress_is_told_in_rows_and_lines(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHUNK", 8)
    job = await uploaded("".join(f"{number}\n" for number in NUMBERS))
    assert files.lines(job) == 20
    seen: list[int] = []
    await files.run(job.id, lambda each: seen.append(each.rows))
    assert (seen, files.lines(job)) == ([8, 16, 20], 0)


async def test_an_import_is_its_own_dealerships(house: None) -> None:
    job, other = await uploaded("5205550100\n"), await make.account()
    with pytest.raises(NotFound):
        await files.of(other.id, job.id)
    assert await files.newest(other.id) == []
    assert [each.id for each in await files.newest(job.account)] == [job.id]


# Exports


async def exported(kind: Kind) -> str:
    account = await make.dealership()
    return "".join([part async for part in paging.export(kind, account.id)])


async def test_an_export_holds_no_formula_and_can_be_imported_again(
    house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "EXPORTED", 3)
    user = await make.user(name="=cmd|' /C calc'!A0", role="manager")
    for n, number in enumerate(NUMBERS[:7]):
        await suppressions.dnc(user.account, [number], f"@reason, “{n}”", user=user)
    await suppressions.dnc(user.account, ["-dana@example.com"], "=1+1", user=user)
    await suppressions.dnc(user.account, [NUMBERS[9]], "lifted", user=user)
    await suppressions.lift_dnc(user.account, user, NUMBERS[9], "again")
    text = await exported(Kind.DNC)
    header, *rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert tuple(header) == paging.EXPORT_HEADER
    assert [row[0] for row in rows] == [*(f"'{number}" for number in NUMBERS[:7]), "'-dana@example.com"]
    assert not [cell for row in rows for cell in row if cell[:1] in "=+-@\t" and cell]
    await DoNotContact.delete(force=True)
    job = await run(text)
    assert counts(job) == (8, 8, 0, 0)
    assert await on_dnc() == sorted([*NUMBERS[:7], "-dana@example.com"])
    reasons = [row["reason"] for row in await DoNotContact.select(DoNotContact.reason).order_by(DoNotContact.address)]
    assert reasons == [*(f"@reason, “{n}”" for n in range(7)), "=1+1"]


async def test_an_empty_list_exports_its_header(house: None) -> None:
    assert (await exported(Kind.BLOCK)).splitlines() == ["\ufeff" + ",".join(paging.EXPORT_HEADER)]


# Pages


async def test_a_page_tells_who_when_and_why_and_leads_to_the_next(house: None, clock: Clock) -> None:
    user, listing = await make.user(role="manager"), await make.listing()
    for number in NUMBERS[:5]:
        clock.advance(minutes=1)
        await suppressions.dnc(user.account, [number], "Angry", "manual", listing.id, user)
    first, following = await paging.page(Kind.DNC, user.account, "US", limit=3)
    rest, end = await paging.page(Kind.DNC, user.account, "US", limit=3, before=following)
    assert [row.address for row in first + rest] == NUMBERS[4::-1]
    assert isinstance(following, Cursor)
    assert end is None
    assert (first[0].reason, first[0].added_by, first[0].listing) == ("Angry", user.name, listing.id)
    assert await paging.counts(user.account) == {Kind.DNC: 5, Kind.OPT_OUT: 0, Kind.BLOCK: 0}


async def test_an_opt_out_leads_to_where_it_was_said(house: None) -> None:
    message = await make.message(direction="in", body="STOP")
    await make.opt_out(message.from_address, message.account, message=message.id)
    [row], _ = await paging.page(Kind.OPT_OUT, message.account, "US")
    assert (row.reason, row.source, row.listing, row.added_by) == ("STOP", "seller", message.listing, "")


async def test_the_lists_are_searched_by_address_or_part_of_one(house: None) -> None:
    account = await make.dealership()
    await suppressions.dnc(account.id, [*NUMBERS[:3], "100_percent@example.com", "dana@example.com"], "")

    async def found(q: str) -> list[str]:
        rows, _ = await paging.page(Kind.DNC, account.id, "US", q)
        return sorted(row.address for row in rows)

    assert await found("(520) 555-0101") == [NUMBERS[1]]
    assert await found("555-010") == NUMBERS[:3]
    assert await found("EXAMPLE.com") == ["100_percent@example.com", "dana@example.com"]
    assert await found("0_p") == ["100_percent@example.com"]
    assert await found("%") == []
    assert await found("520 555 9999") == []


async def test_by_hand_an_address_goes_onto_each_list_and_off_it(house: None) -> None:
    manager = await make.user(role="manager")
    account = await make.dealership()
    for kind in Kind:
        entry, new = await by_hand.add(kind, account, manager, "(520) 555-0100", "Angry")
        assert (entry.address, entry.reason, entry.added_by, new) == (NUMBERS[0], "Angry", manager.name, True)
        again, new = await by_hand.add(kind, account, manager, "5205550100", "Angry")
        assert (again, new) == (entry, False)
        assert await by_hand.lift(account.id, manager, entry, "Signed form, 20 Nov")
        assert not await by_hand.lift(account.id, manager, entry, "Signed form, 20 Nov")
        lifted = await paging.entry(kind, account.id, entry.id)
        assert not await by_hand.lift(account.id, manager, lifted, "Signed form, 20 Nov")
        assert manager.name in lifted.lifted_by
        assert lifted.lifted_at is not None
        assert await paging.page(kind, account.id, "US") == ([], None)
        assert (await paging.page(kind, account.id, "US", lifted=True))[0] == [lifted]
        with pytest.raises(NotFound):
            await paging.entry(kind, (await make.account()).id, entry.id)


async def test_by_hand_wants_an_address_a_reason_and_the_right(house: None) -> None:
    manager, support = await make.user(role="manager"), await make.user(role="support")
    account = await make.dealership()
    for kind in Kind:
        for user, address, reason, field in (
            (support, NUMBERS[0], "Angry", ""),
            (manager, "nonsense", "Angry", "address"),
            (manager, NUMBERS[0], "", "reason"),
            (manager, NUMBERS[0], "x" * 501, "reason"),
        ):
            with pytest.raises(Refused) as refused:
                await by_hand.add(kind, account, user, address, reason)
            assert refused.value.field == field
    assert await paging.counts(account.id) == dict.fromkeys(Kind, 0)

"""A seller's file: everything known of one person and nothing of others, and no changed byte goes unseen."""

import errno
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from domain import file_store, same_seller, seller_files
from domain.attachments import MessageAttachment
from domain.audit import AuditEntry
from domain.errors import Refused, Unavailable
from domain.installations import Installation
from domain.listings import Listing
from domain.messages import Message
from domain.seller_files import Exported, filling, verify_file
from domain.seller_files.archive import Parts
from domain.users import User
from tests import make
from tests.known_seller import EMAIL, MOBILE, OLD, PHONE, STRANGER, Known, known


async def exported(listing: Listing, user: User | None = None) -> tuple[Exported, bytes]:
    user = user or await make.user(listing.account, "manager")
    made = await seller_files.export(await make.dealership(), listing, user)
    with made.file:
        return made, made.file.read()


def inside(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def table(files: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    return json.loads(files[f"{name}.json"])


# Whose it is


async def test_a_person_is_known_by_a_number_in_either_field_or_the_email(house: None) -> None:
    first = await make.listing(seller={"mobile": MOBILE, "phone": PHONE, "email": EMAIL})
    same = [await make.listing(seller={"mobile": "", **each}) for each in ({"phone": MOBILE}, {"email": EMAIL})]
    turned = await make.listing(seller={"mobile": PHONE, "phone": OLD})
    await make.listing(seller={"mobile": OLD})  # shares a number with the one before, none with the first
    await make.listing(await make.account(), seller={"mobile": MOBILE})
    person = await same_seller.of(first.account, first.id)
    assert person.listing == first.id
    assert set(person.listings) == {first.id, turned.id, *(each.id for each in same)}
    assert set(person.addresses) == {MOBILE, PHONE, EMAIL, OLD}
    assert person.shared == (OLD,)
    assert set(person.own) == {MOBILE, PHONE, EMAIL}


async def test_empty_fields_join_nobody(house: None) -> None:
    first, _ = [await make.listing(seller={"mobile": ""}) for _ in range(2)]
    person = await same_seller.of(first.account, first.id)
    assert (person.listings, person.addresses) == ((first.id,), ())


async def test_numbers_they_wrote_from_are_theirs_too(house: None) -> None:
    listing = await make.listing(seller={"mobile": MOBILE})
    await make.message(listing, direction="in", from_address=OLD, to_address="+14805550100")
    elsewhere = await make.message(await make.listing(), to_address=OLD)
    await make.message(await make.listing(), from_address=OLD)  # our own number would be no address of theirs
    person = await same_seller.of(listing.account, listing.id)
    assert set(person.own) == {MOBILE, OLD}
    assert elsewhere.id in await same_seller.messages(person)
    assert len(await same_seller.messages(person)) == 2


async def test_a_number_on_hundreds_of_ads_is_no_person(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(same_seller, "MOST_LISTINGS", 2)
    listings = [await make.listing(seller={"mobile": MOBILE}) for _ in range(3)]
    with pytest.raises(Refused, match="no private person"):
        await same_seller.of(listings[0].account, listings[0].id)


async def test_who_somebody_is_takes_three_queries(house: None, count_queries: Any) -> None:
    there = await known()
    with count_queries() as queries:
        await same_seller.of(there.account.id, there.listing.id)
    assert queries.count == 3


# What is in it


async def test_it_holds_all_that_is_known_of_the_seller(house: None, data_dir: Path) -> None:
    there = await known()
    made, data = await exported(there.listing, there.admin)
    files = inside(data)
    ads = table(files, "listings")
    assert [ad["id"] for ad in ads] == [str(there.listing.id), str(there.other.id)]
    assert ads[0]["seller"]["mobile"] == MOBILE
    messages = {row["id"]: row for row in table(files, "messages")}
    assert len(messages) == 6
    sent = messages[str(there.sent.id)]
    assert sent["attempts"][0]["decision"]["facts"]["to"] == MOBILE
    assert [receipt["state"] for receipt in sent["receipts"]] == ["delivered"]
    assert [file["name"] for file in sent["files"]] == ["Quillfeather.jpg", "brochure.jpg"]
    assert sent["files"][0]["link"]["id"] == str(there.link.id)
    assert ["phone_dnc"] in [row["decision"]["codes"] for row in messages.values() if row["decision"]]
    assert [row["basis"] for row in table(files, "consents")] == ["published_in_listing"]
    assert {row["address"] for row in table(files, "opt-outs")} == {MOBILE, PHONE}
    assert [row["address"] for row in table(files, "do-not-contact")] == [EMAIL]
    assert [row["reason"] for row in table(files, "blocks")] == ["walnut threats"]
    for name in ("reviews", "appointments", "appraisals", "drafts", "first-contacts", "number-facts"):
        assert len(table(files, name)) == 1, name
    assert [row["name"] for row in table(files, "dealership-reports")] == ["Dana Quillfeather"]
    actions = [row["action"] for row in table(files, "audit")]
    assert {"opt_out.added", "dnc.added", "block.added", "appointment.created", "stage.changed"} <= set(actions)
    assert {row["kind"] for row in table(files, "events")} >= {"opted_out", "appointment", "appraised"}
    assert [row["name"] for row in table(files, "people")] == ["Ada Admin"]
    assert made.size == len(data)


async def test_nothing_of_anybody_else_is_in_it(house: None, data_dir: Path) -> None:
    there = await known()
    _, data = await exported(there.listing, there.admin)
    for word in (STRANGER, "Okafor", "Not this one", "Crosstrek"):
        assert word.encode() not in data, word


async def test_attached_files_are_in_it_once_with_their_bytes(house: None, data_dir: Path) -> None:
    there = await known()
    again = await make.message(there.other, to_address=MOBILE)
    await MessageAttachment.insert(MessageAttachment(message=again.id, attachment=there.photo.id))
    files = inside((await exported(there.listing))[1])
    names = {f"files/{each.sha256}.jpg" for each in (there.photo, there.brochure)}
    assert {name for name in files if name.startswith("files/")} == names
    for name in names:
        assert hashlib.sha256(files[name]).hexdigest() in name


async def test_files_that_cannot_be_in_it_are_named(
    house: None, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = await known()
    await file_store.delete(there.brochure.sha256)
    gone = (await exported(there.listing))[1]
    assert json.loads(inside(gone)["manifest.json"])["left_out"] == [
        {"attachment": str(there.brochure.id), "name": "brochure.jpg", "why": "Its bytes are gone or damaged."}
    ]
    monkeypatch.setattr(filling, "MOST_BYTES", 1)
    full = inside((await exported(there.listing))[1])
    assert len(json.loads(full["manifest.json"])["left_out"]) == 2
    assert "There was no more room" in full["index.html"].decode()
    assert not [name for name in full if name.startswith("files/")]


async def test_people_read_it_without_a_program(house: None, data_dir: Path) -> None:
    there = await known()
    await Message.update({Message.body: "<script>alert(1)</script>"}).where(Message.id == there.answer.id)
    page = inside((await exported(there.listing, there.admin))[1])["index.html"].decode()
    assert "Dana Quillfeather" in page
    assert "Ada Admin" in page
    assert "+1 480-555-0117" in page or "+1 480 555 0117" in page
    assert "is the Outback with the walnut dash still for sale?" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "The gate said: phone_dnc" in page
    assert page.index("is the Outback with") < page.index("Quillfeather here")
    assert "<td>messages.json</td><td>6 entries</td>" in page


async def test_ten_thousand_messages_are_read_a_few_hundred_at_a_time(
    house: None, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(same_seller, "AT_ONCE", 2)
    listing = await make.listing()
    sent = [await make.message(listing, body=f"Number {n}") for n in range(5)]
    rows = table(inside((await exported(listing))[1]), "messages")
    assert [row["id"] for row in rows] == [str(message.id) for message in sent]


async def test_a_seller_of_whom_nothing_is_known_has_a_file_too(house: None, data_dir: Path) -> None:
    listing = await make.listing(seller={"first_name": "", "last_name": "", "mobile": ""})
    files = inside((await exported(listing))[1])
    assert table(files, "messages") == []
    assert "Unknown seller" in files["index.html"].decode()


async def test_nothing_stays_behind_when_the_file_store_does_not_answer(
    house: None, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = await known()
    before = {path.name for path in data_dir.iterdir()}

    async def silent(*_: Any, **__: Any) -> bytes:
        raise Unavailable("The file store does not answer. Try again in a moment.")

    monkeypatch.setattr(file_store, "get", silent)
    with pytest.raises(Unavailable):
        await exported(there.listing)
    assert {path.name for path in data_dir.iterdir()} == before
    assert not await AuditEntry.exists().where(AuditEntry.action == "seller.exported")


async def test_a_full_disk_is_told(house: None, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = await make.listing()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Parts, "seal", full)
    with pytest.raises(Unavailable, match="The disk is full"):
        await exported(listing)


@pytest.mark.parametrize(("role", "may"), [("admin", True), ("manager", True), ("support", True), ("agent", False)])
async def test_who_may_export(house: None, data_dir: Path, role: str, may: bool) -> None:
    listing = await make.listing()
    user = await make.user(listing.account, role)
    if may:
        assert (await exported(listing, user))[0].size
    else:
        with pytest.raises(Refused) as refused:
            await exported(listing, user)
        assert refused.value.code == "no_permission"


# That nobody changed it


async def small(tmp_path: Path) -> tuple[bytes, Known]:
    there = await known()
    _, data = await exported(there.listing, there.admin)
    (tmp_path / "file.zip").write_bytes(data)
    return data, there


async def test_the_manifest_says_what_each_file_is_and_who_made_it(house: None, tmp_path: Path) -> None:
    data, _ = await small(tmp_path)
    files = inside(data)
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["files"] == {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)} for name, content in files.items()
    }
    assert manifest["made_by"]["name"] == "Ada Admin"
    installation = await Installation.objects().first()
    assert installation is not None
    assert manifest["installation"] == str(installation.id)
    assert set(manifest["addresses"]) == {MOBILE, PHONE, EMAIL, OLD}
    assert list(files) == sorted(files)
    assert files["verify.py"] == Path(verify_file.__file__).read_bytes()


async def test_this_installation_knows_what_it_exported(house: None, tmp_path: Path) -> None:
    data, there = await small(tmp_path)
    checked = await seller_files.check(tmp_path / "file.zip")
    assert (checked.fault, checked.sha256) == ("", hashlib.sha256(data).hexdigest())
    assert checked.known_at is not None
    [entry] = await AuditEntry.objects().where(AuditEntry.action == "seller.exported")
    assert entry.subject == there.listing.id
    assert checked.sha256 in str(entry.detail)
    [earlier] = await seller_files.earlier(there.listing.id)
    assert (earlier.by, earlier.sha256, earlier.size) == ("Ada Admin", checked.sha256, len(data))
    await AuditEntry.delete().where(AuditEntry.action == "seller.exported")
    assert (await seller_files.check(tmp_path / "file.zip")).known_at is None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_no_changed_byte_goes_unseen(house: None, tmp_path: Path, data_dir: Path) -> None:
    """Every position of a small archive, each with another change; and every place to cut it short."""
    with Parts(data_dir) as parts:
        parts.add("a.json", b"[]\n")
        parts.add("index.html", b"<p>Hi</p>")
        sealed = parts.seal({"made_at": "2026-11-29"})
    with sealed.file:
        data = sealed.file.read()
    whole = tmp_path / "whole.zip"
    whole.write_bytes(data)
    assert verify_file.check(str(whole))[0] == sealed.sha256
    unseen = [n for n in range(len(data)) if not found(tmp_path, changed(data, n))]
    unseen += [-n for n in range(1, len(data)) if not found(tmp_path, data[:-n])]
    assert unseen == []
    assert found(tmp_path, data + b"\0")
    assert found(tmp_path, data + data)


def changed(data: bytes, position: int) -> bytes:
    """The same with another byte there."""
    return data[:position] + bytes([data[position] ^ (1 << position % 8)]) + data[position + 1 :]


def found(directory: Path, data: bytes) -> bool:
    path = directory / "changed.zip"
    path.write_bytes(data)
    try:
        verify_file.check(str(path))
    except verify_file.Changed:
        return True
    return False


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_verifier_in_the_archive_finds_what_the_house_finds(house: None, tmp_path: Path) -> None:
    """Run as its reader would: taken out of the archive, with nothing but Python. All of the beginning, the end and the
    headers, and a sample of the rest."""
    data, _ = await small(tmp_path)
    (tmp_path / "verify.py").write_bytes(inside(data)["verify.py"])
    positions = {*range(64), *range(len(data) - 128, len(data)), *range(0, len(data), len(data) // 150)}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        positions |= {info.header_offset + n for info in archive.infolist() for n in range(0, 40, 3)}
    names = {f"{position}.zip": position for position in sorted(positions)}
    for name, position in names.items():
        (tmp_path / name).write_bytes(changed(data, position))
    told = run(tmp_path, *names)
    assert told.returncode == 1
    lines = told.stdout.splitlines()
    assert len(lines) == len(names) > 400
    assert [line for line in lines if not line.startswith("CHANGED ")] == []
    for name in list(names)[::25]:
        assert (await seller_files.check(tmp_path / name)).fault
    whole = run(tmp_path, "file.zip")
    assert whole.returncode == 0
    assert f"SHA-256 {hashlib.sha256(data).hexdigest()}" in whole.stdout


def run(directory: Path, *names: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "verify.py", *names]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_an_archive_made_anew_with_care_is_not_the_one_that_was_exported(house: None, tmp_path: Path) -> None:
    """Hashes and manifest fit; what does not is the digest."""
    data, _ = await small(tmp_path)
    files = inside(data)
    about = json.loads(files.pop("manifest.json"))
    with Parts(tmp_path) as parts:
        for name, content in files.items():
            parts.add(name, content.replace(b"rude", b"kind"))
        sealed = parts.seal({name: value for name, value in about.items() if name != "files"})
    with sealed.file:
        (tmp_path / "forged.zip").write_bytes(sealed.file.read())
    checked = await seller_files.check(tmp_path / "forged.zip")
    assert (checked.fault, checked.known_at) == ("", None)
    assert checked.sha256 != hashlib.sha256(data).hexdigest()


async def test_what_is_no_archive_of_ours_is_told_in_a_sentence(house: None, tmp_path: Path) -> None:
    for content in (b"", b"PK", b"hello" * 100):
        (tmp_path / "file.zip").write_bytes(content)
        assert (await seller_files.check(tmp_path / "file.zip")).fault.endswith(".")
    with zipfile.ZipFile(tmp_path / "file.zip", "w") as archive:
        archive.writestr("manifest.json", "{}")
    assert (await seller_files.check(tmp_path / "file.zip")).fault
    with Parts(tmp_path) as parts:
        parts.add("a.json", b"[]")
        sealed = parts.seal({})
    with sealed.file:
        (tmp_path / "file.zip").write_bytes(sealed.file.read())
    checked = await seller_files.check(tmp_path / "file.zip")
    assert (checked.fault, checked.known_at) == ("", None)
    with pytest.raises(Refused, match="cannot be read"):
        await seller_files.check(tmp_path / "none.zip")

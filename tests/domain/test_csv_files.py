"""CSV files as people have them are read; what is none says what to do."""

import codecs
import contextlib
import io
import os
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import ads
from domain.csv_files import guess_mapping, odometer_unit, rows, safe, sniff, unsafe
from domain.errors import Refused

HEADER = "Year,Make,Model,Price\n"


def file(directory: Path, content: str | bytes) -> Path:
    path = directory / "ads.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def cells(path: Path) -> list[list[str]]:
    return [row.cells for row in rows(path, sniff(path))]


def lines(path: Path) -> list[int]:
    return [row.line for row in rows(path, sniff(path))]


def refusal(path: Path) -> str:
    with pytest.raises(Refused) as refused:
        list(rows(path, sniff(path)))
    assert refused.value.field == "file"
    return refused.value.message


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "cp1252"),
    ],
)
def test_accents_survive_every_encoding(tmp_path: Path, mark: bytes, encoding: str) -> None:
    path = file(tmp_path, mark + "Année,Marque,Modèle\n2019,Citroën,Méhari\n".encode(encoding))
    assert sniff(path).header == ("Année", "Marque", "Modèle")
    [row] = rows(path, sniff(path))
    assert row.cells == ["2019", "Citroën", "Méhari"]
    assert row.end_offset == path.stat().st_size


def test_one_broken_byte_does_not_spoil_the_accents_of_the_others(tmp_path: Path) -> None:
    good = "2019,Citroën,Méhari\n" * 20
    path = file(tmp_path, HEADER.encode() + good.encode() + b"2020,Bro\xffken,X\n")
    assert cells(path)[0] == ["2019", "Citroën", "Méhari"]
    assert cells(path)[-1] == ["2020", "Bro�ken", "X"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_separator_and_line_end_is_understood(tmp_path: Path, delimiter: str, end: str) -> None:
    table = [["Year", "Make", "Model", "Price"], ["2019", "Ford", "F-150", '"21900"'], ["2020", "Kia", "Rio", "9"]]
    path = file(tmp_path, end.join(delimiter.join(row) for row in table))
    assert sniff(path).delimiter == delimiter
    assert cells(path) == [["2019", "Ford", "F-150", "21900"], ["2020", "Kia", "Rio", "9"]]
    assert lines(path) == [2, 3]


def test_a_comma_in_a_price_does_not_make_the_comma_the_separator(tmp_path: Path) -> None:
    path = file(tmp_path, "Year;Make;Model;Price\n2019;Ford;F-150;21,900,000\n")
    assert sniff(path).delimiter == ";"


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    path = file(tmp_path, '\n\nYear,Make,Model,Notes\n2019,Ford,F-150,"two\nlines"\n\n,,,\n2020,Kia,Rio,one\n')
    assert sniff(path).line_of_header == 3
    assert lines(path) == [4, 8]
    assert cells(path)[0][3] == "two\nlines"


def test_a_title_and_excels_separator_line_may_stand_above_the_header(tmp_path: Path) -> None:
    path = file(tmp_path, "sep=;\nInventory of 12 November;;\n\nYear;Make;Model\n2019;Ford;F-150\n")
    assert sniff(path).header == ("Year", "Make", "Model")
    assert cells(path) == [["2019", "Ford", "F-150"]]


def test_a_quotation_mark_that_is_never_closed_costs_one_row_and_names_its_line(tmp_path: Path) -> None:
    path = file(tmp_path, HEADER + '2019,Ford,F-150,1\n2020,"Kia,Rio,2\n2021,Kia,Rio,3\n')
    found = list(rows(path, sniff(path)))
    assert [row.line for row in found] == [2, 3, 4]
    assert found[1].problem == "The quotation mark that opens on line 3 is never closed. Close it, or take it out."
    assert found[2].cells == ["2021", "Kia", "Rio", "3"]
    assert not found[0].problem
    assert not found[2].problem


def test_an_open_quotation_mark_does_not_swallow_a_large_file(tmp_path: Path) -> None:
    path = file(tmp_path, HEADER + '2020,"Kia,Rio,2\n' + "2021,Kia,Rio,3\n" * 20_000)
    found = list(rows(path, sniff(path)))
    assert len(found) == 20_001
    assert [row.line for row in found if row.problem] == [2]


def test_a_cell_that_is_too_long_is_a_problem_of_its_row_alone(tmp_path: Path) -> None:
    path = file(tmp_path, HEADER + f"2019,Ford,{'x' * 140_000},1\n2020,Kia,Rio,2\n")
    found = list(rows(path, sniff(path)))
    assert found[0].problem == "A cell is longer than 131,072 characters."
    assert found[1].cells == ["2020", "Kia", "Rio", "2"]


def test_nul_bytes_are_passed_over(tmp_path: Path) -> None:
    path = file(tmp_path, (HEADER + "2019,Fo\0rd,F-150,1\n").encode())
    assert cells(path) == [["2019", "Ford", "F-150", "1"]]


def test_spaces_before_a_quotation_mark_do_not_break_the_quotes(tmp_path: Path) -> None:
    path = file(tmp_path, HEADER + '2019, "Ford, the one", F-150, 1\n')
    assert cells(path) == [["2019", "Ford, the one", "F-150", "1"]]


def test_reading_a_large_file_takes_no_more_memory_than_a_small_one(tmp_path: Path) -> None:
    path = file(tmp_path, HEADER + "2021,Kia,Rio,3\n" * 200_000)
    shape = sniff(path)
    tracemalloc.start()
    assert sum(1 for _ in rows(path, shape)) == 200_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000  # the rows together are fifty times as large


def test_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    assert cells(file(tmp_path, HEADER)) == []


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", codecs.BOM_UTF8])
def test_an_empty_file_says_so(tmp_path: Path, content: bytes) -> None:
    assert refusal(file(tmp_path, content)).startswith("This file is empty.")


def zipped(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "This is an Excel workbook. In Excel choose File, Save As"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "This is an Excel workbook. In Excel choose File, Save As"),
        (zipped("mimetype", "content.xml"), "This is an OpenDocument file. Open it, save the sheet as CSV"),
        (zipped("cars.csv"), "This is a ZIP archive. Unpack it"),
        (b"PK\x03\x04broken", "This is a ZIP archive. Unpack it"),
        (b"%PDF-1.7\n", "This is a PDF. Ask for the same list as CSV"),
        (b"\x89PNG\r\n\x1a\n", "This is a picture. Choose a CSV file."),
        (b"\xff\xd8\xff\xe0", "This is a picture. Choose a CSV file."),
        (b"\n <!DOCTYPE HTML><html>", "This is a web page. Download the list as CSV instead."),
        (codecs.BOM_UTF8 + b"<table>", "This is a web page. Download the list as CSV instead."),
        (b"<?xml version='1.0'?>", "This is an XML file. Ask for the same list as CSV."),
        (b'[{"year": 2019}]', "This is a JSON file. Ask for the same list as CSV"),
        (bytes(range(256)) * 40, "This file holds no text."),
        (b",".join(b"c%d" % n for n in range(501)) + b"\n1,2\n", "This file has 501 columns. Keep those"),
        (b"x" * 3_000_000, "Line 1 is too long for a CSV file."),
    ],
)
def test_a_file_that_is_no_csv_says_what_to_do(tmp_path: Path, content: bytes, sentence: str) -> None:
    assert refusal(file(tmp_path, content)).startswith(sentence)


def test_a_folder_and_a_missing_file_are_told_apart(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "This is a folder. Choose a CSV file."
    assert refusal(tmp_path / "no.csv") == "There is no such file. Check its name."


def test_what_never_ends_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for endless in (tmp_path / "pipe.csv", Path("/dev/zero")):
        assert refusal(endless) == "This is no file. Choose a CSV file."


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Listing ID", "external_id"),
        ("AD_ID", "external_id"),
        ("Stock #", "external_id"),
        ("zip", "postal_code"),
        ("ZIP Code", "postal_code"),
        ("Postal Code", "postal_code"),
        ("URL", "url"),
        ("Link:", "url"),
        ("Mobile", "mobile"),
        ("Cell", "mobile"),
        ("Cell Phone", "mobile"),
        ("Phone", "phone"),
        ("Kms", "odometer"),
        ("Mileage", "odometer"),
        ("Mileage (km)", "odometer"),
        ("Asking Price", "price"),
        ("Listing price", "price"),
        ("First Name", "first_name"),
        ("Seller Name", "name"),
        ("Seller First Name", "first_name"),
        ("Body", "body_style"),
        ("Exterior Color", "color"),
        ("Colour", "color"),
        ("Photos", "pictures"),
        ("Images", "pictures"),
        ("vehicle.make", "make"),
        ("E-Mail Address", "email"),
        ("Province", "state"),
        ("Date Posted", "posted_on"),
        ("Kilométrage", "odometer"),
        ("Shoe size", ""),
        ("", ""),
    ],
)
def test_a_header_is_known_by_its_usual_names(name: str, field: str) -> None:
    assert guess_mapping([name]) == [field]


@pytest.mark.parametrize("field", ads.FIELDS)
def test_every_field_is_known_by_its_own_name_and_by_its_label(field: str) -> None:
    assert guess_mapping([field]) == [field]
    assert guess_mapping([ads.FIELDS[field].replace("Link to the ad", "Ad link").replace("’s full", "")]) == [field]


def test_of_two_columns_for_one_field_the_first_is_taken() -> None:
    assert guess_mapping(["Price", "Asking price", "Price", "Make"]) == ["price", "", "", "make"]


def test_the_unit_of_an_odometer_stands_in_its_header() -> None:
    assert [odometer_unit(name) for name in ("Kms", "Mileage (km)", "Miles", "Odometer mi", "Mileage")] == [
        "km",
        "km",
        "mi",
        "mi",
        "",
    ]


@given(st.text())
def test_a_cell_made_safe_starts_no_formula_and_reads_back(cell: str) -> None:
    assert not safe(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    if not cell.startswith("'"):
        assert unsafe(safe(cell)) == cell


@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = file(tmp_path_factory.getbasetemp(), content)
    found = []
    with contextlib.suppress(Refused):  # anything else that is raised fails the test
        found = list(rows(path, sniff(path)))
    assert [row.line for row in found] == sorted({row.line for row in found})

"""Workbooks as different programs write them."""

from __future__ import annotations

import zipfile

import numpy as np
import openpyxl
import pytest

from abr_model.errors import InputError
from abr_model.sources.sheets.xlsx_sheet import xlsx_sheets

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@pytest.fixture
def workbook(tmp_path):
    """``workbook(sheet_xml, strings_xml, namespace, target)`` → path of a workbook with that sheet."""

    def make(rows, strings="", namespace=MAIN, target="worksheets/sheet1.xml", head=""):
        path = tmp_path / "book.xlsx"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(
                "xl/workbook.xml",
                f'<workbook xmlns="{namespace}" xmlns:r="{OFFICE}"><sheets><sheet name="A" sheetId="1" r:id="rId1"/>'
                "</sheets></workbook>",
            )
            archive.writestr(
                "xl/_rels/workbook.xml.rels",
                f'<Relationships xmlns="x"><Relationship Id="rId1" Target="{target}"/></Relationships>',
            )
            archive.writestr(
                "xl/worksheets/sheet1.xml",
                f'<worksheet xmlns="{namespace}">{head}<sheetData>{rows}</sheetData></worksheet>',
            )
            if strings:
                archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{namespace}">{strings}</sst>')
        return path

    return make


def read(path, text, samples):
    sheet = next(xlsx_sheets(path))
    bad = []
    blocks = list(sheet.blocks(text, samples, lambda row, why: bad.append((row, why))))
    return sheet, blocks, bad


@pytest.mark.parametrize("namespace", [MAIN, STRICT])
@pytest.mark.parametrize("target", ["worksheets/sheet1.xml", "/xl/worksheets/sheet1.xml"])
def test_shared_rich_and_inline_text_numbers_and_booleans(workbook, namespace, target):
    strings = (
        "<si><t>Name</t></si><si><r><t>Pati</t></r><r><t>ent</t></r><rPh><t>reading</t></rPh></si>"
        "<si><t>Ay&#351;e</t></si>"
    )
    rows = (
        '<row r="3"><c r="B3" t="s"><v>0</v></c><c r="C3" t="s"><v>1</v></c>'
        '<c r="D3"><v>1</v></c><c r="E3"><v>2</v></c>'
        '<c r="F3" t="inlineStr"><is><t>note</t></is></c></row>'
        '<row r="4"><c r="B4" t="s"><v>2</v></c><c r="C4"><v>42.0</v></c><c r="D4"><v>0.25</v></c>'
        '<c r="E4"><f>A1*2</f><v>-1E-2</v></c><c r="F4" t="b"><v>1</v></c></row>'
        '<row r="5"/><row r="6"><c r="C6" t="str"><f>x</f><v>7</v></c><c r="D6" t="e"><v>#N/A</v></c>'
        '<c r="E6" t="n"><v>3</v></c></row>'
    )
    sheet, blocks, bad = read(workbook(rows, strings, namespace, target), [0, 1, 4], [2, 3])
    assert sheet.header == ["Name", "Patient", "1", "2", "note"] and bad == []
    (block,) = blocks
    assert block.rows.tolist() == [1, 3]
    assert block.text.fillna("").values.tolist() == [["Ayşe", "42", "TRUE"], ["", "7", ""]]
    np.testing.assert_allclose(block.samples, [[0.25, -0.01], [np.nan, 3]])


def test_cells_without_references_follow_one_another(workbook):
    rows = "<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>5</v></c><c><v>6</v></c></row>"
    sheet, blocks, _ = read(workbook(rows), [], [0, 1])
    assert sheet.header == ["1", "2"] and blocks[0].samples.tolist() == [[5, 6]]


def test_a_gap_in_a_row_stays_a_gap(workbook):
    rows = (
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c><c r="C1"><v>3</v></c></row>'
        '<row r="2"><c r="A2"><v>5</v></c><c r="C2"><v>7</v></c></row>'
        '<row r="3"><c r="A3"><v>8</v></c><c r="B3"/><c r="C3"><v>9</v></c></row>'
    )
    _, blocks, _ = read(workbook(rows), [], [0, 1, 2])
    np.testing.assert_array_equal(blocks[0].samples, [[5, np.nan, 7], [8, np.nan, 9]])


def test_text_among_samples_is_told_not_read(workbook):
    rows = (
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row>'
        '<row r="2"><c r="A2"><v>5</v></c><c r="B2" t="s"><v>0</v></c></row>'
    )
    _, blocks, _ = read(workbook(rows, "<si><t>12,x</t></si>"), [], [0, 1])
    assert blocks[0].broken == [(1, "2", "12,x")]


def test_cells_beyond_the_header_are_refused(workbook):
    rows = (
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row>'
        '<row r="2"><c r="A2"><v>5</v></c><c r="B2"><v>6</v></c><c r="C2"><v>7</v></c></row>'
    )
    _, blocks, bad = read(workbook(rows), [], [0, 1])
    assert blocks == [] and bad[0][0] == 1


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c r="A1" t="s"><v>9</v></c></row>',
        '<row r="1"><c r="A1"><v>x</v></c></row>',
        '<row r="one"><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c>',
    ],
)
def test_a_damaged_sheet_is_damaged(workbook, rows):
    with pytest.raises(InputError, match="damaged"):
        read(workbook(rows), [], [0])


def test_a_huge_expansion_of_entities_is_refused(workbook):
    path = workbook('<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>')
    bomb = '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    for k in range(9):
        bomb += f'<!ENTITY {chr(98 + k)} "{f"&{chr(97 + k)};" * 10}">'
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["xl/sharedStrings.xml"] = (bomb + f']><sst xmlns="{MAIN}"><si><t>&j;</t></si></sst>').encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match="damaged"):
        next(xlsx_sheets(path))


def test_head_count_and_blocks(tmp_path, monkeypatch):
    from abr_model.sources.sheets import xlsx_sheet

    monkeypatch.setattr(xlsx_sheet, "BLOCK_ROWS", 7)
    monkeypatch.setattr(xlsx_sheet, "_CHUNK_BYTES", 100)  # an element ends in another chunk than it began in
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["p", *range(1, 6)])
    values = np.random.default_rng(0).normal(size=(30, 5))
    for i, row in enumerate(values):
        sheet.append([f"p{i}", *row.tolist()])
    book.save(tmp_path / "b.xlsx")
    table, blocks, _ = read(tmp_path / "b.xlsx", [0], [1, 2, 3, 4, 5])
    assert table.head(2)[1][0] == "p1" and len(table.head(50)) == 30
    assert [len(b.rows) for b in blocks] == [7, 7, 7, 7, 2]
    np.testing.assert_allclose(np.concatenate([b.samples for b in blocks]), values, rtol=1e-6)
    assert 0.9 < table.progress <= 1

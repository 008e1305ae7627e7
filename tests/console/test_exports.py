"""Exports: calls as CSV that no spreadsheet runs, as a list to send again, as JSON."""

import csv
import io
import re

import pytest
from multipart import CONTENT_TYPE, encode
from office import Office
from visitor import Visitor

from app.calls import exporting
from app.calls.db import execute
from app.calls.listing import Wanted

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
LINES = [
    "6175550100",
    "617-555-0101,a",
    "+16175550102,b,p",
    "tel:+16175550103;ani=8009957586;postd=1234,c,q",
    '"6175550104;postd=1,,2","d, with a comma","x,y"',
    '6175550105,"says ""hi""","{""name"": ""Ann""}"',
    "6175550106,,only=parameters&two,three",
    '6175550107,=1+1,"  blanks around  "',
    "6175550108,-2,@SUM(A1)",
    "6175550109,Zoë 電話 🙂,+3",
    '6175550110,,",,"',
    "6175550111,|quote',tab\there",
]


@pytest.fixture
def visitor(office: Office) -> Visitor:
    return Visitor(office.web).sign_in()


def upload(office: Office, lines: bytes, name: str) -> int:
    fields = {"login": "demo", "pin": "1234", "campaign_name": name, "start_url": f"{office.customer.url}/start"}
    with office.web.post("/webservice/queuecalls.php", data=encode(fields, lines), content_type=CONTENT_TYPE) as answer:
        assert f'queued="{len(LINES)}"' in answer.text, answer.text
    ((campaign_id,),) = execute("SELECT id FROM campaign WHERE name = ?", name).fetchall()
    return int(campaign_id)


def calls(campaign_id: int) -> list[tuple[object, ...]]:
    rows = execute(
        """SELECT phone_number, number, message_reference, call_parameters FROM call
        WHERE campaign_id = ? ORDER BY id""",
        campaign_id,
    ).fetchall()
    return [tuple(row) for row in rows]


def exported(visitor: Visitor, path: str) -> bytes:
    with visitor.web.get(path) as answer:
        assert answer.status_code == 200
        return bytes(answer.data)


def test_a_raw_export_is_uploaded_again_to_the_same_calls(office: Office, visitor: Visitor) -> None:
    """Numbers as they were sent, references and parameters to the letter; and the next export is the same file."""
    first = upload(office, "\n".join(LINES).encode(), "first")
    assert len(calls(first)) == len(LINES)
    raw = exported(visitor, f"/campaigns/{first}/export.raw")
    second = upload(office, raw, "second")
    assert calls(second) == calls(first)
    assert exported(visitor, f"/campaigns/{second}/export.raw") == raw


def test_no_cell_of_a_csv_is_a_formula(office: Office, visitor: Visitor) -> None:
    """Each begins with something harmless; what was written follows an apostrophe."""
    campaign_id = upload(office, "\n".join(LINES).encode(), '=HYPERLINK("http://x")')
    for reference in ("\t=1", "\r=1", "\n=1", " =1", "＝1", "-1"):
        office.queue("6175550120", message_reference="x")
        execute("UPDATE call SET message_reference = ? WHERE message_reference = 'x'", reference)
    for path in (f"/campaigns/{campaign_id}/export.csv", "/calls/export.csv"):
        text = exported(visitor, path).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert len(rows) == 1 + len(LINES) + (6 if path.startswith("/calls/") else 0)
        assert [cell for row in rows for cell in row if cell.startswith((*STARTS, " =", "＝"))] == []
    found = list(
        csv.DictReader(io.StringIO(exported(visitor, f"/campaigns/{campaign_id}/export.csv").decode("utf-8-sig")))
    )
    assert [row["phone_number"] for row in found] == [f"tel:+16175550{number}" for number in range(100, 112)]
    assert [row["message_reference"] for row in found][7:10] == ["'=1+1", "'-2", "Zoë 電話 🙂"]
    assert {row["campaign_name"] for row in found} == {'\'=HYPERLINK("http://x")'}


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        pytest.param("plain", "plain", id="plain"),
        pytest.param("", "", id="empty"),
        pytest.param("a=b", "a=b", id="sign inside"),
        *(pytest.param(f"{start}1", f"'{start}1", id=repr(start)) for start in STARTS),
        pytest.param("  @x", "'  @x", id="blanks before"),
        pytest.param("－1", "'－1", id="full width"),
        pytest.param("'=1", "'=1", id="apostrophe already"),
    ],
)
def test_a_cell_is_made_safe(cell: str, written: str) -> None:
    """An apostrophe goes before what a spreadsheet would run."""
    assert exporting.safe(cell) == written


def test_a_csv_tells_what_became_of_a_call(office: Office, visitor: Visitor) -> None:
    """Times as ISO 8601 in UTC; UTF-8 with a byte order mark, for Excel; a file name."""
    call_id = office.queue("6175550100", message_reference="a")
    office.work()
    with visitor.web.get("/calls/export.csv?q=status:completed") as answer:
        assert answer.headers["Content-Disposition"] == 'attachment; filename="calls.csv"'
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.data.startswith(b"\xef\xbb\xbfcall_id,")
        (row,) = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert row == {
        "call_id": str(call_id),
        "campaign_id": "1",
        "campaign_name": "default",
        "phone_number": "tel:+16175550100",
        "message_reference": "a",
        "call_parameters": "",
        "status": "completed",
        "callee_type": "voice",
        "attempts": "1",
        "duration": "2",
        "queued_at": "2016-09-28T20:51:32Z",
        "last_attempt_at": "2016-09-28T20:51:32Z",
        "finished_at": "2016-09-28T20:51:32Z",
        "result": "acknowledged",
    }


@pytest.mark.parametrize(
    ("form", "nothing"), [("csv", rb"\xef\xbb\xbfcall_id[^\n]*\n"), ("raw", b""), ("json", rb"\[\]\n")]
)
def test_an_export_of_nothing_is_whole(visitor: Visitor, form: str, nothing: bytes) -> None:
    """A header, no line, an empty array."""
    assert re.fullmatch(nothing, exported(visitor, f"/calls/export.{form}"))


def test_an_export_comes_in_parts(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written batch by batch, each asked for when the last one is sent, and every call stands in it once."""
    upload(office, "\n".join(LINES).encode(), "first")
    monkeypatch.setattr("app.calls.listing.BATCH", 5)
    parts = exporting.as_phone_list(Wanted())
    first = next(parts)
    assert first.count("\n") == 5
    execute("UPDATE call SET message_reference = 'changed meanwhile' WHERE number = '+16175550111'")
    rest = list(parts)
    assert [part.count("\n") for part in rest] == [5, 2]
    assert "changed meanwhile" in rest[-1]


def test_a_line_break_in_a_value_becomes_a_blank(office: Office, visitor: Visitor) -> None:
    """A single call may have one; a list has a call per line."""
    call_id = office.queue("6175550100", message_reference="a")
    execute("UPDATE call SET call_parameters = ? WHERE id = ?", "one\r\ntwo", call_id)
    assert exported(visitor, "/calls/export.raw") == b"6175550100,a,one two\n"


def test_another_form_is_not_there(visitor: Visitor) -> None:
    """404."""
    visitor.page("/calls/export.xlsx", 404)
    visitor.page("/campaigns/1/export.xlsx", 404)

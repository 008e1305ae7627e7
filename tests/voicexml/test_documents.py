"""Which characters a page's bytes are: by its byte order mark, its declaration, its server, else UTF-8."""

import pytest

from app.voicexml.document import BadDocument, load

PAGE = '<vxml version="2.1"><form><block>café</block></form></vxml>'


@pytest.mark.parametrize(
    ("page", "charset"),
    [
        pytest.param(PAGE.encode(), "", id="nobody says anything"),
        pytest.param(PAGE.encode("latin-1"), "ISO-8859-1", id="the server says it"),
        pytest.param(b'<?xml version="1.0" encoding="utf-8"?>' + PAGE.encode(), "ISO-8859-1", id="the page says it"),
        pytest.param(PAGE.encode("utf-8-sig"), "ISO-8859-1", id="a mark of UTF-8"),
        pytest.param(PAGE.encode("utf-16"), "utf-8", id="a mark of UTF-16"),
        pytest.param(b"\r\n" + PAGE.encode("windows-1252"), "Windows-1252", id="an empty line before"),
    ],
)
def test_a_page_is_read_in_its_encoding(page: bytes, charset: str) -> None:
    assert load(page, charset=charset).spoken_text() == "café"


@pytest.mark.parametrize(
    ("page", "charset", "why"),
    [
        pytest.param(PAGE.encode("latin-1"), "", "must be in UTF-8", id="Latin-1 that nobody names"),
        pytest.param(PAGE.encode("utf-7"), "utf-7", "utf-7 is not read", id="an encoding that hides characters"),
        pytest.param(b" \r\n", "", "is empty", id="empty"),
        pytest.param(b'<vxml xmlns="urn:x" version="2.1"/>', "", "namespace urn:x; VoiceXML's is http", id="namespace"),
    ],
)
def test_a_page_that_cannot_be_read_says_why(page: bytes, charset: str, why: str) -> None:
    with pytest.raises(BadDocument, match=why):
        load(page, charset=charset)

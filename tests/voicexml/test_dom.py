"""XML in scripts: the read-only DOM of VoiceXML 2.1 appendix D."""

import pytest

from app.voicexml.dom import NotXml
from app.voicexml.ecmascript import Scopes, ScriptError

PAGE = b"""<?xml version="1.0"?>
<!-- prices --><quotes xmlns:x="http://x.example/" day="1"><quote symbol="F" x:at="NY">Ford<last>30.00</last> it</quote>
<quote symbol="IBM"><last>109.30</last></quote><x:note/><?go on?></quotes>"""


@pytest.fixture
def scopes() -> Scopes:
    scopes = Scopes()
    scopes.enter("document")
    scopes.set_xml("d", PAGE)
    scopes.declare("r", "d.documentElement")
    return scopes


@pytest.mark.parametrize(
    ("expr", "value"),
    [
        ("[d.nodeType, d.nodeName, d.childNodes.length, d.firstChild.nodeName]", [9, "#document", 2, "#comment"]),
        ("[r.nodeName, r.tagName, r.nodeType, r.nodeValue, r.namespaceURI]", ["quotes", "quotes", 1, None, None]),
        ("r.ownerDocument === d && r.parentNode === d && d.parentNode === null", True),
        ("r.getElementsByTagName('last').length", 2),
        ("r.getElementsByTagName('last').item(1).firstChild.data", "109.30"),
        ("r.getElementsByTagName('last')[0].firstChild.nodeValue", "30.00"),
        ("r.getElementsByTagName('last').item(7)", None),
        ("[d, r, r.getElementsByTagName('last')]", ["#document", "<quotes>", {"0": "<last>", "1": "<last>"}]),
        ("d.getElementsByTagName('*').length", 6),
        ("d.getElementsByTagNameNS('http://x.example/', 'note').item(0).prefix", "x"),
        ("r.firstChild.childNodes.length", 3),
        ("r.firstChild.lastChild.data", " it"),
        ("r.firstChild.firstChild.substringData(1, 2)", "or"),
        ("r.firstChild.firstChild.nextSibling.previousSibling.nodeName", "#text"),
        ("r.firstChild.getAttribute('symbol')", "F"),
        ("r.firstChild.getAttribute('none')", ""),
        (
            "[r.hasAttribute('day'), r.hasAttribute('none'), r.hasChildNodes(), r.hasAttributes()]",
            [True, False] + [True] * 2,
        ),
        ("r.firstChild.attributes.length", 2),
        ("r.firstChild.attributes.getNamedItem('x:at').value", "NY"),
        ("r.firstChild.getAttributeNS('http://x.example/', 'at')", "NY"),
        (
            "[r.lastChild.nodeType == r.PROCESSING_INSTRUCTION_NODE, r.lastChild.target, r.lastChild.data]",
            [True, "go", "on"],
        ),
    ],
)
def test_a_page_is_read_as_a_dom(scopes: Scopes, expr: str, value: object) -> None:
    assert scopes.evaluate(expr) == value


def test_a_page_can_not_be_changed(scopes: Scopes) -> None:
    scopes.run("r.nodeName = 'x'; r.firstChild.firstChild.data = 'x'; r.childNodes.length = 0")
    assert scopes.evaluate("[r.nodeName, r.firstChild.firstChild.data, r.childNodes.length]") == ["quotes", "Ford", 5]
    with pytest.raises(ScriptError, match="TypeError"):
        scopes.run("r.appendChild(r.firstChild)")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<a>", id="not closed"),
        pytest.param(b"hello", id="text"),
        pytest.param(b"<a>" * 5000 + b"</a>" * 5000, id="too deep"),
    ],
)
def test_what_is_no_xml_is_refused(scopes: Scopes, body: bytes) -> None:
    with pytest.raises(NotXml):
        scopes.set_xml("e", body)


def test_entities_stay_unexpanded(scopes: Scopes) -> None:
    scopes.set_xml("e", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>')
    assert scopes.evaluate("e.documentElement.firstChild.data") == "&x;"

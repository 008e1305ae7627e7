"""Applications that never end or want all there is, and what their calls have to end with, as patterns.

What a page alone can do to its parser is in tests/security, what a grammar or a script can in tests/voicexml.
"""

import gzip
from collections.abc import Callable

from customer import Reply

Pages = dict[str, Reply]


def page(*lines: str) -> Reply:
    """A page whose first line is its root element: what stands in ``lines`` begins on line 2."""
    return Reply(body="\n".join(('<vxml version="2.1">', *lines, "</vxml>")).encode())


def start(*lines: str, **others: Reply) -> Callable[[], Pages]:
    return lambda: {"start": page(*lines)} | others


def block(content: str) -> Callable[[], Pages]:
    """An application whose only form does something on line 3."""
    return start("<form><block>", content, "</block></form>")


def script(source: str) -> Callable[[], Pages]:
    return block(f"<script><![CDATA[{source}]]></script>")


def value(expr: str) -> Callable[[], Pages]:
    return block(f'<value expr="{expr}"/>')


def tag(source: str, rule: str = "yes") -> Callable[[], Pages]:
    """A grammar that runs JavaScript when somebody says yes; the field is on line 3."""
    grammar = f'<grammar root="r" tag-format="semantics/1.0"><rule id="r">{rule}<tag>{source}</tag></rule></grammar>'
    return start("<form>", f'<field name="f">{grammar}</field></form>')


BUSY = "(function () { for (var i = 0; i &lt; 3e6; i++) ; return 1 })()"
AGAIN = '<catch event="error"><goto next="#f"/></catch><form id="f"><block>'
LAUGHS = '<!DOCTYPE vxml [<!ENTITY a "ha">]>'
RAN, WANTS = "start line 3: the script ran for too long", "start line 3: the script wants too much memory"

ENDS: dict[str, tuple[str, Callable[[], Pages]]] = {
    "an endless loop": (RAN, script("while (1) ;")),
    "an endless loop that catches": (RAN, script("for (;;) try { while (1) ; } catch (e) {}")),
    "long work between two looks at the clock": (RAN, script("for (;;) 'a'.repeat(4e6).endsWith('b'.repeat(4e6))")),
    "a search through 14 MB, again and again": (RAN, script("var u = new Uint8Array(14e6); for (;;) u.lastIndexOf(1)")),
    "blanks taken off 7 MB, again and again": (RAN, script("for (var s = ' '.repeat(7e6); ; ) s.trim()")),
    "endless loops one after the other": (
        "start line 3: the application('s scripts reached their limits 3 times| took 3 seconds of processor time)",
        start(AGAIN, "<script>while (1) ;</script>", "</block></form>"),
    ),
    "a thousand slow expressions": (
        "start line 3: the application took 3 seconds of processor time",
        block(f"<var name='a' expr='new Array(1000)'/><foreach item='i' array='a'><value expr='{BUSY}'/></foreach>"),
    ),
    "a catastrophic regex": (RAN, value("/(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')")),
    "a search without end": ("so long a text", value("'a'.repeat(8e6).indexOf('a'.repeat(900) + 'b')")),
    "recursion": ("start line 3: the script calls itself too deeply", script("(function f() { f() })()")),
    "memory": (
        "start line 3: the application's variables fill the 16 MiB that scripts have",
        script("for (var a = []; ;) a.push('x'.repeat(999) + a.length)"),
    ),
    "a long text": (WANTS, value("'x'.repeat(1e9)")),
    "a typed array of 1 GiB": ("start line 3", value("new Uint8Array(1073741824)")),
    "a value that prints for ever": (RAN, value("({toString: function () { while (1) ; }})")),
    "a condition that is read for ever": (RAN, block('<if cond="({get a() { while (1) ; }}).a">x</if>')),
    "an exception that prints for ever": (RAN, script("throw {toString: function () { while (1) ; }}")),
    "an error that prints for ever": (RAN, script("Error.prototype.toString = function () { while (1) ; }; nobody()")),
    "JSON that is written for ever": (RAN, block('<exit expr="({toJSON: function () { while (1) ; }})"/>')),
    "a polluted prototype": (
        RAN,
        block("<script>Object.prototype.toJSON = function () { while (1) ; }</script><exit expr='({})'/>"),
    ),
    "a session variable that is read for ever": (
        RAN,
        block("<assign name='session.telephone.ani' expr='({get a() { while (1) ; }}).a'/>"),
    ),
    "a value that is nested 500 deep": (
        "a value is nested more than 200 deep",
        block('<exit expr="(function () { for (var a = [], i = 0; i &lt; 500; i++) a = [a]; return a })()"/>'),
    ),
    "a tag that loops": ("start line 3: grammar: a tag of the grammar failed", tag("while (1) ;")),
    "a tag with a catastrophic regex": (
        "grammar: a tag of the grammar failed",
        tag("/(a+)+$/.test('a'.repeat(40) + 'b')"),
    ),
    "a tag that throws what prints for ever": (
        "grammar: a tag of the grammar failed",
        tag("throw {toString: function () { while (1) ; }}"),
    ),
    "a goto to itself": (
        "start line 2: the application went through 1000 form items",
        start('<form id="f"><block><goto next="#f"/></block></form>'),
    ),
    "two documents that go to each other": (
        "the call has fetched 50 times already",
        start(
            '<form><block><goto next="a"/></block></form>',
            a=page('<form><block><goto next="b"/></block></form>'),
            b=page('<form><block><goto next="a"/></block></form>'),
        ),
    ),
    "a form that clears what it filled": (
        "start line 3: the application went through 1000 form items",
        start("<form>", '<block name="b"><clear namelist="b"/></block></form>'),
    ),
    "a handler that throws its own event": (
        "the application went through 1000 form items",
        start('<catch event="a"><throw event="a"/></catch>', "<form><block>", '<throw event="a"/></block></form>'),
    ),
    "a handler of errors that fails": (
        "the application went through 1000 form items",
        start("<error><value expr='nobody'/></error>", "<form><block>", '<throw event="error.x"/></block></form>'),
    ),
    "loops in loops": (
        "start line 3: the application took 20000 steps",
        block(
            "<var name='a' expr='new Array(1000)'/><foreach item='i' array='a'><foreach item='j' array='a'>"
            "<assign name='j' expr='1'/></foreach></foreach>"
        ),
    ),
    "a foreach over ten million": (
        "10000000 items; 1000 can be gone through",
        block("<var name='a' expr='new Array(1e7)'/><prompt><foreach item='i' array='a'>x</foreach></prompt>"),
    ),
    "a prompt of many megabytes": (
        "start line 3: the application's texts and values have more than 2000000 characters",
        block(
            "<var name='a' expr='new Array(1000)'/><prompt><foreach item='i' array='a'>"
            "<value expr=\"'x'.repeat(1e5)\"/></foreach></prompt>"
        ),
    ),
    "its own words a thousand times": (
        "start line 3: the application's texts and values have more than 2000000 characters",
        block(
            "<var name='a' expr='new Array(1000)'/>"
            f"<prompt><foreach item='i' array='a'>{'word ' * 40_000}</foreach></prompt>"
        ),
    ),
    "a log of many megabytes": (
        "start line 3: the application's texts and values have more than 2000000 characters",
        block(
            "<var name='a' expr='new Array(1000)'/><foreach item='i' array='a'>"
            "<log><value expr=\"'x'.repeat(1e5)\"/></log></foreach>"
        ),
    ),
    "talk without end": (
        "the conversation lasted 600 seconds",
        start("<form>", "<block><prompt>" + "word " * 2000 + "</prompt></block></form>"),
    ),
    "a pause of a day": ("the conversation lasted 600 seconds", block("<prompt>x<break time='86400s'/></prompt>")),
    "subdialogs without end": (
        "more than 20 subdialogs are inside each other",
        start('<form id="f">', '<subdialog src="#f"/></form>'),
    ),
    "subdialogs that return to be called again": (
        "the application went through 1000 form items",
        start('<form id="f"><subdialog name="s" src="#g"><filled>', '<clear namelist="s"/></filled></subdialog></form>',
              '<form id="g"><block><return/></block></form>'),
    ),
    "100,000 elements in each other": ("262144 are read", block("<p>" * 100_000 + "</p>" * 100_000)),
    "10,000 in each other": ("not well-formed", block("<p>" * 10_000 + "</p>" * 10_000)),
    "a document of 100 MB": ("more than 1048576 bytes", block("x" * 100_000_000)),
    "a document of 1 MB": ("262144 are read", block("x" * 1_000_000)),
    "entities": ("declares entities", lambda: {"start": Reply(body=(LAUGHS + "<vxml version='2.0'/>").encode())}),
    "a gzip bomb": (
        "more than 1048576 bytes",
        lambda: {"start": Reply(body=gzip.compress(bytes(50_000_000), 1), headers={"Content-Encoding": "gzip"})},
    ),
    "redirects in a circle": (
        "redirect",
        start('<form><block><goto next="around"/></block></form>', around=Reply(302, headers={"Location": "around"})),
    ),
    "XML of 10,000 elements in each other": (
        "start line 3",
        lambda: {"start": page("<form><block>", '<data name="d" src="deep"/></block></form>'),
                 "deep": Reply(body=b"<a>" * 10_000 + b"</a>" * 10_000)},
    ),
    "XML of 100,000 elements": (
        WANTS,
        lambda: {"start": page("<form><block>", '<data name="d" src="wide"/></block></form>'),
                 "wide": Reply(body=b"<a>" + b"<b/>" * 100_000 + b"</a>")},
    ),
    "grammars of 130,000 alternatives": (
        "start line 3: the application took 3 seconds of processor time",
        start(
            "<form>",
            '<field name="f">' + '<grammar src="long"/>' * 10 + "</field></form>",
            long=Reply(body=b"#JSGF V1.0; grammar g; public <r> = a" + b" | a" * 130_000 + b";"),
        ),
    ),
    "rules that begin with themselves": (
        "start line 3: grammar: ",
        start(
            "<form>",
            '<field name="f"><grammar>#ABNF 1.0; root $r; $r = $r a;</grammar></field></form>',
        ),
    ),
    "a grammar nested 1,000 deep": (
        "nested more than 64 deep",
        start("<form>", '<field name="f"><grammar>' + "(" * 1000 + "a" + ")" * 1000 + "</grammar></field></form>"),
    ),
    "recordings that are sent 50,000 times": (
        "what is sent has more than 1048576 bytes",
        block(
            "<var name='a' expr='{recording: 60}'/>"
            f"<submit next='a' method='post' enctype='multipart/form-data' namelist='{'a ' * 50_000}'/>"
        ),
    ),
    "a text that is sent 50,000 times": (
        "start line 3: the application's texts and values have more than 2000000 characters",
        block(f"<var name='a' expr=\"'x'.repeat(500)\"/><submit next='a' method='post' namelist='{'a ' * 50_000}'/>"),
    ),
    "an address of a megabyte": (
        "the address has more than 65536 characters",
        block("<var name='a' expr=\"'x'.repeat(500000)\"/><submit next='start' namelist='a'/>"),
    ),
}  # fmt: skip

BUSIEST = ("endless loops one after the other", "a thousand slow expressions", "grammars of 130,000 alternatives")
HUNGRIEST = (
    *("memory", "a prompt of many megabytes", "its own words a thousand times", "a document of 100 MB", "a gzip bomb"),
    *("XML of 100,000 elements", "grammars of 130,000 alternatives", "a text that is sent 50,000 times"),
)

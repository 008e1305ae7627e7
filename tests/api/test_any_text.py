"""Any text in any field: the answer is well-formed and has it, the database keeps it."""

import re
from xml.etree import ElementTree

from customer import Customer
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.calls.db import execute

ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # in XML 1.0
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=255)


@example("\0", "a\0b")
@example("\x01\x1f\ufffe\uffff", "\r\n\t")
@example("𝄞" * 255, "é" * 255)
@example("]]>&<!--", "\"'%s?%%\\")
@given(TEXTS, TEXTS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_echoed_and_kept(web: FlaskClient, customer: Customer, reference: str, parameters: str) -> None:
    """What XML can't have is echoed as U+FFFD; NUL, which PostgreSQL can't have, is kept as that too."""
    answer = web.post(
        "/webservice/queuecall.php",
        data={
            "login": "demo",
            "pin": "1234",
            "phone_number": "6175550100",
            "start_url": f"{customer.url}/start",
            "message_reference": reference,
            "call_parameters": parameters,
        },
    )
    root = ElementTree.fromstring(answer.data)
    assert root.get("status") == "queued"
    for name, text in (("message_reference", reference), ("call_parameters", parameters)):
        sent = text if text.strip() else ""  # blank is empty
        assert (root.findtext(name) or "") == ILLEGAL.sub("\ufffd", sent)
        (kept,) = execute(f"SELECT {name} FROM call WHERE id = ?", int(root.get("call_id") or 0)).fetchone()
        assert kept == sent.replace("\0", "\ufffd")


def test_a_login_with_nul_is_a_wrong_login(web: FlaskClient) -> None:
    """Refused as any other."""
    answer = web.post("/webservice/queuecall.php", data={"login": "demo\0", "pin": "12\x0034"})
    assert "login or pin not accepted" in answer.text

"""Which requests a browser sends for a page of another origin."""

import pytest

from app.cross_site import is_cross_site

OURS = "calls.example.com"


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        pytest.param("POST", {}, False, id="a program"),
        pytest.param("POST", {"Origin": "https://calls.example.com"}, False, id="our page"),
        pytest.param("POST", {"Origin": "HTTPS://Calls.Example.COM"}, False, id="our page, in capitals"),
        pytest.param("POST", {"Origin": "https://calls.example.com:443"}, False, id="the usual port"),
        pytest.param("POST", {"Origin": "https://example.com"}, True, id="another host"),
        pytest.param("POST", {"Origin": "https://calls.example.com.evil.example"}, True, id="it begins like ours"),
        pytest.param("POST", {"Origin": "https://evil-calls.example.com"}, True, id="one that ends like ours"),
        pytest.param("POST", {"Origin": "https://calls.example.com:8443"}, True, id="another port"),
        pytest.param("POST", {"Origin": "http://calls.example.com:443"}, True, id="the port of another scheme"),
        pytest.param("POST", {"Origin": "ftp://calls.example.com"}, True, id="another scheme"),
        pytest.param("POST", {"Origin": "null"}, True, id="a sandboxed page"),
        pytest.param("POST", {"Origin": ""}, True, id="an empty origin"),
        pytest.param("DELETE", {"Origin": "https://example.com"}, True, id="another unsafe method"),
        pytest.param("POST", {"Sec-Fetch-Site": "cross-site"}, True, id="the browser says another site"),
        pytest.param("POST", {"Sec-Fetch-Site": "same-site"}, True, id="a neighbour"),
        pytest.param("POST", {"Sec-Fetch-Site": "none"}, False, id="typed by somebody"),
        pytest.param(
            "POST", {"Sec-Fetch-Site": "cross-site", "Origin": "https://calls.example.com"}, True, id="both, it decides"
        ),
        pytest.param(
            "POST",
            {"Sec-Fetch-Site": "same-origin", "Origin": "https://calls.example.com:8443"},
            False,
            id="our page behind a proxy that changes the host",
        ),
        pytest.param("GET", {"Sec-Fetch-Site": "cross-site"}, False, id="a link"),
        pytest.param("HEAD", {"Sec-Fetch-Site": "cross-site"}, False, id="a look ahead"),
        pytest.param("GET", {"Sec-Fetch-Site": "cross-site", "Origin": "https://example.com"}, True, id="a script"),
    ],
)
def test_who_sends_it(method: str, headers: dict[str, str], expected: bool) -> None:
    """The browser's own word decides, else the origin; a link may be followed."""
    assert is_cross_site(method, {"Host": OURS} | headers) == expected


def test_a_host_with_its_port() -> None:
    """Proxies may send it with the usual one."""
    assert not is_cross_site("POST", {"Host": f"{OURS}:443", "Origin": f"https://{OURS}"})
    assert is_cross_site("POST", {"Origin": "https://"})

"""How a URL is read, and which are not."""

import pytest
from faults import Serve

from app.outside.answers import NotFetched, Reason
from app.outside.fetch import Outside
from app.outside.urls import follow, parse

READ = [
    ("http://www.example.com", "www.example.com", 80, "/", "http://www.example.com/"),
    ("HTTP://WWW.Example.COM/Start.PHP", "www.example.com", 80, "/Start.PHP", "http://www.example.com/Start.PHP"),
    ("https://example.com/?a=b&c", "example.com", 443, "/?a=b&c", "https://example.com/?a=b&c"),
    ("https://example.com?a=b", "example.com", 443, "/?a=b", "https://example.com/?a=b"),
    ("http://example.com:8080/x#part", "example.com", 8080, "/x", "http://example.com:8080/x"),
    ("http://example.com:80/x", "example.com", 80, "/x", "http://example.com/x"),
    ("http://example.com./x", "example.com.", 80, "/x", "http://example.com./x"),
    ("http://my_host/x", "my_host", 80, "/x", "http://my_host/x"),
    ("http://bücher.example/ä?q=ö", "xn--bcher-kva.example", 80, "/%C3%A4?q=%C3%B6", None),
    ("http://BÜCHER.example/", "xn--bcher-kva.example", 80, "/", "http://xn--bcher-kva.example/"),
    ("http://example.com/a%20b%0A|{}", "example.com", 80, "/a%20b%0A%7C%7B%7D", None),
    ("http://127.0.0.1:81/", "127.0.0.1", 81, "/", "http://127.0.0.1:81/"),
    ("http://[::1]:81/x", "::1", 81, "/x", "http://[::1]:81/x"),
    ("http://[0:0::FFFF:7f00:1]/", "::ffff:7f00:1", 80, "/", "http://[::ffff:7f00:1]/"),
    ("http://example.com/a/../b", "example.com", 80, "/a/../b", "http://example.com/a/../b"),
    ("http://example.com//evil.example/", "example.com", 80, "//evil.example/", "http://example.com//evil.example/"),
    ("http://example.com/@evil.example", "example.com", 80, "/@evil.example", "http://example.com/@evil.example"),
    ("http://example.com?@evil.example/", "example.com", 80, "/?@evil.example/", "http://example.com/?@evil.example/"),
]

ODD = [
    "",
    "/start.php",
    "www.example.com/start.php",
    "//127.0.0.1/",
    "http:/127.0.0.1/",
    "http:127.0.0.1",
    "http://",
    "http:///start.php",
    "file:///etc/passwd",
    "data:text/xml,<vxml/>",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1:6379/_INFO",
    "javascript:alert(1)",
    "http://user@127.0.0.1/",
    "http://user:pin@127.0.0.1/",
    "http://example.com@127.0.0.1/",
    "http://@127.0.0.1/",
    "http://127.0.0.1\\@example.com/",
    "http://example.com\\.127.0.0.1/",
    "http:\\\\127.0.0.1\\",
    "http://127.0.0.1/\r\nHost: evil.example",
    "http://127.0.0.1/a\nb",
    "http://127.0.0.1/a\tb",
    "http://127.0.0.1 .example.com/",
    "http://127.0.0.1/a b",
    " http://127.0.0.1/",
    "http://127.0.0.1/\x00",
    "http://127.0.0.1%00.example.com/",
    "http://127.0.0.1/%00",
    "http://%31%32%37.0.0.1/",
    "http://127.0.0.1:0/",
    "http://127.0.0.1:/",
    "http://127.0.0.1:65536/",
    "http://127.0.0.1:-80/",
    "http://127.0.0.1:80:80/",
    "http://127.0.0.1:８０/",
    "http://127.0.0.1:http/",
    "http://127.0.0.1./",
    "http://127。0。0。1/",
    "http://127．0．0．1/",
    "http://１２７.0.0.1/",
    "http://①②⑦.0.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://0/",
    "http://127.0.0.256/",
    "http://example.0x1/",
    "http://[127.0.0.1]/",
    "http://[::1%25lo]/",
    "http://[::1%lo]/",
    "http://[v1.a]/",
    "http://[::1/",
    "http://::1/",
    "http://a..b/",
    "http://.a/",
    "http://" + "a" * 64 + "/",
    "http://" + "a." * 130 + "example/",
    "http://ⓛocalhost/",
    "http://loc\u00adalhost/",
    "http://localhost\u200b/",
    "http://exa\u0000mple/",
    "http://\ud800/",
    "http://xn--\u00fc/",
]


@pytest.mark.parametrize(("url", "host", "port", "path", "whole"), READ)
def test_a_url_is_read_into_the_pieces_connected_to(
    url: str, host: str, port: int, path: str, whole: str | None
) -> None:
    target = parse(url)
    assert (target.host, target.port, target.path) == (host, port, path)
    assert whole is None or target.url == whole
    assert parse(target.url) == target


@pytest.mark.parametrize("url", ODD, ids=ascii)
def test_an_odd_url_is_refused(url: str) -> None:
    with pytest.raises(NotFetched) as refused:
        parse(url)
    assert refused.value.reason is Reason.URL


@pytest.mark.parametrize("url", ODD, ids=ascii)
def test_nothing_goes_out_for_an_odd_url(url: str, outside: Outside, serve: Serve) -> None:
    server = serve()
    url = url.replace("127.0.0.1/", f"127.0.0.1:{server.port}/")
    with pytest.raises(NotFetched):
        outside.get(url)
    with pytest.raises(NotFetched):
        outside.post(url, b"", "text/plain")
    assert server.connections == 0


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/new?x", "http://example.com:81/new?x"),
        ("new", "http://example.com:81/a/new"),
        ("../new", "http://example.com:81/new"),
        ("?x", "http://example.com:81/a/b?x"),
        ("//other.example/", "http://other.example/"),
        ("HTTPS://other.example", "https://other.example/"),
        ("/\u00c3\u00a4", "http://example.com:81/%C3%A4"),
        ("/\u00e4", "http://example.com:81/%C3%A4"),
    ],
)
def test_a_redirect_is_relative_to_where_it_came_from(location: str, url: str) -> None:
    assert follow(parse("http://example.com:81/a/b?c"), location).url == url


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "http://user@example.com/", "/a b", "/\\x", "http://[::1", "\t/x"]
)
def test_a_redirect_to_an_odd_url_is_refused(location: str) -> None:
    with pytest.raises(NotFetched):
        follow(parse("http://example.com/"), location)

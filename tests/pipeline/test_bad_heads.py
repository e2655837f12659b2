"""Heads that two parsers might read differently, and worse: cases A18 to A22, B35, B36."""

from __future__ import annotations

import time

import pytest

from headgate.testing.gateway import KEY, Gateway
from headgate.testing.upstream_scenarios import whole

from .conftest import House
from .wire import CHAT, Wire, chat_body, head, post, refused, send

BODY = chat_body("first/any")
LENGTH = f"Content-Length: {len(BODY)}"
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)


def in_chunks(size: bytes, *extra: str) -> bytes:
    """A chunked body with a chunk size of the caller's own spelling."""
    te = "Transfer-Encoding: chunked"
    return head(te, *extra) + size + b"\r\n" + BODY + b"\r\n0\r\n\r\n"


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(head(LENGTH, "Transfer-Encoding: chunked") + CHUNKED, id="CL and TE"),
        pytest.param(head("Transfer-Encoding: chunked", LENGTH) + CHUNKED, id="TE and CL"),
        pytest.param(head(LENGTH, "Content-Length: 5") + BODY, id="two CL"),
        pytest.param(head(f"Content-Length: {len(BODY)}, 5") + BODY, id="a list of CL"),
        pytest.param(head(f"Content-Length: +{len(BODY)}") + BODY, id="CL with a sign"),
        pytest.param(head(f"Content-Length: -{len(BODY)}") + BODY, id="negative CL"),
        pytest.param(head(f"Content-Length: 0x{len(BODY):x}") + BODY, id="CL in hex"),
        pytest.param(head(f"Content-Length: {len(BODY)}_0") + BODY, id="CL with underscore"),
        pytest.param(head("Transfer-Encoding: xchunked") + CHUNKED, id="TE xchunked"),
        pytest.param(head("Transfer-Encoding: chunked, identity") + CHUNKED, id="TE list"),
        pytest.param(
            head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + CHUNKED,
            id="two TE",
        ),
        pytest.param(in_chunks(b"0x%x" % len(BODY)), id="chunk size 0x"),
        pytest.param(in_chunks(b"+%x" % len(BODY)), id="chunk size with a sign"),
        pytest.param(in_chunks(b"%x_" % len(BODY)), id="chunk size with underscore"),
        pytest.param(in_chunks(b"f" * 20), id="endless chunk size"),
        pytest.param(in_chunks(b"%x" % (len(BODY) - 4)), id="chunk size too small"),
        pytest.param(
            head(LENGTH).replace(b"Host: gateway\r\n", b"Host: gateway\n") + BODY, id="bare LF"
        ),
        pytest.param(head(LENGTH, "X-Fold: a\r\n b") + BODY, id="obs-fold"),
        pytest.param(head("Content-Length : 5") + BODY, id="space before the colon"),
        pytest.param(head(LENGTH, "X-Nul: a\x00b") + BODY, id="NUL"),
        pytest.param(head(LENGTH, "X-Cr: a\rb") + BODY, id="bare CR"),
        pytest.param(head(LENGTH, "no colon at all") + BODY, id="no colon"),
        pytest.param(head(LENGTH, ": nameless") + BODY, id="no name"),
        pytest.param(b"\x00\x01\x02\x03\r\n\r\n", id="noise"),
        pytest.param(b"GET\r\n\r\n", id="a word"),
        pytest.param(b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", id="version from the future"),
    ],
)
def test_a18_ambiguous_framing_is_a_400_and_the_connection_is_closed(
    gateway: Gateway, data: bytes
) -> None:
    with Wire(gateway) as wire:
        wire.send(data)
        answer = wire.answer()
        refused(answer, 400, 413)
        assert answer.headers["connection"] == "close"
        assert len(answer.body) < 500
        assert wire.closed_within(4) is not None


@pytest.mark.usefixtures("untouched")
def test_a18_bytes_after_a_refused_request_are_never_a_request(gateway: Gateway) -> None:
    smuggled = head(LENGTH, "Transfer-Encoding: xchunked") + b"0\r\n\r\n" + post(BODY)
    with Wire(gateway) as wire:
        wire.send(smuggled)
        assert wire.answer().status == 400
        assert wire.read() == b""


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((), id="missing"),
        pytest.param(("Host: a", "Host: b"), id="two"),
        pytest.param(("Host: a", "Host: a"), id="twice"),
        pytest.param(("Host:",), id="empty"),
        pytest.param(("Host: a:99999",), id="port too large"),
        pytest.param(("Host: a:port",), id="port not a number"),
        pytest.param(("Host: \xff",), id="not ASCII"),
        pytest.param(("Host: a/v1/x?",), id="a path"),
        pytest.param(("Host: evil@a",), id="user info"),
        pytest.param(("Host: a b",), id="a space"),
        pytest.param(("Host: a, b",), id="a list"),
        pytest.param((f"Host: {'a' * 300}",), id="too long"),
        pytest.param(("Host: [::1",), id="half an address"),
    ],
)
def test_a19_an_implausible_host_is_a_400(gateway: Gateway, lines: tuple[str, ...]) -> None:
    refused(send(gateway, post(BODY, *lines, host=None)), 400)


@pytest.mark.parametrize("host", ["a", "a.b-c:8080", "127.0.0.1:1", "[::1]:8080", "x_y"])
def test_a19_a_plausible_host_is_served(gateway: Gateway, host: str) -> None:
    assert send(gateway, head(method="GET", path="/livez", host=host)).status == 200


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "path",
    [
        "/v1/../metrics",
        "/v1/./models",
        "/v1/%2e%2e/metrics",
        "/v1/%2E%2E/metrics",
        "/v1/..%2fmetrics",
        "/v1/models/..%2f..%2fmetrics",
        "/v1/models/..",
        "//v1/models",
        "//metrics",
        "/v1//models",
        "/v1/models;x=1",
        "/v1/models%00",
        "/v1/models/%00",
        "/v1\\models",
        "/v1/models%5c..",
        "/v1/models/%ff",
        "/V1/models",
        "/v1/models/" + "x" * 3000,
        "http://evil/v1/models",
        "https://evil/metrics",
        "evil:80",
        "*",
        "v1/models",
        "?x",
    ],
)
def test_a20_path_games_end_with_a_400_or_a_404(gateway: Gateway, path: str) -> None:
    # Without a key: whatever the path is taken for, nothing may be served.
    answer = send(gateway, head(method="GET", path=path, key=None))
    refused(answer, 400, 404)
    assert len(answer.body) < 1000


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("path", [CHAT + "/", CHAT + "/..", "/v1/chat/../chat/completions"])
def test_a20_a_call_has_one_spelling(gateway: Gateway, path: str) -> None:
    refused(send(gateway, post(BODY, path=path)), 400, 404)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "BREW"])
def test_a20_a_call_has_one_method(gateway: Gateway, method: str) -> None:
    with Wire(gateway) as wire:
        wire.send(head(method=method))
        line = wire.read_until(b"\r\n")
        assert b" 405 " in line or b" 400 " in line


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("lines", "status"),
    [
        pytest.param((f"X_Api_Key: {KEY}",), 401, id="underscore is another header"),
        pytest.param((f"Proxy-Authorization: Bearer {KEY}",), 401, id="for a proxy"),
        pytest.param((f"Cookie: key={KEY}",), 401, id="a cookie"),
        pytest.param((f"Authorization: Bearer {KEY}", "X-Api-Key: other"), 400, id="two carriers"),
        pytest.param((f"X-Api-Key: {KEY}", "api-key: other"), 400, id="two bare ones"),
        pytest.param(
            (f"Authorization: Bearer {KEY}", "Authorization: Bearer other"), 400, id="twice"
        ),
        pytest.param(("Authorization: Bearer other", f"X-Api-Key: {KEY}"), 400, id="wrong first"),
        pytest.param(("Authorization: Bearer",), 401, id="empty"),
        pytest.param(("Authorization: Bearer " + "x" * 4000,), 401, id="long"),
        pytest.param(("Authorization: Bearer \xff\xfe",), 401, id="not ASCII"),
        pytest.param((f"Authorization: Bearer {KEY[:-1]}",), 401, id="one letter short"),
        pytest.param((f"Authorization: Bearer {KEY.upper()}",), 401, id="other case"),
    ],
)
def test_a21_one_right_credential_or_none(
    gateway: Gateway, lines: tuple[str, ...], status: int
) -> None:
    answer = send(gateway, post(BODY, *lines, key=None))
    refused(answer, status)
    assert KEY not in answer.body.decode()


@pytest.mark.parametrize(
    "lines",
    [
        (f"Authorization: Bearer {KEY}",),
        (f"authorization: bearer   {KEY} ",),
        (f"X-Api-Key: {KEY}",),
        (f"api-key: {KEY}",),
        (f"Authorization: Bearer {KEY}", f"X-Api-Key: {KEY}"),
    ],
)
def test_a21_every_carrier_of_a_key_is_taken_and_the_vendor_never_sees_it(
    house: House, lines: tuple[str, ...]
) -> None:
    house.first.script("carrier", whole())
    assert send(house.gateway, post(chat_body("first/carrier"), *lines, key=None)).status == 200
    visit = house.first.of("carrier")[-1]
    assert KEY not in " ".join(visit.headers.values())
    assert KEY.encode() not in visit.raw


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(tuple(f"X-{n}: 1" for n in range(200)), id="200 headers"),
        pytest.param(("X-Long: " + "x" * 9000,), id="a header of 9 KiB"),
        pytest.param(("X" * 9000 + ": 1",), id="a name of 9 KiB"),
        pytest.param(("Cookie: " + "c" * 65536,), id="a cookie of 64 KiB"),
    ],
)
def test_a22_too_much_head_is_a_400_or_431(gateway: Gateway, lines: tuple[str, ...]) -> None:
    refused(send(gateway, post(BODY, *lines)), 400, 431)


@pytest.mark.usefixtures("untouched")
def test_a22_a_target_of_9_kib_is_a_400_or_431(gateway: Gateway) -> None:
    refused(send(gateway, head(method="GET", path="/" + "x" * 9000)), 400, 404, 431)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(post(BODY, "Connection: Upgrade", "Upgrade: websocket"), id="websocket"),
        pytest.param(
            post(
                BODY, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAM"
            ),
            id="h2c",
        ),
        pytest.param(
            head("Connection: Upgrade", "Upgrade: tcp", method="GET", path="/livez"), id="GET"
        ),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="PRI"),
        pytest.param(head(method="CONNECT", path="evil:443"), id="CONNECT"),
    ],
)
def test_b35_no_upgrade_is_ever_made(gateway: Gateway, data: bytes) -> None:
    refused(send(gateway, data), 400, 426)


@pytest.mark.usefixtures("untouched")
def test_b35_the_body_of_a_refused_upgrade_is_never_a_request(gateway: Gateway) -> None:
    inner = post(BODY)
    outer = head(
        f"Content-Length: {len(inner)}", "Connection: Upgrade", "Upgrade: websocket", path="/x"
    )
    with Wire(gateway) as wire:
        wire.send(outer + inner)
        assert wire.answer().status == 400
        wire.half_close()
        assert b"HTTP/1.1" not in wire.read()


@pytest.mark.usefixtures("untouched")
def test_b36_tls_on_the_plain_port_is_a_400_at_once(gateway: Gateway) -> None:
    hello = bytes.fromhex("16030100c8010000c40303") + bytes(range(200))
    began = time.monotonic()
    with Wire(gateway) as wire:
        wire.send(hello)
        refused(wire.answer(), 400)
        assert wire.closed_within(4) is not None
    assert time.monotonic() - began < 4

"""Bodies that no vendor should have to see: cases A1 to A17."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest

from headgate.testing.gateway import Gateway
from headgate.testing.upstream_scenarios import whole

from .conftest import House
from .wire import MESSAGES, Wire, chat, chat_body, head, post, refused, send

GOOD = chat_body("first/any")


def with_text(text: str) -> bytes:
    """A good body whose message holds `text`, which is already JSON."""
    return GOOD.replace(b'"Hello"', text.encode("utf-8", "surrogatepass"))


def with_field(text: str) -> bytes:
    """A good body with one more field, which is already JSON."""
    return GOOD[:-1] + b", " + text.encode() + b"}"


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="A1 empty"),
        pytest.param(GOOD[:-3], id="A2 truncated"),
        pytest.param(GOOD + b"}", id="A2 trailing bracket"),
        pytest.param(GOOD + GOOD, id="A2 two objects"),
        pytest.param(GOOD.replace(b"Hello", b"\xff\xfe"), id="A3 invalid UTF-8"),
        pytest.param(GOOD.decode().encode("utf-16"), id="A3 UTF-16"),
        pytest.param(b"\xef\xbb\xbf" + GOOD, id="A3 BOM"),
        pytest.param(with_text('"\\ud800"'), id="A4 lone surrogate, escaped"),
        pytest.param(with_text('"\ud800"'), id="A4 lone surrogate, raw"),
        pytest.param(with_field('"x": NaN'), id="A5 NaN"),
        pytest.param(with_field('"x": Infinity'), id="A5 Infinity"),
        pytest.param(with_field('"x": 1e400'), id="A5 1e400"),
        pytest.param(with_field('"x": -1e400'), id="A5 -1e400"),
        pytest.param(with_field(f'"x": {"9" * 5000}'), id="A6 5000 digits"),
        pytest.param(with_field(f'"x": {2**64}'), id="A6 2**64"),
        pytest.param(with_field(f'"x": -{2**64}'), id="A6 -2**64"),
        pytest.param(with_field(f'"x": -{2**63 + 1}'), id="A6 below 64 bits"),
        pytest.param(with_field(f'"x": {"[" * 200}{"]" * 200}'), id="A9 nested 200"),
        pytest.param(with_field(f'"x": {"[" * 1000}{"]" * 1000}'), id="A9 nested 1000"),
        pytest.param(with_field('"x": ' + '{"a":' * 500 + "1" + "}" * 500), id="A9 objects"),
        pytest.param(with_field(f'"x": {"[" * 100_000}{"]" * 100_000}'), id="A9 nested 100000"),
        pytest.param(b"[" + GOOD + b"]", id="A11 an array"),
        pytest.param(b'"text"', id="A11 a string"),
        pytest.param(b"null", id="A11 null"),
    ],
)
def test_a_body_that_is_not_strict_json_is_a_400(gateway: Gateway, body: bytes) -> None:
    refused(send(gateway, post(body)), 400)


@pytest.mark.usefixtures("untouched")
def test_a2_the_error_says_where_and_does_not_echo_the_content(gateway: Gateway) -> None:
    answer = send(gateway, post(b'{"model": "first/any", "messages": canary-content}'))
    refused(answer, 400)
    assert "byte 35" in answer.error["message"]
    assert b"canary" not in answer.body


def test_a7_of_duplicate_keys_the_vendor_sees_only_the_one_that_was_checked(house: House) -> None:
    house.first.script("dear", whole())
    body = b'{"model": "first/cheap", "messages": [], ' + chat_body("first/dear")[1:]
    assert send(house.gateway, post(body)).status == 200
    (visit,) = house.first.of("dear")
    assert visit.raw.count(b'"model"') == 1
    assert visit.raw.count(b'"messages"') == 1
    assert not house.first.of("cheap")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("name", ["Model", "MODEL", " model", "model\\u0000"])
def test_a8_a_key_in_other_letters_is_another_key(gateway: Gateway, name: str) -> None:
    body = GOOD.replace(b'"model"', f'"{name}"'.encode())
    refused(send(gateway, post(body)), 400, param="model")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(with_field(f'"x": [{"0," * 1_000_000}0]'), id="A10 array of a million"),
        pytest.param(
            with_field('"x": {' + ",".join(f'"{n:x}":0' for n in range(1_000_000)) + "}"),
            id="A10 a million keys",
        ),
    ],
)
def test_a10_a_body_of_too_many_values_is_refused(gateway: Gateway, body: bytes) -> None:
    refused(send(gateway, post(body)), 400, 413)


@pytest.mark.usefixtures("untouched")
def test_a10_too_many_messages_are_refused_by_name(gateway: Gateway) -> None:
    body = json.dumps({"model": "first/any", "messages": [{}] * 100_001}).encode()
    refused(send(gateway, post(body)), 400, param="messages")


@pytest.mark.usefixtures("untouched")
def test_a10_a_large_body_does_not_hold_up_the_others(gateway: Gateway) -> None:
    body = json.dumps({"model": "first/any", "messages": [{}] * 100_001}).encode()
    with Wire(gateway) as large, Wire(gateway) as small:
        large.send(post(body))
        began = time.monotonic()
        small.send(head(method="GET", path="/livez"))
        assert small.answer().status == 200
        assert time.monotonic() - began < 0.5
        assert large.answer().status == 400


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"stream": "yes"}, "stream"),
        ({"stream": 1}, "stream"),
        ({"messages": {}}, "messages"),
        ({"messages": "Hello"}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": ["Hello"]}, "messages[0]"),
        ({"messages": [{"content": "Hello"}]}, "messages[0].role"),
        ({"messages": [{"role": 1, "content": "Hello"}]}, "messages[0].role"),
        ({"messages": [*MESSAGES, {"role": "user", "content": 7}]}, "messages[1].content"),
        ({"messages": [{"role": "user", "content": [7]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content[0]"),
        ({"n": -1}, "n"),
        ({"n": 0}, "n"),
        ({"n": 1.5}, "n"),
        ({"n": True}, "n"),
        ({"max_tokens": 1e9}, "max_tokens"),
        ({"max_tokens": 10**9}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": "many"}, "max_completion_tokens"),
        ({"temperature": 3}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"tools": {}}, "tools"),
        ({"tools": ["x"]}, "tools[0]"),
        ({"response_format": "json"}, "response_format"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"stream": True, "stream_options": []}, "stream_options"),
        ({"seed": 2**63}, "seed"),
        ({"user": 7}, "user"),
        ({"metadata": "x"}, "metadata"),
        ({"model": 7}, "model"),
        ({"model": ["first/any"]}, "model"),
        ({"model": None}, "model"),
    ],
)
def test_a11_a_wrong_type_or_value_is_a_400_that_names_the_parameter(
    gateway: Gateway, fields: dict[str, object], param: str
) -> None:
    body = json.dumps({"model": "first/any", "messages": MESSAGES, **fields}).encode()
    refused(send(gateway, post(body)), 400, param=param)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "body",
    [{"input": "x", "stream": True}, {"input": {}}, {"input": [True]}, {}],
    ids=["streamed", "an object", "booleans", "nothing"],
)
def test_a11_embeddings_are_checked_too(gateway: Gateway, body: dict[str, object]) -> None:
    raw = json.dumps({"model": "first/any", **body}).encode()
    answer = send(gateway, post(raw, path="/v1/embeddings"))
    assert answer.status == 400
    assert answer.error["param"].partition("[")[0] in ("input", "stream")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "model",
    [
        pytest.param("m" * 1_000_000, id="a megabyte"),
        pytest.param("first/" + "m" * 1_000, id="a long one of a real provider"),
        pytest.param("first/\u0000\u001b[31m", id="control bytes"),
        pytest.param("first/../admin", id="dot segments"),
        pytest.param("../../etc/passwd", id="a path"),
        pytest.param("gpt\nX-Injected: yes", id="a newline"),
        pytest.param("\u202egpt", id="a direction override"),
        pytest.param("🙂", id="emoji"),
        pytest.param("x'; DROP TABLE receipts; --", id="SQL"),
        pytest.param("", id="empty"),
    ],
)
def test_a12_an_absurd_model_is_a_404_and_no_metric_label(gateway: Gateway, model: str) -> None:
    answer = chat(gateway, model)
    refused(answer, 404, param="model")
    assert answer.error["code"] == "model_not_found"
    assert len(answer.body) < 2_000
    assert all(line.isprintable() for line in gateway.output.splitlines())
    metrics = send(gateway, head(method="GET", path="/metrics")).body.decode()
    assert not any(word in metrics for word in ("DROP", "🙂", "mmmm", "passwd", "Injected"))


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(head("Content-Length: 2097153"), id="announced"),
        pytest.param(head("Content-Length: 99999999999999"), id="announced, enormous"),
        pytest.param(
            head("Content-Length: 2097153", "Expect: 100-continue"), id="asked for beforehand"
        ),
        pytest.param(
            head("Transfer-Encoding: chunked") + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 34,
            id="in chunks",
        ),
    ],
)
def test_a13_a_body_over_the_limit_is_a_413_and_the_connection_is_closed(
    gateway: Gateway, data: bytes
) -> None:
    answer = send(gateway, data)
    refused(answer, 413)
    assert answer.headers["connection"] == "close"


@pytest.mark.usefixtures("untouched")
def test_a13_the_limit_holds_for_a_chunked_body_that_comes_in_one_piece(tmp_path: Path) -> None:
    # A limit below the size of one read from the socket.
    config = "server: {max_body: 1KiB, drain_delay: 20ms}\nproviders: {echo: {}}"
    with Gateway(config, folder=tmp_path) as gateway:
        body = chat_body("echo/echo", user="u" * 2_000)
        chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        refused(send(gateway, head("Transfer-Encoding: chunked") + chunk), 413)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        pytest.param("gzip", gzip.compress(b" " * 50_000_000, 1), id="A14 gzip bomb"),
        pytest.param("gzip", gzip.compress(GOOD), id="A14 honest gzip"),
        pytest.param("gzip", b"not gzip at all", id="A15 bad gzip"),
        pytest.param("gzip, gzip", gzip.compress(gzip.compress(GOOD)), id="A16 double"),
        pytest.param("zstd", GOOD, id="A16 zstd"),
        pytest.param("br", GOOD, id="A16 br"),
        pytest.param("deflate", GOOD, id="A16 deflate"),
        pytest.param("wow", GOOD, id="A16 unknown"),
    ],
)
def test_a_compressed_body_is_a_415(gateway: Gateway, encoding: str, body: bytes) -> None:
    refused(send(gateway, post(body, f"Content-Encoding: {encoding}")), 415)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param(
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n' * 20_000 + b"--b--",
            id="many parts",
        ),
        pytest.param("multipart/form-data", b"--\r\n\r\n", id="no boundary"),
        pytest.param(
            "Multipart/Form-Data; boundary=b", b"--b\r\nX: " + b"y" * 500_000, id="endless"
        ),
    ],
)
def test_a17_multipart_is_a_415(gateway: Gateway, content_type: str, body: bytes) -> None:
    data = head(f"Content-Type: {content_type}", f"Content-Length: {len(body)}") + body
    refused(send(gateway, data), 415)

"""Log lines: one JSON object a line, no secrets, and never a reason for a call to fail."""

from __future__ import annotations

import io
import logging
import string

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.telemetry.log import JsonHandler, LineLog, redact, timestamp

LETTERS = (string.ascii_letters + string.digits) * 2


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("hg-" + LETTERS[:43], id="headgate"),
        pytest.param("sk-" + LETTERS[:48], id="openai, old"),
        pytest.param("sk-proj-" + LETTERS[:20] + "_" + LETTERS[:20] + "-x", id="openai, project"),
        pytest.param("sk-svcacct-" + LETTERS[:40], id="openai, service account"),
        pytest.param("sk-ant-api03-" + LETTERS[:40] + "_-AA", id="anthropic"),
        pytest.param("sk-or-v1-" + "0123456789abcdef" * 4, id="openrouter"),
        pytest.param("gsk_" + LETTERS[:52], id="groq"),
        pytest.param("xai-" + LETTERS[:80], id="xai"),
        pytest.param("hf_" + LETTERS[:34], id="hugging face"),
        pytest.param("pplx-" + LETTERS[:48], id="perplexity"),
        pytest.param("fw_" + LETTERS[:22], id="fireworks"),
        pytest.param("csk-" + LETTERS[:48], id="cerebras"),
        pytest.param("AIza" + LETTERS[:35], id="google"),
        pytest.param("ya29." + LETTERS[:60], id="google, token"),
        pytest.param("AKIAIOSFODNN7EXAMPLE", id="aws"),
        pytest.param("ASIAIOSFODNN7EXAMPLE", id="aws, temporary"),
        pytest.param("Bearer " + LETTERS[:32], id="any bearer token"),
        pytest.param("bearer " + "abcdefgh.ijk/lmn+op==", id="a bearer token in small letters"),
    ],
)
@pytest.mark.parametrize("around", ["{}", "key={}, wrong", '"{}"', "({})", "x\n{}\n"])
def test_the_keys_of_vendors_are_masked(key: str, around: str) -> None:
    text = redact(around.format(key))
    assert key not in text
    assert key[-8:].rstrip("=") not in text
    assert "[redacted]" in text


@pytest.mark.parametrize(
    "text",
    [
        "The model gpt-6-luna does not exist.",
        "the provider stopped sending",
        "a risk-based approach to task-scheduling",
        "https://api.openai.com/v1/chat/completions",
        "context length is 128000 tokens",
        "request req_01J9ZK3W failed",
        "",
    ],
)
def test_plain_words_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


def test_a_known_secret_is_masked_whatever_it_looks_like() -> None:
    assert redact("the key tr0ub4dor is wrong", ["", "tr0ub4dor"]) == "the key [redacted] is wrong"


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_an_entry_is_one_line_of_json_whatever_it_says(text: str) -> None:
    stream = io.BytesIO()
    log = LineLog(stream)
    log.write({"message": text})
    log.flush()
    raw = stream.getvalue()
    assert raw.endswith(b"\n")
    assert raw.count(b"\n") == 1
    assert not [byte for byte in raw[:-1] if byte < 32]
    assert orjson.loads(raw) == {"message": text}


class Broken(io.BytesIO):
    """A standard output whose reader has gone."""

    def write(self, data: object) -> int:
        raise BrokenPipeError


class Full(io.BytesIO):
    """A disk without room."""

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


def closed() -> io.BytesIO:
    stream = io.BytesIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [Broken(), Full(), closed()], ids=["pipe", "disk", "closed"])
def test_an_output_that_is_broken_costs_lines_and_nothing_else(stream: io.BytesIO) -> None:
    log = LineLog(stream)
    for _ in range(3):
        log.write({"a": 1})
    log.flush()
    log.flush()
    assert log.dropped == 3


def test_lines_gather_until_there_are_enough() -> None:
    stream = io.BytesIO()
    log = LineLog(stream)
    assert not log.write({"a": 1})
    assert stream.getvalue() == b""
    assert log.write({"a": "x" * 100_000})
    log.flush()
    assert stream.getvalue().count(b"\n") == 2


@pytest.fixture
def lines() -> io.BytesIO:
    return io.BytesIO()


@pytest.fixture
def logger(lines: io.BytesIO) -> logging.Logger:
    one = logging.Logger("headgate.test")  # noqa: LOG001 - not for the whole process
    one.addHandler(JsonHandler(LineLog(lines), ["tr0ub4dor"]))
    return one


def test_a_log_record_becomes_a_line(lines: io.BytesIO, logger: logging.Logger) -> None:
    logger.warning("%s said tr0ub4dor", "ann")
    entry = orjson.loads(lines.getvalue())
    assert (entry["level"], entry["logger"]) == ("warning", "headgate.test")
    assert entry["message"] == "ann said [redacted]"


def test_a_traceback_is_part_of_the_line_and_masked_too(
    lines: io.BytesIO, logger: logging.Logger
) -> None:
    try:
        raise ValueError("bad key tr0ub4dor")
    except ValueError:
        logger.exception("it failed")
    message = orjson.loads(lines.getvalue())["message"]
    assert message.startswith("it failed\nTraceback")
    assert "ValueError: bad key [redacted]" in message


@pytest.mark.parametrize(
    ("message", "argument"),
    [
        pytest.param("header %s", b"\xff".decode("utf-8", "surrogateescape"), id="no UTF-8"),
        pytest.param("%d calls", "many", id="a word for a number"),
    ],
)
def test_a_message_that_cannot_be_written_does_not_fail_the_code_that_logs(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, message: str, argument: str
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logger.warning(message, argument)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000.25, "2023-11-14T22:13:20.250Z"),
        (1_700_000_000.9999, "2023-11-14T22:13:20.999Z"),
    ],
)
def test_a_time_is_rfc_3339_in_utc(seconds: float, text: str) -> None:
    assert timestamp(seconds) == text

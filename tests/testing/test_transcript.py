"""Transcripts: what a file may say, and which belong together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headgate.testing.transcript import load, pairs

CALL = {"model": "m", "messages": []}
WHOLE: dict[str, Any] = {"call": CALL, "response": {"body": {"a": 1}}}
STREAM: dict[str, Any] = {"call": {**CALL, "stream": True}, "response": {"body": "data: x\n\n"}}


def write(folder: Path, **files: Any) -> Path:
    for name, said in files.items():
        (folder / f"{name.replace('_', '-')}.json").write_text(json.dumps(said), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("response", "status", "headers", "body"),
    [
        ({"body": "text"}, 200, {}, b"text"),
        ({"body": {"a": "é"}}, 200, {}, b'{"a": "\\u00e9"}'),
        ({"body_base64": "AAE="}, 200, {}, b"\x00\x01"),
        ({"status": 503}, 503, {}, b""),
        ({"status": 429, "headers": {"Retry-After": "2"}}, 429, {"retry-after": "2"}, b""),
    ],
)
def test_a_response_is_read(
    tmp_path: Path, response: Any, status: int, headers: Any, body: bytes
) -> None:
    (one,) = load(write(tmp_path, one={"call": CALL, "response": response}))
    assert one.response == (status, headers, body)
    assert (one.name, one.model, one.dialect, one.stream) == ("one", "m", "openai_chat", False)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"call": CALL}, "KeyError('response')"),
        ({**WHOLE, "respones": 1}, "unknown key 'respones'"),
        ([], "not a transcript"),
        ({"call": {}, "response": {}}, "KeyError('model')"),
        ({"call": CALL, "response": {"body_base64": "?"}}, "not a transcript"),
    ],
)
def test_a_file_that_is_no_transcript_is_named(tmp_path: Path, said: Any, words: str) -> None:
    with pytest.raises(ValueError, match=r"one\.json: not a transcript") as refused:
        load(write(tmp_path, one=said))
    assert words in str(refused.value)


def test_pairs_go_by_name_or_by_key(tmp_path: Path) -> None:
    files = {"a": WHOLE, "a_stream": STREAM, "b": WHOLE, "torn": {**STREAM, "pair": "b"}}
    lonely = {"c_stream": STREAM, "d": STREAM, "d_stream": STREAM}
    found = pairs(load(write(tmp_path, **files, **lonely)))
    assert [(one.name, one.streamed.name) for one in found] == [("a", "a-stream"), ("b", "torn")]


@pytest.mark.parametrize(
    "files",
    [
        {"a": WHOLE, "b": {**STREAM, "pair": "z"}},
        {"a": WHOLE, "b": {**WHOLE, "pair": "a"}},
        {"a": STREAM, "b": {**STREAM, "pair": "a"}},
    ],
)
def test_a_pair_that_is_none_is_told(tmp_path: Path, files: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"b\.json: 'pair' stands in a streamed transcript"):
        pairs(load(write(tmp_path, **files)))


def test_a_difference_is_shown_line_by_line(tmp_path: Path) -> None:
    (one,) = load(write(tmp_path, one={**WHOLE, "events": [{"event": "Text", "text": "Hi"}]}))
    one.expect("events", [{"event": "Text", "text": "Hi"}])
    with pytest.raises(AssertionError) as told:
        one.expect("events", [{"event": "Text", "text": "Ho"}])
    assert '-    "text": "Hi"' in str(told.value)
    assert '+    "text": "Ho"' in str(told.value)
    assert "HEADGATE_TRANSCRIPTS=write" in str(told.value)

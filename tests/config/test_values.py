"""What a valid gateway.yaml means."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.config.load import load_text
from headgate.config.schema import Config, Target
from headgate.provider.failure import Kind


def read(text: str, **environment: str) -> Config:
    return load_text(text, "gateway.yaml", environment).config


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet\n", "---\n", "{}", "\ufeffserver: {}"])
def test_an_empty_file_is_a_configuration_without_anything(text: str) -> None:
    assert read(text) == Config()


def test_a_section_whose_lines_are_all_commented_out_is_empty() -> None:
    config = read("routes:\n# - name: a\nproviders:\n  echo:\n")
    assert config.routes == ()
    assert list(config.providers) == ["echo"]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("250ms", 0.25),
        ("5s", 5.0),
        ("5 s", 5.0),
        ("1.5m", 90.0),
        ("2h", 7200.0),
        ("7", 7.0),
        ("0.5", 0.5),
        ("'7'", 7.0),
    ],
)
def test_a_duration_is_read(written: str, seconds: float) -> None:
    assert read(f"server: {{drain: {written}}}").server.drain == seconds


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("100", 100),
        ("'100'", 100),
        ("1B", 1),
        ("2KiB", 2048),
        ("1.5 MiB", 1572864),
        ("1GiB", 2**30),
    ],
)
def test_a_size_is_read(written: str, size: int) -> None:
    assert read(f"server: {{max_body: {written}}}").server.max_body == size


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("<50000", ("<", 50_000)),
        (" >= 8k ", (">=", 8_000)),
        ("<=1M", ("<=", 1_000_000)),
        (">0", (">", 0)),
    ],
)
def test_a_comparison_is_read(written: str, means: tuple[str, int]) -> None:
    route = f'routes: [{{name: a, targets: [e/x], match: {{input_tokens: "{written}"}}}}]'
    assert read(route).routes[0].match.input_tokens == means


def test_one_word_stands_for_a_list_of_one_in_conditions() -> None:
    match = (
        read("routes: [{name: a, targets: [e/x], match: {model: m, team: t, needs: tools}}]")
        .routes[0]
        .match
    )
    assert (match.model, match.team, match.needs) == (("m",), ("t",), ("tools",))


def test_a_target_may_be_written_as_a_word() -> None:
    route = read("routes: [{name: a, targets: [e/x, {to: e/y, priority: 2}]}]").routes[0]
    assert route.targets == (Target(to="e/x"), Target(to="e/y", priority=2))


def test_on_is_a_key_like_any_other() -> None:
    text = "routes:\n- name: a\n  targets: [e/x]\n  fallback:\n    on: [timeout, cut]\n"
    assert read(text).routes[0].fallback.on == (Kind.TIMEOUT, Kind.CUT)


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("${HOST}", "h.example"),
        ("http://${HOST}/${HOST}", "http://h.example/h.example"),
        ("${NOBODY:-fallback}", "fallback"),
        ("${EMPTY:-fallback}", "fallback"),
        ("${HOST:-fallback}", "h.example"),
        ("${NOBODY:-}", ""),
        ("${NOBODY:-a:-b}", "a:-b"),
        ("$${HOST}", "${HOST}"),
        ("$HOST $5", "$HOST $5"),
        ("${DOLLARS}", "${HOST}"),
    ],
)
def test_a_variable_is_filled_in_once(written: str, host: str) -> None:
    config = read(f"server: {{host: '{written}'}}", HOST="h.example", EMPTY="", DOLLARS="${HOST}")
    assert config.server.host == host


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("server: {port: '${N}'}", "port", 81),
        ("server: {drain: '${N}'}", "drain", 81.0),
        ("server: {max_body: '${N}'}", "max_body", 81),
    ],
)
def test_a_variable_may_hold_a_number(text: str, path: str, value: Any) -> None:
    assert getattr(read(text, N="81").server, path) == value


def test_a_variable_in_a_comment_need_not_be_set() -> None:
    assert read("# ${NOBODY}\nserver: {port: 0}\n").server.port == 0


def test_what_an_anchor_holds_may_be_used_again() -> None:
    routes = read(
        "routes:\n"
        "- {name: a, targets: &where [e/x, e/y], timeouts: &clocks {idle: 5s}}\n"
        "- {name: b, targets: *where, timeouts: *clocks}\n"
    ).routes
    assert routes[0].targets == routes[1].targets
    assert routes[1].timeouts.idle == 5.0

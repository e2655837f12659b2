"""Every mistake in a gateway.yaml is named with its line, in words that help."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.config.load import load_file, load_text
from headgate.config.problem import ConfigError

ROUTE = "routes:\n- name: a\n  targets: [echo/x]\n"

#: what is wrong: (yaml, the lines that are printed, without the file's name)
MISTAKES: dict[str, tuple[str, list[str]]] = {
    "an unknown section": (
        "server: {}\nrouts: []\n",
        ["2: unknown key 'routs'; did you mean 'routes'?"],
    ),
    "an unknown key": (
        "server:\n  prot: 1\n",
        ["2: unknown key 'prot'; did you mean 'port'?"],
    ),
    "an unknown key like no other": (
        "access:\n  users: []\n",
        ["2: unknown key 'users'; valid here: keys"],
    ),
    "an unknown key in a target": (
        "routes:\n- name: a\n  targets:\n  - to: echo/x\n    wieght: 2\n",
        ["5: unknown key 'wieght'; did you mean 'weight'?"],
    ),
    "an unknown key in a provider's clocks": (
        "providers:\n  p:\n    timeouts: {idel: 5s}\n",
        ["3: unknown key 'idel'; did you mean 'idle'?"],
    ),
    "an unknown key of a model": (
        "models:\n  echo/x: {price: 5}\n",
        [
            (
                "2: unknown key 'price'; valid here: cache_write_per_mtok, cached_input_per_mtok, "
                "capabilities, context_window, input_per_mtok, max_output_tokens, mode, "
                "output_per_mtok"
            )
        ],
    ),
    "a port that is a word": (
        "server:\n  port: http\n",
        ["2: server.port: expected a whole number, got text"],
    ),
    "a port out of range": (
        "server:\n  port: 65536\n",
        ["2: server.port: must be at most 65535"],
    ),
    "a negative port": ("server:\n  port: -1\n", ["2: server.port: must be at least 0"]),
    "a host that YAML takes for a truth value": (
        "server:\n  host: no\n",
        ["2: server.host: expected text, got the truth value false; put it in quotes"],
    ),
    "a word of a closed set, misspelt": (
        "server:\n  metrics: lopback\n",
        ["2: server.metrics: unknown word 'lopback'; did you mean 'loopback'?"],
    ),
    "a truth value where a word is meant": (
        "server:\n  metrics: off\n",
        ["2: server.metrics: expected one of loopback, key, open; got the truth value false"],
    ),
    "a duration without sense": (
        "server:\n  drain: soon\n",
        ["2: server.drain: expected one duration such as 250ms, 5s, 2m or 1h"],
    ),
    "two durations in one": (
        "server:\n  drain: 1m30s\n",
        ["2: server.drain: expected one duration such as 250ms, 5s, 2m or 1h"],
    ),
    "a duration of nothing": (
        "server:\n  drain: 0s\n",
        ["2: server.drain: a duration must be more than 0 and at most a year"],
    ),
    "a duration without end": (
        "server:\n  drain: .inf\n",
        ["2: server.drain: a duration must be more than 0 and at most a year"],
    ),
    "a truth value for a duration": (
        "server:\n  drain: yes\n",
        ["2: server.drain: expected one duration such as 250ms, 5s, 2m or 1h"],
    ),
    "a size in thousands": (
        "server:\n  max_body: 32MB\n",
        ["2: server.max_body: expected a size such as 512KiB, 32MiB or 1GiB (not KB, MB or GB)"],
    ),
    "a size of nothing": (
        "server:\n  max_body: 0\n",
        ["2: server.max_body: must be more than 0"],
    ),
    "a comparison without a sign": (
        "routes:\n- name: a\n  match:\n    input_tokens: 50000\n  targets: [echo/x]\n",
        [
            (
                "4: routes[0].match.input_tokens: expected a comparison in quotes, such as "
                '"<50000" or ">=8k"'
            )
        ],
    ),
    "a comparison that YAML takes for a block": (
        "routes:\n- name: a\n  match:\n    input_tokens: >8k\n  targets: [echo/x]\n",
        [
            (
                "4: not valid YAML: did not find expected comment or line break; a value that begins "
                "with '>' or '|' needs quotes"
            )
        ],
    ),
    "no targets": (
        "routes:\n- name: a\n  targets: []\n",
        ["3: routes[0].targets: needs at least 1 item"],
    ),
    "targets forgotten": ("routes:\n- name: a\n", ["2: routes[0] has no 'targets'"]),
    "a name forgotten": ("routes:\n- targets: [echo/x]\n", ["2: routes[0] has no 'name'"]),
    "a name with a space": (
        "routes:\n- name: my route\n  targets: [echo/x]\n",
        ["2: routes[0].name: 1 to 64 letters, digits, '_', '.' and '-' are allowed, nothing else"],
    ),
    "a target without a place": (
        "routes:\n- name: a\n  targets:\n  - priority: 3\n",
        ["4: routes[0].targets[0] has no 'to'"],
    ),
    "a weight of nothing": (
        "routes:\n- name: a\n  targets:\n  - {to: echo/x, weight: 0}\n",
        ["4: routes[0].targets[0].weight: must be more than 0"],
    ),
    "a weight without end": (
        "routes:\n- name: a\n  targets:\n  - {to: echo/x, weight: .inf}\n",
        ["4: routes[0].targets[0].weight: must be a finite number"],
    ),
    "an empty condition, which would match everybody": (
        "routes:\n- name: a\n  match:\n    team:\n  targets: [echo/x]\n",
        ["4: routes[0].match.team: expected a list, got nothing"],
    ),
    "a team that YAML takes for a truth value": (
        "routes:\n- name: a\n  match: {team: [no]}\n  targets: [echo/x]\n",
        ["3: routes[0].match.team[0]: expected text, got the truth value false; put it in quotes"],
    ),
    "a capability nobody has": (
        "routes:\n- name: a\n  match: {needs: tool}\n  targets: [echo/x]\n",
        ["3: routes[0].match.needs[0]: unknown word 'tool'; did you mean 'tools'?"],
    ),
    "a failure kind misspelt, under `on:`": (
        ROUTE + "  fallback:\n    on: [rate_limit]\n",
        ["5: routes[0].fallback.on[0]: unknown word 'rate_limit'; did you mean 'rate_limited'?"],
    ),
    "too many retries": (
        ROUTE + "  retries: {total: 99}\n",
        ["4: routes[0].retries.total: must be at most 10"],
    ),
    "a negative price": (
        "models:\n  echo/x:\n    input_per_mtok: -1\n",
        ["3: models.echo/x.input_per_mtok: must be at least 0"],
    ),
    "a price without end": (
        "models:\n  echo/x:\n    input_per_mtok: .inf\n",
        ["3: models.echo/x.input_per_mtok: must be a finite number"],
    ),
    "a single key where a list is meant": (
        "providers:\n  openai:\n    keys: sk-secret-secret-secret\n",
        ["3: providers.openai.keys: expected a list, got text"],
    ),
    "a key that is a number": (
        "providers:\n  openai:\n    keys: [12345678]\n",
        ["3: providers.openai.keys[0]: expected text, got a number; put it in quotes"],
    ),
    "no calls at once": (
        "providers:\n  echo: {concurrency: 0}\n",
        ["2: providers.echo.concurrency: must be at least 1"],
    ),
    "providers as a list": (
        "providers:\n- openai\n",
        ["1: providers: expected keys with values, got a list"],
    ),
    "a caller's key without text": (
        'access:\n  keys:\n  - {name: ci, key: "${CI:-}"}\n',
        ["3: access.keys[0].key: must not be empty"],
    ),
    "an unknown role": (
        "access:\n  keys:\n  - {name: ci, key: hg-1, role: root}\n",
        ["3: access.keys[0].role: unknown word 'root'; valid here: admin, operator, user, viewer"],
    ),
    "two keys of one name": (
        "access:\n  keys:\n  - {name: ci, key: hg-1}\n  - {name: ci, key: hg-2}\n",
        ["4: two keys are named 'ci'"],
    ),
    "one key with two owners": (
        "access:\n  keys:\n  - {name: ci, key: hg-1}\n  - {name: qa, key: hg-1}\n",
        ["4: the keys 'ci' and 'qa' are the same text"],
    ),
    "a variable that is not set": (
        'providers:\n  openai:\n    keys: ["${MISSING}"]\n',
        [
            (
                "3: the environment variable MISSING is not set; set it, or write ${MISSING:-} to do "
                "without"
            )
        ],
    ),
    "a variable that is empty": (
        'providers:\n  openai:\n    keys: ["${EMPTY}"]\n',
        ["3: the environment variable EMPTY is empty; set it, or write ${EMPTY:-} to do without"],
    ),
    "a variable that is not set, told once": (
        "server:\n  port: ${MISSING}\n",
        [
            (
                "2: the environment variable MISSING is not set; set it, or write ${MISSING:-} to do "
                "without"
            )
        ],
    ),
    "a variable that is not one": (
        'providers:\n  openai:\n    keys: ["${OPENAI-KEY}"]\n',
        [
            (
                "3: '${' must be followed by a variable's name and '}', as in ${NAME} or "
                "${NAME:-default}; write '$${' to mean the characters themselves"
            )
        ],
    ),
    "a variable without quotes inside brackets": (
        "providers:\n  openai:\n    keys: [${OPENAI_API_KEY}]\n",
        [
            (
                "3: not valid YAML: did not find expected ',' or ']'; inside [ ] and { } write "
                '"${NAME}" in quotes'
            )
        ],
    ),
    "a key written twice": (
        "server:\n  port: 1\n  host: a\n  port: 2\n",
        ["4: 'port' is written twice; the first is on line 2"],
    ),
    "a section written twice": (
        "providers: {echo: {}}\nserver: {}\nproviders: {openai: {}}\n",
        ["3: 'providers' is written twice; the first is on line 1"],
    ),
    "`on` and `yes` as keys": (
        "on: 1\nyes: 2\n",
        [
            "1: unknown key 'on'; valid here: access, models, providers, routes, server",
            "2: unknown key 'yes'; valid here: access, models, providers, routes, server",
        ],
    ),
    "a list at the top": (
        "- openai\n",
        ["1: expected keys such as 'providers:' and 'routes:' at the top"],
    ),
    "a word at the top": (
        "hello\n",
        ["1: expected keys such as 'providers:' and 'routes:' at the top"],
    ),
    "tabs": (
        "server:\n\tport: 1\n",
        [
            (
                "2: not valid YAML: found character that cannot start any token; indent with spaces, "
                "not with tabs"
            )
        ],
    ),
    "a bracket left open": (
        "providers: {echo: {}\nroutes: []\n",
        [
            (
                "2: not valid YAML: did not find expected ',' or '}'; the bracket opened on line 1 "
                "has no '}'"
            )
        ],
    ),
    "two keys on one line": (
        "server: port: 1\n",
        [
            (
                "1: not valid YAML: mapping values are not allowed in this context; begin a new line "
                "after the first ':', or put the value in quotes"
            )
        ],
    ),
    "a second document": (
        "server: {}\n---\nserver: {}\n",
        ["2: not valid YAML: a second document begins here; keep everything in one"],
    ),
    "an unquoted star": (
        "routes:\n- name: a\n  match: {model: *}\n  targets: [echo/x]\n",
        ["3: not valid YAML: did not find expected alphabetic or numeric character"],
    ),
    "an unknown tag": (
        "server:\n  port: !Ref Port\n",
        ["2: not valid YAML: could not determine a constructor for the tag '!Ref'"],
    ),
    "a date that is none": (
        "access:\n  keys:\n  - {name: 2026-13-45, key: hg-1}\n",
        ["3: not a valid date or number; put it in quotes if it is text"],
    ),
    "a number of thousands of digits": (
        "server:\n  port: " + "9" * 5000 + "\n",
        ["2: not a valid date or number; put it in quotes if it is text"],
    ),
    "a merge": (
        "server:\n  <<: {port: 1}\n",
        ["2: merging with '<<' is not supported; write the keys out"],
    ),
    "a list as a key": (
        "server: {}\n? [a, b]\n: 1\n",
        ["2: a key must be a word, not a list or a mapping"],
    ),
    "an alias that contains itself": (
        "server:\n  host: &a [*a]\n",
        ["2: not valid YAML: nested too deeply, or an alias that contains itself"],
    ),
    "nesting without end": (
        "server: " + "[" * 5000 + "]" * 5000 + "\n",
        ["1: not valid YAML: nested too deeply, or an alias that contains itself"],
    ),
}


@pytest.mark.parametrize(("text", "lines"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_line(text: str, lines: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_text(text, "gateway.yaml", {"EMPTY": ""})
    assert str(caught.value).splitlines() == [f"gateway.yaml:{line}" for line in lines]


def test_a_tag_of_python_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    text = f"server: !!python/object/apply:os.system ['touch {trace}']\n"
    with pytest.raises(ConfigError, match=r"gateway\.yaml:1: "):
        load_text(text, "gateway.yaml", {})
    assert not trace.exists()


def test_an_alias_bomb_is_refused_before_it_goes_off() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 12):
        aliases = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} [{aliases}]")
    with pytest.raises(ConfigError) as caught:
        load_text("\n".join(lines), "gateway.yaml", {})
    message = "gateway.yaml: not valid YAML: the aliases in this file expand without end"
    assert str(caught.value) == message


def test_the_value_of_a_secret_is_never_repeated_in_a_message() -> None:
    text = (
        'providers:\n  openai:\n    keys: "sk-very-secret-text"\n'
        "access:\n  keys:\n  - {name: ci, key: [sk-very-secret-text]}\n"
        "server: {host: [sk-very-secret-text], port: sk-very-secret-text}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_text(text, "gateway.yaml", {})
    assert "very-secret" not in str(caught.value)


def test_mistakes_in_different_places_are_told_at_once_and_in_order() -> None:
    text = (
        "routes:\n"
        "- name: a\n"
        "  targets: [echo/x]\n"
        "  timeuots: {idle: 5s}\n"
        "server:\n"
        "  port: ${NO_PORT}\n"
        "  drain: soon\n"
        "server:\n"
        "  host: 5\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_text(text, "gateway.yaml", {})
    assert [problem.line for problem in caught.value.problems] == [4, 6, 7, 8, 9]


def test_a_file_that_is_not_utf8_says_where(tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_bytes(b"server: {}\n# caf\xe9\n")
    with pytest.raises(ConfigError) as caught:
        load_file(file, {})
    assert str(caught.value) == f"{file}:2: not UTF-8; save the file in that encoding"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_file(tmp_path / "gatewya.yaml", {})
    message = f"{tmp_path / 'gatewya.yaml'}: cannot be read: No such file or directory"
    assert str(caught.value) == message


def test_a_control_character_is_refused_on_one_line() -> None:
    with pytest.raises(ConfigError) as caught:
        load_text("server: \x00", "gateway.yaml", {})
    assert str(caught.value).startswith("gateway.yaml: not valid YAML: unacceptable character")
    assert len(str(caught.value).splitlines()) == 1

"""`headgate check`: errors, warnings, and the schema for editors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]

#: what is wrong: (yaml, the lines on standard error); all of these end with exit code 1
ERRORS: dict[str, tuple[str, list[str]]] = {
    "an unknown provider in a target": (
        "providers: {openai: {}, echo: {}}\nroutes:\n- name: a\n  targets:\n  - opnai/gpt-5\n",
        ["5: unknown provider 'opnai' in 'opnai/gpt-5'; did you mean 'openai'?"],
    ),
    "a target without any provider": (
        "routes:\n- name: a\n  targets:\n  - openai/gpt-5\n",
        ["4: unknown provider 'openai' in 'openai/gpt-5'; no provider is configured"],
    ),
    "a target that is nothing": (
        (
            "providers: {echo: {}}\nroutes:\n- name: fast\n  targets: [echo/x]\n- name: b\n"
            "  targets:\n  - fsat\n"
        ),
        ["7: 'fsat' is neither provider/model nor the name of a route; did you mean 'fast'?"],
    ),
    "a target that is only a provider": (
        "providers: {echo: {}}\nroutes:\n- name: a\n  targets:\n  - to: echo\n",
        [
            (
                "5: 'echo' is a provider; write 'echo/MODEL', or 'echo/*' to keep the name of the "
                "model that was asked for"
            )
        ],
    ),
    "a route that refers to itself": (
        "providers: {echo: {}}\nroutes:\n- name: a\n  targets:\n  - a\n",
        ["5: routes refer to each other in a circle: a -> a"],
    ),
    "a circle of three, entered from outside": (
        (
            "providers: {echo: {}}\nroutes:\n- {name: in, targets: [a]}\n- {name: a, targets: [b]}\n"
            "- {name: b, targets: [echo/x, c]}\n- {name: c, targets: [a]}\n"
        ),
        ["4: routes refer to each other in a circle: a -> b -> c -> a"],
    ),
    "two circles": (
        "providers: {echo: {}}\nroutes:\n- {name: a, targets: [a, b]}\n- {name: b, targets: [a]}\n",
        [
            "3: routes refer to each other in a circle: a -> a",
            "3: routes refer to each other in a circle: a -> b -> a",
        ],
    ),
    "two routes of one name": (
        (
            "providers: {echo: {}}\nroutes:\n- {name: a, targets: [echo/x]}\n"
            "- {name: a, targets: [echo/y]}\n"
        ),
        ["4: two routes are named 'a'"],
    ),
    "an unknown kind": (
        "providers:\n  main: {kind: opnai}\n",
        ["2: no installed plugin offers the kind 'opnai'; did you mean 'openai'?"],
    ),
    "an unknown kind by the provider's name": (
        "providers:\n  opnai: {}\n",
        ["2: no installed plugin offers the kind 'opnai'; did you mean 'openai'?"],
    ),
    "an unknown option": (
        "providers:\n  openai:\n    base_ulr: http://x\n",
        ["3: unknown key 'base_ulr' for kind 'openai'; did you mean 'base_url'?"],
    ),
    "an option of the wrong sort": (
        "providers:\n  echo:\n    delay: slow\n    chunks: 1.5\n    fail: timeuot\n",
        [
            "3: providers.echo.delay: expected a number, got text",
            "4: providers.echo.chunks: expected a whole number, got a fraction",
            "5: providers.echo.fail: unknown word 'timeuot'; did you mean 'timeout'?",
        ],
    ),
    "an option that is missing": (
        "providers:\n  mine: {kind: custom}\n",
        ["2: providers.mine has no 'base_url', which kind 'custom' needs"],
    ),
    "a name with a slash": (
        "providers:\n  my/openai: {kind: openai}\n",
        ["2: a provider's name cannot hold '/'"],
    ),
    "facts about a model of no provider": (
        "providers: {echo: {}}\nmodels:\n  gpt-5: {input_per_mtok: 1}\n",
        ["3: 'gpt-5' must be provider/model with a provider of this file; valid here: echo"],
    ),
    "mistakes of every sort at once": (
        (
            "providers:\n"
            '  openai: {keys: ["${MISSING}"], orgnization: acme}\n'
            "  mine: {kind: custom}\n"
            "routes:\n"
            "- name: a\n"
            "  priorty: 5\n"
            "  targets: [opnai/gpt-5]\n"
            "- name: b c\n"
            "  targets: [mine/x]\n"
            "- name: d\n"
            "  targets: [b c, a, e]\n"
            "server: {port: x}\n"
        ),
        [
            (
                "2: the environment variable MISSING is not set; set it, or write ${MISSING:-} to do "
                "without"
            ),
            "2: unknown key 'orgnization' for kind 'openai'; did you mean 'organization'?",
            "3: providers.mine has no 'base_url', which kind 'custom' needs",
            "6: unknown key 'priorty'; did you mean 'priority'?",
            "7: unknown provider 'opnai' in 'opnai/gpt-5'; did you mean 'openai'?",
            (
                "8: routes[1].name: 1 to 64 letters, digits, '_', '.' and '-' are allowed, nothing "
                "else"
            ),
            "11: 'e' is neither provider/model nor the name of a route; valid here: a, d",
            "12: server.port: expected a whole number, got text",
        ],
    ),
    "a provider that cannot be read is not unknown besides": (
        "providers: {echo: hello}\nroutes:\n- {name: a, targets: [echo/x, {to: 5}]}\n",
        [
            "1: providers.echo: expected keys with values, got text",
            "3: routes[0].targets[1].to: expected text, got a number; put it in quotes",
        ],
    ),
}

#: what is odd: (yaml, the lines on standard error); all of these end with exit code 0
WARNINGS: dict[str, tuple[str, list[str]]] = {
    "nothing to call": (
        "server: {}\n",
        ["1: no provider is configured; every call will be answered with 404"],
    ),
    "no key where one is needed": (
        "providers:\n  echo: {}\n  openai: {}\n  vllm: {}\n",
        [
            (
                "3: the provider 'openai' has no key and kind 'openai' needs one: its calls will "
                'fail. Write keys: ["${OPENAI_API_KEY}"]'
            )
        ],
    ),
    "only empty keys": (
        'providers:\n  groq: {keys: ["${NOBODY:-}"]}\n',
        [
            (
                "2: the provider 'groq' has no key and kind 'groq' needs one: its calls will fail. "
                'Write keys: ["${GROQ_API_KEY}"]'
            )
        ],
    ),
    "an earlier route that takes everything": (
        (
            "providers: {echo: {}}\nroutes:\n- {name: all, targets: [echo/x]}\n"
            "- {name: gpt, match: {model: 'gpt-*'}, targets: [echo/x]}\n"
        ),
        [
            (
                "4: the route 'gpt' is never used: 'all' matches everything that it matches and has "
                "an earlier place"
            )
        ],
    ),
    "a higher priority that takes everything": (
        (
            "providers: {echo: {}}\nroutes:\n- {name: gpt, match: {model: gpt-5}, targets: [echo/x]}\n"
            "- {name: all, priority: 1, match: {model: 'gpt-*'}, targets: [echo/x]}\n"
        ),
        [
            (
                "3: the route 'gpt' is never used: 'all' matches everything that it matches and has "
                "a higher priority"
            )
        ],
    ),
    "a name that goes to a provider directly": (
        (
            "providers: {echo: {}}\nroutes:\n- name: a\n  match:\n    model:\n    - a\n    - echo/y\n"
            "  targets: [echo/x]\n"
        ),
        [
            (
                "7: 'echo/y' never matches: a name that begins with 'echo/' goes to the provider "
                "'echo' directly"
            )
        ],
    ),
    "a target twice": (
        "providers: {echo: {}}\nroutes:\n- name: a\n  targets:\n  - echo/x\n  - echo/x\n",
        [
            (
                "6: 'echo/x' is a target of 'a' twice: after it has failed, the same model is asked "
                "again as if it were another"
            )
        ],
    ),
    "a target twice, once through another route": (
        (
            "providers: {echo: {}}\nroutes:\n- {name: a, match: {model: a}, targets: [echo/x]}\n"
            "- name: b\n  match: {model: b}\n  targets:\n  - echo/x\n  - a\n"
        ),
        [
            (
                "7: 'echo/x' is a target of 'b' twice: after it has failed, the same model is asked "
                "again as if it were another"
            )
        ],
    ),
    "no price": (
        (
            "providers: {openai: {keys: [sk-1]}}\nroutes:\n- name: a\n  targets:\n"
            "  - openai/gpt-6-lunar\n  - openai/gpt-6-luna\n"
        ),
        [
            (
                "5: no price is known for 'openai/gpt-6-lunar' (did you mean 'gpt-6-luna'?): its "
                "calls will not count as cost. Write its input_per_mtok and output_per_mtok under "
                "'models:', 0 if it is free"
            )
        ],
    ),
    "no price for a server of one's own": (
        "providers: {vllm: {}}\nroutes:\n- name: a\n  targets: [vllm/llama]\n",
        [
            (
                "4: no price is known for 'vllm/llama': its calls will not count as cost. Write its "
                "input_per_mtok and output_per_mtok under 'models:', 0 if it is free"
            )
        ],
    ),
}


@pytest.mark.parametrize(("yaml", "lines"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_told_with_its_line_and_ends_with_1(
    run: Run, yaml: str, lines: list[str]
) -> None:
    result = run("check", yaml=yaml)
    assert result.stderr.splitlines() == [f"gateway.yaml:{line}" for line in lines]
    assert result.exit_code == 1
    assert result.stdout == ""


@pytest.mark.parametrize(("yaml", "lines"), WARNINGS.values(), ids=WARNINGS)
def test_a_warning_is_told_with_its_line_and_ends_with_0(
    run: Run, yaml: str, lines: list[str]
) -> None:
    result = run("check", yaml=yaml)
    expected = [
        f"gateway.yaml:{number}: warning:{text}"
        for number, text in (line.split(":", 1) for line in lines)
    ]
    assert result.stderr.splitlines() == expected
    assert result.exit_code == 0
    assert result.stdout.startswith("gateway.yaml: valid: ")


def test_a_good_file_is_said_to_be_good(run: Run) -> None:
    result = run("check", yaml="providers: {echo: {}}\nroutes: [{name: a, targets: [echo/x]}]\n")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "gateway.yaml: valid: providers echo; 1 route\n"


def test_json_names_file_line_severity_and_message(run: Run) -> None:
    result = run("check", "--json", yaml="providers: {echo: {}}\nserver:\n  prot: 1\n")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "file": "gateway.yaml",
        "ok": False,
        "problems": [
            {
                "file": "gateway.yaml",
                "line": 3,
                "severity": "error",
                "message": "unknown key 'prot'; did you mean 'port'?",
            }
        ],
    }


def test_a_warning_in_json_leaves_ok_true(run: Run) -> None:
    result = run("check", "--json", yaml="providers: {openai: {}}\n")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["ok"]) == (0, True)
    assert [problem["severity"] for problem in found["problems"]] == ["warning"]


def test_without_a_file_the_environment_is_checked(run: Run) -> None:
    result = run("check", OPENAI_API_KEY="sk-1")
    assert result.stdout == "the environment: valid: providers echo, openai; 0 routes\n"


def test_dotenv_beside_the_file_is_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "g.yaml").write_text('providers: {groq: {keys: ["${K}"]}}\n')
    (tmp_path / "sub" / ".env").write_text("K=gsk-1\n")
    result = run("check", "--config", "sub/g.yaml")
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_mistake_in_dotenv_is_an_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_KEY='sk-1\n")
    result = run("check", yaml="providers: {echo: {}}\n")
    assert result.exit_code == 1
    assert result.stderr == ".env:1: expected NAME=value (is a quote left open?)\n"


def test_the_schema_describes_what_the_loader_takes(run: Run) -> None:
    schema = json.loads(run("check", "--schema").stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "gateway.yaml"
    assert set(schema["properties"]) == {"server", "access", "providers", "models", "routes"}
    definitions = schema["$defs"]
    assert definitions["Provider"]["additionalProperties"] is True
    assert definitions["Route"]["additionalProperties"] is False
    targets = definitions["Route"]["properties"]["targets"]["items"]
    assert {"type": "string"} in targets["anyOf"]
    port = definitions["Server"]["properties"]["port"]
    assert any("pattern" in one for one in port["anyOf"]), "a port may be ${PORT}"


@pytest.mark.parametrize("verb", ["serve", "explain", "providers", "models"])
def test_every_verb_refuses_a_bad_file_in_the_same_words(run: Run, verb: str) -> None:
    words = (verb, "--model", "a") if verb == "explain" else (verb,)
    result = run(*words, yaml="server:\n  prot: 1\n")
    assert result.exit_code == 1
    assert result.stderr == "gateway.yaml:2: unknown key 'prot'; did you mean 'port'?\n"

"""Starting from nothing but environment variables, and what `.env` adds to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.app import configuration_from_environment
from headgate.config.environment import environment
from headgate.config.problem import ConfigError
from headgate.registry import discover


def configured(**variables: str) -> dict[str, tuple[str, ...]]:
    """The providers that these variables switch on, with their keys."""
    config = configuration_from_environment(discover(), variables).config
    return {name: provider.keys for name, provider in config.providers.items()}


def test_without_variables_there_is_echo() -> None:
    assert configured() == {"echo": ()}


def test_a_key_in_the_environment_switches_its_provider_on() -> None:
    found = configured(OPENAI_API_KEY="sk-1", GROQ_API_KEY="gsk-1")
    assert found == {"echo": (), "openai": ("sk-1",), "groq": ("gsk-1",)}


def test_numbered_keys_are_taken_in_order_and_gaps_do_not_matter() -> None:
    found = configured(OPENAI_API_KEY="sk-1", OPENAI_API_KEY_3="sk-3", OPENAI_API_KEY_2="sk-2")
    assert found["openai"] == ("sk-1", "sk-2", "sk-3")
    assert configured(OPENAI_API_KEY_4="sk-4")["openai"] == ("sk-4",)


def test_an_empty_variable_switches_nothing_on() -> None:
    assert configured(OPENAI_API_KEY="", VLLM_BASE_URL="") == {"echo": ()}


def test_an_address_in_the_environment_switches_a_server_of_ones_own_on() -> None:
    loaded = configuration_from_environment(discover(), {"VLLM_BASE_URL": "http://gpu:8000/v1"})
    assert loaded.config.providers["vllm"].options == {"base_url": "http://gpu:8000/v1"}


def test_dotenv_is_read_and_the_process_wins(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=file\nB='file b'\nexport C=file # why\n\n# D=no\n")
    found = environment(tmp_path, {"A": "process", "E": "process"})
    assert found == {"A": "process", "B": "file b", "C": "file", "E": "process"}


def test_no_dotenv_is_no_mistake(tmp_path: Path) -> None:
    assert environment(tmp_path, {"A": "1"}) == {"A": "1"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"A=1\nwhat is this\nB='open\n", [":2: expected NAME=value", ":3: expected NAME=value"]),
        (b"A=caf\xe9\n", [": not UTF-8"]),
    ],
)
def test_a_mistake_in_dotenv_is_named(tmp_path: Path, content: bytes, said: list[str]) -> None:
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        environment(tmp_path, {})
    for line, expected in zip(str(caught.value).splitlines(), said, strict=True):
        assert line.startswith(f"{tmp_path / '.env'}{expected}")

"""Plugins as they are really installed: distributions with entry points, good ones and bad ones."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headgate.config.load import load_text
from headgate.config.problem import ConfigError
from headgate.registry import Registry, discover

Install = Callable[..., None]

HEAD = """
from __future__ import annotations
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
import headgate as hg
"""
GOOD = (
    HEAD
    + """
headgate_api = 1

@dataclass(frozen=True)
class Acme(hg.Provider):
    kind = "acme"
    keyless: ClassVar[bool] = True
    base_url: str = "https://acme.example"
    region: str = "eu"
    retries: int = 0
    limits: Mapping[str, int] = None

    def __post_init__(self):
        if self.region == "moon":
            raise ValueError("there is no data centre on the moon")

@hg.hookimpl
def providers():
    return [Acme]
"""
)

#: what is wrong with a plugin: (its module, the words a person sees first)
BROKEN: dict[str, tuple[str, str]] = {
    "a module that is not there": (
        "import nobody_has_this_module",
        "ModuleNotFoundError: No module named 'nobody_has_this_module'",
    ),
    "a mistake of syntax": ("def x(:\n", "SyntaxError: invalid syntax"),
    "an exit at import": ("raise SystemExit(3)", "SystemExit: 3"),
    "another version of the interface": (
        GOOD.replace("headgate_api = 1", "headgate_api = 99"),
        (
            "RuntimeError: the plugin was written for version 99 of the plugin interface, this "
            "gateway has version 1"
        ),
    ),
    "an exception with several lines": (
        "raise ValueError('one\\ntwo')",
        "ValueError: one two",
    ),
    "a class that is no dataclass": (
        HEAD + "class A(hg.Provider):\n    kind = 'a'\n\n@hg.hookimpl\ndef providers():\n"
        "    return [A]\n",
        "TypeError: A must be decorated with @dataclass(frozen=True)",
    ),
    "a dataclass that is not frozen": (
        HEAD + "@dataclass\nclass A(hg.Provider):\n    kind = 'a'\n",
        "TypeError: cannot inherit non-frozen dataclass from a frozen one",
    ),
    "a class that is no provider": (
        HEAD + "@hg.hookimpl\ndef providers():\n    return [int]\n",
        "TypeError: providers() must give subclasses of headgate.Provider, not <class 'int'>",
    ),
    "a class without a kind": (
        HEAD + "@dataclass(frozen=True)\nclass A(hg.Provider):\n    pass\n\n@hg.hookimpl\n"
        "def providers():\n    return [A]\n",
        "TypeError: A has no 'kind'",
    ),
    "a kind that became an option": (
        HEAD + "@dataclass(frozen=True)\nclass A(hg.Provider):\n    kind: str = 'a'\n\n"
        "@hg.hookimpl\ndef providers():\n    return [A]\n",
        (
            "TypeError: A has an option 'kind', which the gateway reads itself; rename it, or "
            "annotate it as ClassVar"
        ),
    ),
    "an option that the gateway reads itself": (
        HEAD + "@dataclass(frozen=True)\nclass A(hg.Provider):\n    kind = 'a'\n"
        "    keys: tuple[str, ...] = ()\n\n@hg.hookimpl\ndef providers():\n    return [A]\n",
        (
            "TypeError: A has an option 'keys', which the gateway reads itself; rename it, or "
            "annotate it as ClassVar"
        ),
    ),
    "an annotation that means nothing": (
        HEAD + "@dataclass(frozen=True)\nclass A(hg.Provider):\n    kind = 'a'\n"
        "    size: Nothing = None\n\n@hg.hookimpl\ndef providers():\n    return [A]\n",
        "NameError: name 'Nothing' is not defined",
    ),
    "a hook that fails": (
        HEAD + "@hg.hookimpl\ndef providers():\n    raise RuntimeError('no licence')\n",
        "RuntimeError: no licence",
    ),
    "a hook without its decorator": (
        HEAD + "def providers():\n    return []\n",
        "TypeError: providers() must be decorated with @headgate.hookimpl",
    ),
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on `sys.path`; what was imported from it is forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def install(site: Path) -> Install:
    """Puts a distribution into that folder: a module, its metadata and its entry point."""

    def installs(name: str, code: str, *, plugin: str = "acme", version: str = "1.2.3") -> None:
        module = name.replace("-", "_")
        (site / f"{module}.py").write_text(code, "utf-8")
        info = site / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[headgate.plugins]\n{plugin} = {module}\n")
        importlib.invalidate_caches()

    return installs


def provider_error(registry: Registry, text: str) -> list[str]:
    """What is said about the one provider of a configuration."""
    loaded = load_text(text, "gateway.yaml", {})
    (name, spec), *_ = loaded.config.providers.items()
    with pytest.raises(ConfigError) as caught:
        registry.provider(name, spec, loaded.source)
    return str(caught.value).splitlines()


def test_a_plugin_on_the_path_is_found(install: Install) -> None:
    install("headgate-acme", GOOD)
    registry = discover()
    plugin = next(plugin for plugin in registry.plugins if plugin.name == "acme")
    assert (plugin.distribution, plugin.version) == ("headgate-acme", "1.2.3")
    assert plugin.kinds == ("acme",)
    assert plugin.error is None
    loaded = load_text("providers: {acme: {region: us}}", "gateway.yaml", {})
    provider = registry.provider("acme", loaded.config.providers["acme"], loaded.source)
    assert provider.base_url == "https://acme.example"
    assert provider.region == "us"  # type: ignore[attr-defined]


@pytest.mark.parametrize(("code", "summary"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_listed_with_its_traceback_and_harms_no_other(
    install: Install, code: str, summary: str
) -> None:
    install("headgate-bad", code, plugin="bad")
    install("headgate-acme", GOOD)
    registry = discover()
    bad = next(plugin for plugin in registry.plugins if plugin.name == "bad")
    assert bad.error is not None
    assert "Traceback (most recent call last)" in bad.error
    assert bad.summary.endswith(summary)
    assert "\n" not in bad.summary
    assert {"acme", "echo"} <= set(registry.kinds)


def test_a_broken_plugin_is_fatal_only_to_who_uses_it(install: Install) -> None:
    install("headgate-bad", "import nobody_has_this_module", plugin="bad")
    registry = discover()
    loaded = load_text("providers: {echo: {}}", "gateway.yaml", {})
    registry.provider("echo", loaded.config.providers["echo"], loaded.source)
    assert provider_error(registry, "providers:\n  mine:\n    kind: bad\n") == [
        (
            "gateway.yaml:3: the plugin bad (headgate-bad 1.2.3), which should offer the kind 'bad', "
            "cannot be loaded: ModuleNotFoundError: No module named 'nobody_has_this_module'; "
            "'headgate plugins' shows the traceback"
        )
    ]


def test_a_missing_kind_names_the_plugins_that_were_not_loaded(install: Install) -> None:
    install("headgate-bad", "raise SystemExit", plugin="bad")
    (line,) = provider_error(discover(), "providers:\n  mine: {kind: ecko}\n")
    assert line == (
        "gateway.yaml:2: no installed plugin offers the kind 'ecko'; did you mean 'echo'?; "
        "not loaded: bad (headgate-bad 1.2.3), see 'headgate plugins'"
    )


def test_two_distributions_with_one_kind_are_both_named(install: Install) -> None:
    install("headgate-acme", GOOD)
    install("other-acme", GOOD, plugin="acme2", version="0.9")
    assert discover().conflicts == (
        (
            "the provider kind 'acme' is offered by two distributions, headgate-acme 1.2.3 and "
            "other-acme 0.9; uninstall one of them"
        ),
    )


def test_a_distribution_without_metadata_hides_no_other(install: Install, site: Path) -> None:
    install("headgate-acme", GOOD)
    (site / "ghost-1.0.dist-info").mkdir()
    (site / "ghost-1.0.dist-info" / "entry_points.txt").write_text(
        "[headgate.plugins]\ng = ghost\n"
    )
    importlib.invalidate_caches()
    registry = discover()
    assert "acme" in registry.kinds
    assert "echo" in registry.kinds


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ("{regoin: us}", ["2: unknown key 'regoin' for kind 'acme'; did you mean 'region'?"]),
        ("{retries: often}", ["2: providers.acme.retries: expected a whole number, got text"]),
        (
            "{region: no}",
            [
                "2: providers.acme.region: expected text, got the truth value false; put it in quotes"
            ],
        ),
        (
            "{limits: {a: 1, b: x}}",
            ["2: providers.acme.limits.b: expected a whole number, got text"],
        ),
        (
            "{region: moon}",
            [
                "2: kind 'acme' refuses these options: ValueError: there is no data centre on the moon"
            ],
        ),
        (
            "{retries: x, x: 1}",
            [
                "2: providers.acme.retries: expected a whole number, got text",
                (
                    "2: unknown key 'x' for kind 'acme'; valid here: base_url, concurrency, "
                    "discover, drop_unsupported, keys, "
                    "kind, limits, region, retries, timeouts"
                ),
            ],
        ),
    ],
)
def test_a_wrong_option_is_told_with_its_line(
    install: Install, options: str, lines: list[str]
) -> None:
    install("headgate-acme", GOOD)
    text = f"providers:\n  acme: {options}\n"
    assert provider_error(discover(), text) == [f"gateway.yaml:{line}" for line in lines]


def test_a_missing_option_is_told_with_the_providers_line(install: Install) -> None:
    install(
        "headgate-acme",
        GOOD.replace('region: str = "eu"', "").replace(
            'base_url: str = "https://acme.example"', "base_url: str"
        ),
    )
    assert provider_error(discover(), "providers:\n  acme: {}\n") == [
        "gateway.yaml:2: providers.acme has no 'base_url', which kind 'acme' needs"
    ]


def test_an_option_no_checker_understands_blames_the_plugin(install: Install) -> None:
    code = GOOD.replace('region: str = "eu"', "region: Odd = None").replace(
        "@dataclass", "class Odd: pass\n\n@dataclass", 1
    )
    install("headgate-acme", code)
    (line,) = provider_error(discover(), "providers:\n  acme: {region: eu}\n")
    assert line.startswith("gateway.yaml:2: the plugin of kind 'acme' cannot check 'region': ")


def run(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "headgate", *words],
        cwd=site,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_plugins_verb_shows_tracebacks_and_conflicts_and_ends_with_0(
    install: Install, site: Path
) -> None:
    install("headgate-bad", "import nobody_has_this_module", plugin="bad")
    install("headgate-exit", "import sys; sys.exit(4)", plugin="exit")
    install("headgate-acme", GOOD)
    install("other-acme", GOOD, plugin="acme2")
    done = run(site, "plugins")
    assert done.returncode == 0
    assert "conflict: the provider kind 'acme' is offered by two distributions" in done.stdout
    assert "bad (headgate-bad 1.2.3) cannot be loaded:" in done.stdout
    assert "ModuleNotFoundError: No module named 'nobody_has_this_module'" in done.stdout
    assert "SystemExit: 4" in done.stdout
    found = json.loads(run(site, "plugins", "--json").stdout)
    broken = {plugin["name"] for plugin in found["plugins"] if not plugin["ok"]}
    assert broken == {"bad", "exit"}


def test_check_refuses_a_file_that_uses_a_broken_plugin(install: Install, site: Path) -> None:
    install("headgate-bad", "import nobody_has_this_module", plugin="bad")
    (site / "gateway.yaml").write_text("providers:\n  echo: {}\n  bad: {}\n")
    done = run(site, "check")
    assert done.returncode == 1
    assert done.stderr.startswith("gateway.yaml:3: the plugin bad (headgate-bad 1.2.3)")
    (site / "gateway.yaml").write_text("providers:\n  echo: {}\n")
    assert run(site, "check").returncode == 0

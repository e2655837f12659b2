"""The shape of the house as functions over a source tree: each returns what breaks the rule."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

MAX_FILE, MAX_PLUGIN_FILE, MAX_FUNCTION = 400, 300, 60
_VENDORS = re.compile(
    r"gemini|google|vertex|bedrock|cohere|mistral|groq|\bxai|deepseek|openrouter|perplexity"
    r"|fireworks|cerebras|lm ?studio|vllm|llama|hugging|azure|claude",
    re.IGNORECASE,
)
DRAWERS = {"utils", "util", "helpers", "helper", "common", "core", "manager", "misc"}
#: Index hosts and download addresses have no place in a lock file.
_ADDRESS = re.compile(r"https?://|--index-url|--extra-index-url|--find-links|\bresolved\b")


def python_files(root: Path) -> Iterator[Path]:
    """Every module of the core, the plugins and the tests."""
    for folder in ("src", "plugins", "tests", "docs"):
        for path in sorted((root / folder).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path


def long_files(root: Path) -> list[str]:
    """Files of more than `MAX_FILE` lines."""
    return [
        f"{path.relative_to(root)}: {lines} lines"
        for path in python_files(root)
        if (lines := len(path.read_text("utf-8").splitlines())) > MAX_FILE
    ]


def long_functions(root: Path) -> list[str]:
    """Functions of more than `MAX_FUNCTION` lines."""
    found = []
    for path in python_files(root):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION:
                    found.append(f"{path.relative_to(root)}:{node.lineno} {node.name}: {lines}")
    return found


def drawers(root: Path) -> list[str]:
    """Files and folders whose name says nothing."""
    return [
        str(path.relative_to(root))
        for path in python_files(root)
        if DRAWERS & {*path.relative_to(root).with_suffix("").parts}
    ]


def undocumented(root: Path) -> list[str]:
    """Public modules, classes and functions of the core and plugins without a docstring."""
    found = []
    for path in python_files(root):
        if "tests" in path.parts or "src" not in path.parts:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        if not ast.get_docstring(tree):
            found.append(f"{path.relative_to(root)}: the module")
        for node in tree.body:
            named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if named and not node.name.startswith("_") and not ast.get_docstring(node):
                found.append(f"{path.relative_to(root)}:{node.lineno} {node.name}")
    return found


def foreign_plugin_imports(root: Path) -> list[str]:
    """Plugins may import the standard library, `headgate`, other plugins' public names, and what
    their own pyproject.toml declares.
    """
    import sys

    always = {*sys.stdlib_module_names, "headgate"}
    always |= {path.parent.name for path in (root / "plugins").glob("*/src/*/__init__.py")}
    found = []
    for path in sorted((root / "plugins").glob("*/src/**/*.py")):
        allowed = always | _declared(root / "plugins" / path.relative_to(root).parts[1])
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                top, _, rest = name.partition(".")
                if top not in allowed or (top == "headgate" and rest):
                    found.append(f"{path.relative_to(root)}:{node.lineno} {name}")
    return found


def _declared(plugin: Path) -> set[str]:
    """The packages a plugin says it depends on."""
    import tomllib

    file = plugin / "pyproject.toml"
    if not file.is_file():
        return set()
    declared = tomllib.loads(file.read_text("utf-8"))["project"].get("dependencies", [])
    return {re.split(r"[^A-Za-z0-9_.-]", one)[0].replace("-", "_") for one in declared}


def long_plugin_files(root: Path) -> list[str]:
    """Files of plugins of more than `MAX_PLUGIN_FILE` lines."""
    return [
        f"{path.relative_to(root)}: {lines} lines"
        for path in sorted((root / "plugins").glob("*/src/**/*.py"))
        if (lines := len(path.read_text("utf-8").splitlines())) > MAX_PLUGIN_FILE
    ]


def vendors_in_the_core(root: Path) -> list[str]:
    """Names of vendors in the core: what is peculiar to one belongs into its plugin. The owners of
    the two client dialects are named for their dialects; the log knows how keys begin.
    """
    return [
        f"{path.relative_to(root)}:{number} {found[0]}"
        for path in sorted((root / "src" / "headgate").rglob("*.py"))
        if path.name != "log.py"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if (found := _VENDORS.search(line))
    ]


def mutable_globals(root: Path) -> list[str]:
    """`global` statements: state has three homes, and a module is none of them."""
    return [
        f"{path.relative_to(root)}:{node.lineno}"
        for path in python_files(root)
        if "src" in path.parts
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Global)
    ]


def addresses_in_locks(root: Path) -> list[str]:
    """Lines of lock files that name where packages come from."""
    locks = [*(root / "deploy/lock").glob("*.txt"), *(root / "tests").rglob("package-lock.json")]
    return [
        f"{path.relative_to(root)}:{number}"
        for path in locks
        if "node_modules" not in path.parts
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if _ADDRESS.search(line) and '"url"' not in line and '"funding"' not in line
    ]


def top_level(root: Path) -> list[str]:
    """Entries at the top that the plan does not name; hidden ones are tools' own."""
    planned = {
        *("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile", "gateway.yaml"),
        *("src", "plugins", "tests", "deploy", "docs"),
    }
    return [
        path.name
        for path in sorted(root.iterdir())
        if not path.name.startswith(".") and path.name not in planned
    ]


RULES = (
    long_files,
    long_functions,
    drawers,
    undocumented,
    foreign_plugin_imports,
    long_plugin_files,
    vendors_in_the_core,
    mutable_globals,
    addresses_in_locks,
    top_level,
)

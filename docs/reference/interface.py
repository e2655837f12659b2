"""The plugin interface: every public name of `import headgate as hg`."""

from __future__ import annotations

import dataclasses
import inspect
import re
from enum import EnumType
from typing import Any

import headgate as hg
from reference.markdown import code, table, words

GROUPS = {
    "A provider": ("Provider", "Feed", "Token", "Credentials", "Listed", "hookimpl", "API_VERSION"),
    "What it is asked with": ("Call", "Operation", "Resource", "Target", "Traits"),
    "A call in neutral words": (
        "Chat",
        "Message",
        "Part",
        "TextPart",
        "ImagePart",
        "AudioPart",
        "FilePart",
        "CallPart",
        "ReasoningPart",
        "Tool",
        "Embed",
        "Rerank",
        "inline",
    ),
    "What it sends, and what comes back": ("Request", "Response", "Frame", "Script", "Step"),
    "Cutting a stream": ("Framer", "SSE", "NDJSON"),
    "What it says of an answer": (
        "Event",
        "Text",
        "TokenLogprob",
        "Reasoning",
        "ToolCall",
        "Usage",
        "chat_usage",
        "responses_usage",
        "messages_usage",
        "Finish",
        "Vector",
        "Ranked",
    ),
    "What went wrong": (
        "Kind",
        "Failure",
        "CallFailed",
        "Unsupported",
        "by_status",
        "from_error",
        "error_object",
        "failed_status",
        "retry_after",
        "reset_after",
    ),
}
_ABOUT = {
    "API_VERSION": "The version of this interface. A plugin says which one it was written for: "
    "`headgate_api = 1`.",
    "Event": "Any of the seven below.",
    "Part": "What a message holds: any of the six below.",
    "hookimpl": "Marks a function of the plugin's module as a hook's implementation. There is one "
    "hook: `providers()`, the provider classes this plugin adds.",
}
_CLASS_VARIABLE = re.compile(r"((?: +#: .*\n)*) +(\w+): ClassVar\[(.+)\](?: = (.+))?\n")


def names() -> str:
    """Every public name, in groups."""
    listed = [name for group in GROUPS.values() for name in group]
    if missing := set(hg.__all__) ^ set(listed):
        raise RuntimeError(f"public names and groups differ in {sorted(missing)}")
    return "\n".join(
        f"## {group}\n\n" + "\n".join(_entry(name, getattr(hg, name)) for name in members)
        for group, members in GROUPS.items()
    )


def _entry(name: str, thing: Any) -> str:
    about = _ABOUT.get(name) or inspect.getdoc(thing) or ""
    text = f"### `{name}`\n\n{about}\n"
    if isinstance(thing, EnumType):
        return f"{text}\nMembers: {words(thing.__members__)}.\n"
    if inspect.isfunction(thing):
        return f"{text}\n`{name}{_signature(thing)}`\n"
    if isinstance(thing, type) and thing.__module__.startswith("headgate."):
        return text + _variables(thing) + _fields(thing) + _methods(thing)
    return text


def _variables(cls: type) -> str:
    rows: list[tuple[str, str, str, str]] = []
    for comment, name, type_, default in _CLASS_VARIABLE.findall(inspect.getsource(cls)):
        # One comment may stand over several variables.
        meaning = comment.replace("#:", "") or rows[-1][3]
        rows.append((code(name), code(type_), code(default or ""), meaning))
    return "\n" + table(("class variable", "type", "default", "meaning"), rows) if rows else ""


def _fields(cls: type) -> str:
    if dataclasses.is_dataclass(cls):
        rows = [
            (code(field.name), code(str(field.type)), _default(field))
            for field in dataclasses.fields(cls)
        ]
    elif hasattr(cls, "_fields"):
        hints = {n: t for base in reversed(cls.__mro__) for n, t in _annotations(base).items()}
        rows = [
            (code(name), code(str(hints[name])), _plain(cls._field_defaults.get(name)))  # type: ignore[attr-defined] # a named tuple's
            for name in cls._fields
        ]
    else:
        return ""
    return "\n" + table(("field", "type", "default"), rows)


def _annotations(cls: type) -> dict[str, Any]:
    found = inspect.get_annotations(cls)
    # Named tuples keep unevaluated annotations as forward references.
    return {name: getattr(hint, "__forward_arg__", hint) for name, hint in found.items()}


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return _plain(field.default)
    return "empty" if field.default_factory is not dataclasses.MISSING else ""


def _plain(value: Any) -> str:
    if value is None or value in ((), frozenset()):
        return ""
    return "empty" if hasattr(value, "keys") else code(repr(value))


def _methods(cls: type) -> str:
    lines = []
    for name in vars(cls):
        member: Any = inspect.getattr_static(cls, name)
        if name.startswith("_"):
            continue
        inner = getattr(member, "fget", None) or getattr(member, "func", None)
        about = inspect.getdoc(inner or member) or ""
        if inspect.isfunction(member):
            lines.append(f"- `{name}{_signature(member)}` {_joined(about)}")
        elif inner is not None:
            lines.append(f"- `{name}` {_joined(about)}")
    return "\n" + "\n".join(lines) + "\n" if lines else ""


def _joined(text: str) -> str:
    return " ".join(text.split())


def _signature(function: Any) -> str:
    signature = inspect.signature(function)
    parameters = [p for p in signature.parameters.values() if p.name != "self"]
    return str(signature.replace(parameters=parameters)).replace("'", "")

"""Whether JSON is what a type of a vendor's SDK describes, without any field it does not know.

The types are typed dictionaries in some SDKs and pydantic models in others; the latter check an
iterable only when somebody looks into it, and most of them take unknown fields without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin

from pydantic import BaseModel
from typing_extensions import TypeAliasType, get_type_hints, is_typeddict

#: Fields that a vendor has beside those of the type: name of the type -> names of the fields.
Own = Mapping[str, frozenset[str]]
_NONE: Own = {}


def misfit(value: Any, hint: Any, where: str = "", own: Own = _NONE) -> str | None:
    """The path of the deepest thing that does not fit, and why; None where everything does."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint in (Any, object):
        return None
    if isinstance(hint, TypeAliasType):
        return misfit(value, hint.__value__, where, own)
    if isinstance(origin, TypeAliasType):
        return misfit(value, origin.__value__[inner], where, own)
    if origin in (Required, NotRequired, Annotated):
        return misfit(value, inner[0], where, own)
    if origin in (Union, UnionType):
        return _nearest(misfit(value, one, where, own) for one in inner)
    if origin is Literal:
        fits = any(value == one and type(value) is type(one) for one in inner)
        return None if fits else f"{where}: {value!r} is not one of {inner}"
    if is_typeddict(hint):
        hints = _hints(hint)
        return _object(value, hints, _required(hint), where, hint.__name__, own)
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return _model(value, hint, where, own)
    if origin in (dict, Mapping):
        named = value.items() if isinstance(value, dict) else None
        return _all(named, inner[1], where, own)
    if origin in (list, Iterable, Sequence):
        placed = enumerate(value) if isinstance(value, list) else None
        return _all(placed, inner[0], where, own)
    return None if _is(value, hint) else f"{where}: {value!r} is no {hint}"


@cache
def _hints(described: type) -> dict[str, Any]:
    return get_type_hints(described)


@cache
def _required(described: Any) -> frozenset[str]:
    # The class itself does not see what is required where its annotations are text.
    marks = get_type_hints(described, include_extras=True)
    said = {name for name, hint in marks.items() if get_origin(hint) is Required}
    spared = {name for name, hint in marks.items() if get_origin(hint) is NotRequired}
    return frozenset(said | (described.__required_keys__ - spared))


def _is(value: Any, hint: Any) -> bool:
    if hint in (None, NoneType):
        return value is None
    if hint is float:
        return type(value) in (int, float)
    return type(value) is hint


def _nearest(found: Iterator[str | None]) -> str | None:
    complaints = []
    for complaint in found:
        if complaint is None:
            return None
        complaints.append(complaint)
    # Whichever alternative fits furthest is the one that was meant.
    return max(complaints, key=lambda one: len(one.partition(": ")[0]), default="no alternative")


def _all(pairs: Iterable[tuple[Any, Any]] | None, hint: Any, where: str, own: Own) -> str | None:
    if pairs is None:
        return f"{where}: another kind of value"
    complaints = (misfit(said, hint, f"{where}.{at}", own) for at, said in pairs)
    return next((one for one in complaints if one is not None), None)


def _model(value: Any, hint: type[BaseModel], where: str, own: Own) -> str | None:
    fields = {field.alias or name: field for name, field in hint.model_fields.items()}
    hints = {name: field.annotation for name, field in fields.items()}
    required = {name for name, field in fields.items() if field.is_required()}
    return _object(value, hints, required, where, hint.__name__, own)


def _object(
    value: Any, hints: Mapping[str, Any], required: Iterable[str], where: str, name: str, own: Own
) -> str | None:
    if not isinstance(value, dict):
        return f"{where}: not an object"
    known = {field: said for field, said in value.items() if field in hints}
    if any(_is_tag(hints[field]) and misfit(said, hints[field]) for field, said in known.items()):
        return f"{where}: no {name}"
    if unknown := sorted(value.keys() - hints.keys() - own.get(name, frozenset())):
        return f"{where}.{unknown[0]}: {name} has no such field"
    if missing := sorted(set(required) - value.keys()):
        return f"{where}: {name} needs {missing[0]}"
    complaints = (
        misfit(said, hints[field], f"{where}.{field}", own) for field, said in known.items()
    )
    return next((one for one in complaints if one is not None), None)


def _is_tag(hint: Any) -> bool:
    """Whether a field has only one value: what tells one alternative from another."""
    while get_origin(hint) in (Required, NotRequired, Annotated):
        hint = get_args(hint)[0]
    return get_origin(hint) is Literal and len(get_args(hint)) == 1

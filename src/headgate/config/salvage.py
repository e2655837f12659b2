"""What can be used of a configuration with mistakes, so that one run also finds later ones."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from headgate.config.schema import NAMELESS, UNREADABLE, Config
from headgate.config.wording import causes

#: Mending one place may lay open the next; it never takes many rounds.
_ROUNDS = 4


def salvage(data: dict[str, Any]) -> Config | None:
    """A valid configuration near `data`: places that are wrong get defaults or stand-ins.

    Routes and targets keep their places, so that lines stay right. None where too little is left
    for further checks to be fair.
    """
    data = copy.deepcopy(data)
    for _ in range(_ROUNDS):
        try:
            return Config.model_validate(data)
        except ValidationError as invalid:
            for error in causes(invalid):
                if error["loc"] == ("providers",):
                    return None
                _mend(data, error["loc"])
    return None


def _mend(data: dict[str, Any], where: Sequence[str | int]) -> None:
    match tuple(where):
        case ("providers", str(name)):
            data["providers"][name] = {}
        case ("routes", int(at)):
            data["routes"][at] = _route(at)
        case ("routes", int(at), "name"):
            _forget_name(data, at)
        case ("routes", int(at), "targets"):
            data["routes"][at]["targets"] = [UNREADABLE]
        case ("routes", int(at), "targets", int(number)) | (
            "routes",
            int(at),
            "targets",
            int(number),
            "to",
        ):
            data["routes"][at]["targets"][number] = UNREADABLE
        case path:
            _drop(data, path)


def _route(at: int) -> dict[str, Any]:
    return {"name": f"{NAMELESS}{at}", "targets": [UNREADABLE]}


def _forget_name(data: dict[str, Any], at: int) -> None:
    """Another name for a route whose own is not valid; who refers to it made no mistake."""
    name = data["routes"][at].get("name")
    data["routes"][at]["name"] = _route(at)["name"]
    if not isinstance(name, str):
        return
    for route in data["routes"]:
        targets = route.get("targets") if isinstance(route, dict) else None
        if not isinstance(targets, list):
            continue
        for number, target in enumerate(targets):
            if name in (target, target.get("to") if isinstance(target, dict) else None):
                targets[number] = UNREADABLE


def _drop(data: dict[str, Any], path: tuple[str | int, ...]) -> None:
    """Takes out the innermost key on `path`: a list with a wrong item goes as a whole."""
    here: Any = data
    holder: dict[str, Any] = data
    key = str(path[0])
    for part in path:
        if isinstance(here, dict):
            holder, key = here, str(part)
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            break
    holder.pop(key, None)

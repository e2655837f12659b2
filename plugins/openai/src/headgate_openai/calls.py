"""Tool calls as they arrive in pieces, numbered densely however their vendor numbers them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import headgate as hg


@dataclass(slots=True)
class _Slot:
    """One call. It begins when its name is known; arguments that come sooner wait."""

    number: int
    id: str | None = None
    begun: bool = False
    waiting: str = ""


class Calls:
    """The tool calls of one choice.

    Vendors number calls from 0, from 1, all as 0, or not at all; they repeat ids and names in every
    piece, or leave an id out, which is then made from the call's own.
    """

    __slots__ = ("_by_id", "_by_index", "_call_id", "_choice", "_slots")

    def __init__(self, call_id: str, choice: int) -> None:
        self._call_id = call_id
        self._choice = choice
        self._slots: list[_Slot] = []
        self._by_index: dict[int, _Slot] = {}
        self._by_id: dict[str, _Slot] = {}

    @property
    def count(self) -> int:
        """How many calls there are so far."""
        return len(self._slots)

    def take(self, pieces: Iterable[Any]) -> Iterable[hg.ToolCall]:
        """The events in the `tool_calls` of one delta or message."""
        for piece in pieces:
            if not isinstance(piece, dict):
                raise ValueError("a tool call is not an object")
            function = piece.get("function")
            if function is not None and not isinstance(function, dict):
                raise ValueError("a tool call's function is not an object")
            yield from self._piece(self._slot(piece, function or {}), piece, function or {})

    def check(self) -> None:
        """Raises `ValueError` if a call never got its name."""
        if any(not slot.begun for slot in self._slots):
            raise ValueError("a tool call has no name")

    def _slot(self, piece: Mapping[str, Any], function: Mapping[str, Any]) -> _Slot:
        said_id, index = piece.get("id") or None, piece.get("index")
        if isinstance(said_id, str) and said_id in self._by_id:
            return self._by_id[said_id]
        slot: _Slot | None = None
        if type(index) is int:
            slot = self._by_index.get(index)
        elif self._slots and not said_id and not function.get("name"):
            slot = self._slots[-1]
        if slot is None or (isinstance(said_id, str) and slot.id is not None):
            slot = _Slot(len(self._slots))
            self._slots.append(slot)
        if isinstance(said_id, str):
            slot.id = said_id
            self._by_id[said_id] = slot
        if type(index) is int:
            self._by_index[index] = slot
        return slot

    def _piece(
        self, slot: _Slot, piece: Mapping[str, Any], function: Mapping[str, Any]
    ) -> Iterable[hg.ToolCall]:
        name, said = function.get("name"), function.get("arguments")
        if said is None:
            said = ""
        arguments = said if isinstance(said, str) else json.dumps(said)
        signature = _signature(piece.get("extra_content"))
        if slot.begun:
            if arguments or signature:
                yield hg.ToolCall(
                    slot.number, arguments=arguments, choice=self._choice, signature=signature
                )
            return
        if not isinstance(name, str) or not name:
            slot.waiting += arguments
            return
        slot.begun = True
        # Unique among the turns of a conversation, and the same for the same call.
        made_up = f"call_{self._call_id}_{self._choice}_{slot.number}"
        slot.id = slot.id or made_up
        yield hg.ToolCall(
            slot.number, slot.id, name, slot.waiting + arguments, self._choice, signature
        )


def _signature(extra: Any) -> str | None:
    """The signature beside a call, wherever in `extra_content` its vendor put it."""
    if not isinstance(extra, dict):
        return None
    for holder in (extra, *extra.values()):
        said = holder.get("thought_signature") if isinstance(holder, dict) else None
        if isinstance(said, str):
            return said
    return None

"""Writing translated events as Messages answers, whole and streamed.

An answer is a list of blocks, and a stream may have only one of them open. So what belongs to a
later block waits until the one before it is complete: a text as soon as something else comes, a
tool call when its arguments are. A whole answer is the same list, written at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from headgate.dialects.anthropic_blocks import TOOL_SIGNATURE
from headgate.dialects.anthropic_usage import write_usage
from headgate.provider.call import Call
from headgate.provider.events import Event, Finish, Reasoning, Text, ToolCall, Usage
from headgate.provider.failure import CallFailed, Failure, Kind

_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


class Block:
    """A content block that grows: `start` as it begins, `text` in the pieces that came."""

    __slots__ = ("_length", "_looked", "closed", "delta", "pieces", "signature", "start")

    def __init__(self, start: dict[str, Any], delta: str = "") -> None:
        self.start = start
        #: The type of its deltas; empty for a block that is whole from the start.
        self.delta = delta
        self.pieces: list[str] = []
        self.signature: str | None = None
        #: Nothing more can belong to it.
        self.closed = not delta
        self._length = self._looked = 0

    def add(self, piece: str) -> None:
        """Takes a piece. Blanks before arguments are nothing."""
        if piece if self.pieces else piece.strip() or self.delta != "input_json_delta":
            self.pieces.append(piece)
            self._length += len(piece)

    @property
    def text(self) -> str:
        """All of it so far."""
        return "".join(self.pieces)

    def complete(self) -> bool:
        """Whether a block that something else follows can be closed."""
        if self.closed or self.delta != "input_json_delta":
            return True
        # Arguments of which some are still to come may look complete now and then: looking only
        # after they have doubled keeps the work in proportion to their length.
        if not self.pieces or not self.pieces[-1].rstrip().endswith("}"):
            return False
        if self._length < 2 * self._looked:
            return False
        self._looked = self._length
        self.closed = _arguments(self.text) is not None
        return self.closed

    def written(self) -> dict[str, Any]:
        """The whole block."""
        match self.delta:
            case "text_delta":
                return {**self.start, "text": self.text}
            case "thinking_delta":
                return {**self.start, "thinking": self.text, "signature": self.signature or ""}
            case "input_json_delta":
                return {**self.start, "input": _arguments(self.text) or {}}
            case _:
                return self.start


class Blocks:
    """The blocks of one answer, in the order in which they began."""

    def __init__(self, call_id: str) -> None:
        self._call_id = call_id
        self._tools: dict[int, Block] = {}
        #: Why the answer ended; until it has, the likeliest.
        self.finish = Finish("stop")
        self.all: list[Block] = []

    def take(self, event: Event) -> None:
        """Puts a piece where it belongs. Raises `CallFailed` for arguments that are not JSON."""
        match event:
            case Text(text, 0) if text:
                self._open("text_delta", {"type": "text", "text": ""}).add(text)
            case Reasoning(choice=0):
                self._think(event)
            case ToolCall(choice=0):
                self._call(event)
            case Finish(choice=0):
                self.finish = event
                self.end()
            case _:
                pass

    def end(self) -> None:
        """Nothing more comes. Raises `CallFailed` for arguments that are not JSON."""
        for block in self._tools.values():
            # An answer that was too long may end in the middle of a call.
            whole = self.finish.reason == "length" or not block.pieces or _arguments(block.text)
            if whole is None:
                raise _not_json()
        for block in self.all:
            block.closed = True

    @property
    def stop(self) -> dict[str, Any]:
        """Why the answer ended, as a message says it."""
        reason = _STOP_REASONS.get(self.finish.reason, "end_turn")
        if reason == "end_turn" and self.finish.stop_sequence is not None:
            reason = "stop_sequence"
        elif reason == "end_turn" and self._tools:
            # Whoever forces a call is told `stop` by some vendors; these clients go by the reason.
            reason = "tool_use"
        sequence = self.finish.stop_sequence if reason == "stop_sequence" else None
        return {"stop_reason": reason, "stop_sequence": sequence}

    def _open(self, delta: str, start: dict[str, Any]) -> Block:
        last = self.all[-1] if self.all else None
        if last is None or last.closed or last.delta != delta:
            last = Block(start, delta)
            self.all.append(last)
        return last

    def _think(self, event: Reasoning) -> None:
        if event.text or event.signature is not None:
            block = self._open(
                "thinking_delta", {"type": "thinking", "thinking": "", "signature": ""}
            )
            if event.text:
                block.add(event.text)
            if event.signature is not None:
                block.signature, block.closed = event.signature, True
        if event.redacted is not None:
            self.all.append(Block({"type": "redacted_thinking", "data": event.redacted}))

    def _call(self, event: ToolCall) -> None:
        block = self._tools.get(event.index)
        if block is None:
            if event.signature is not None:
                data = TOOL_SIGNATURE + event.signature
                self.all.append(Block({"type": "redacted_thinking", "data": data}))
            start = {
                "type": "tool_use",
                "id": event.id or f"toolu_{self._call_id}_{event.index}",
                "name": event.name or "",
                "input": {},
            }
            block = self._tools[event.index] = Block(start, "input_json_delta")
            self.all.append(block)
        if not block.closed:
            block.add(event.arguments)
        elif event.arguments.strip():
            raise _not_json()


def render_whole(call: Call, events: Iterable[Event]) -> bytes:
    """One message."""
    blocks, usage = Blocks(call.id), Usage()
    for event in events:
        if isinstance(event, Usage):
            usage = usage.updated(event)
        else:
            blocks.take(event)
    blocks.end()
    content = [block.written() for block in blocks.all]
    return orjson.dumps(_message(call, content, blocks.stop, usage))


class MessageRenderer:
    """The events of one streamed message; a block's delta for every piece of it."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._blocks = Blocks(call.id)
        self._usage = Usage()
        self._begun = False
        # The block that is open: its number, whether its start is out, and how many pieces.
        self._at = 0
        self._started = False
        self._sent = 0

    def render(self, event: Event) -> bytes:
        if isinstance(event, Usage):
            self._usage = self._usage.updated(event)
            return b""
        self._blocks.take(event)
        return b"".join(self._new())

    def close(self, usage: Usage | None) -> bytes:
        self._blocks.end()
        delta = {
            "type": "message_delta",
            "delta": {**self._blocks.stop, "stop_details": None},
            "usage": write_usage(usage or self._usage),
        }
        return b"".join([*self._new(), _frame(delta), _frame({"type": "message_stop"})])

    def _new(self) -> Iterator[bytes]:
        if not self._begun:
            self._begun = True
            nothing = {"stop_reason": None, "stop_sequence": None}
            message = _message(self._call, [], nothing, self._usage)
            yield _frame({"type": "message_start", "message": message})
        blocks = self._blocks.all
        while self._at < len(blocks):
            block = blocks[self._at]
            yield from self._grow(block)
            followed = self._at + 1 < len(blocks)
            if not (block.closed or (followed and block.complete())):
                return
            yield from self._shut(block)

    def _grow(self, block: Block) -> Iterator[bytes]:
        if not self._started:
            self._started = True
            yield _frame(
                {"type": "content_block_start", "index": self._at, "content_block": block.start}
            )
        for piece in block.pieces[self._sent :]:
            yield self._delta({"type": block.delta, _FIELDS[block.delta]: piece})
        self._sent = len(block.pieces)

    def _shut(self, block: Block) -> Iterator[bytes]:
        if block.signature is not None:
            yield self._delta({"type": "signature_delta", "signature": block.signature})
        yield _frame({"type": "content_block_stop", "index": self._at})
        self._at, self._started, self._sent = self._at + 1, False, 0

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return _frame({"type": "content_block_delta", "index": self._at, "delta": delta})


#: Where a delta of each type keeps its piece.
_FIELDS = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
}


def _message(
    call: Call, content: list[dict[str, Any]], stop: dict[str, Any], usage: Usage
) -> dict[str, Any]:
    return {
        "id": f"msg_{call.id}",
        "type": "message",
        "role": "assistant",
        "model": call.model,
        "content": content,
        **stop,
        "stop_details": None,
        "usage": write_usage(usage),
    }


def _frame(event: dict[str, Any]) -> bytes:
    name: str = event["type"]
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(event) + b"\n\n"


def _arguments(text: str) -> dict[str, Any] | None:
    """The object in the arguments of a call; None if there is none, or not all of it."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _not_json() -> CallFailed:
    message = "the provider's tool call has arguments that are not a JSON object"
    return CallFailed(Failure(Kind.GARBLED, message))

"""What every client dialect answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from headgate.provider.call import Call, Operation
from headgate.provider.events import Event, Usage
from headgate.provider.failure import Failure
from headgate.provider.wire import Frame


class Tap(Protocol):
    """Watches a relayed stream and reads from it only what metering and honesty need."""

    #: Something a person would see has gone by: content, reasoning or a tool call.
    visible: bool
    #: The stream is complete by its own protocol.
    whole: bool
    #: The protocol's terminal message has gone by; whatever follows is not the answer.
    ended: bool
    usage: Usage | None
    #: Characters of visible output so far, for an estimate where no usage came.
    characters: int
    finish: str | None
    #: The vendor's own id of the answer.
    upstream_id: str | None
    #: An error the vendor sent inside the stream.
    failure: Failure | None

    def like_the_last(self, raw: bytes) -> bool:
        """Whether `raw` is one frame that differs from an earlier one only in its text.

        Then it has been noted, and the client gets it. Most frames of a stream are; what is the
        same to the byte need not be parsed again.
        """
        ...

    def see(self, frame: Frame) -> bytes:
        """Takes note of one frame; what the client gets for it: `frame.raw`, as a rule, or
        nothing.

        Raises `ValueError` for a frame that is not what this dialect sends.
        """
        ...


class Reading:
    """What metering needs from a whole relayed answer."""

    __slots__ = ("body", "finish", "upstream_id", "usage")

    def __init__(
        self, body: bytes, usage: Usage | None, finish: str | None, upstream_id: str | None
    ) -> None:
        self.body = body
        self.usage = usage
        self.finish = finish
        self.upstream_id = upstream_id


class Renderer(Protocol):
    """Writes the events of one translated stream as the client's frames."""

    def render(self, event: Event) -> bytes:
        """The bytes that say `event`; empty where the dialect says it elsewhere."""
        ...

    def close(self, usage: Usage | None) -> bytes:
        """The bytes that end a whole stream."""
        ...


class Dialect(Protocol):
    """One wire format that clients speak."""

    name: str
    operation: Operation
    path: str

    def parse(self, call_id: str, body: dict[str, Any], headers: Mapping[str, str]) -> Call:
        """A checked call. Raises `CallFailed` naming the parameter."""
        ...

    def read(self, call: Call, body: bytes) -> Reading:
        """Reads a whole relayed answer. Raises `ValueError` if it is not one, `CallFailed` if it
        is an error dressed as success.
        """
        ...

    def tap(self, call: Call) -> Tap:
        """A fresh tap for one relayed stream."""
        ...

    def whole(self, call: Call, events: Iterable[Event], created: int) -> bytes:
        """A whole translated answer."""
        ...

    def renderer(self, call: Call, created: int) -> Renderer:
        """A fresh renderer for one translated stream."""
        ...

    def end(self) -> bytes:
        """What ends a whole relayed stream whose vendor forgot to."""
        ...

    def error(self, failure: Failure, request_id: str) -> bytes:
        """The body of an error answer."""
        ...

    def cut(self, failure: Failure, request_id: str) -> bytes:
        """The in-band error that ends a stream that broke after it was committed."""
        ...

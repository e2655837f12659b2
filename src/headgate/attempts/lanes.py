"""What becomes of a stream's bytes: relayed as they are, or translated. No I/O.

Both lanes are fed what arrives and return what the client gets; they never raise, they note a
`failure`, so that everything before it still goes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from headgate.dialects.base import Dialect, Tap
from headgate.provider.base import Provider
from headgate.provider.call import Call, Target
from headgate.provider.events import Event, Finish, Reasoning, Text, ToolCall, Usage
from headgate.provider.failure import CallFailed, Failure, Kind
from headgate.provider.framing import SSE, Framer, FrameTooLarge
from headgate.provider.secret import Secret
from headgate.provider.wire import Frame


class Lane(Protocol):
    """One stream on its way from vendor to client."""

    #: Why the stream cannot go on.
    failure: Failure | None
    #: The vendor's own error event is among the bytes that were returned.
    told: bool
    #: Frames seen so far.
    frames: int
    #: The stream is whole, has ended, or has failed: look closer.
    settled: bool

    @property
    def visible(self) -> bool:
        """Something a person would see has gone by."""
        ...

    @property
    def whole(self) -> bool:
        """The answer is complete."""
        ...

    @property
    def ended(self) -> bool:
        """The protocol's own terminal message has gone by."""
        ...

    @property
    def usage(self) -> Usage | None:
        """What the vendor has said of usage so far."""
        ...

    @property
    def characters(self) -> int:
        """Characters of visible output so far."""
        ...

    @property
    def finish(self) -> str | None:
        """The last finish reason."""
        ...

    @property
    def upstream_id(self) -> str | None:
        """The vendor's own id of the answer."""
        ...

    def feed(self, data: bytes) -> bytes:
        """What the client gets for `data`."""
        ...

    def end(self) -> bytes:
        """What the client gets when the vendor's bytes end; sets `failure` if too early."""
        ...


def plugin_failure(kind: str, error: Exception) -> Failure:
    """A mistake inside a plugin, named; its words stay in the log."""
    return Failure(
        Kind.PLUGIN, f"the plugin of provider kind '{kind}' failed ({type(error).__name__})"
    )


class RelayLane:
    """Vendor and client speak the same dialect: bytes pass untouched, a tap reads along."""

    __slots__ = (
        "_dialect",
        "_framer",
        "_plain",
        "_secrets",
        "_tap",
        "failure",
        "frames",
        "settled",
        "told",
    )

    def __init__(
        self, call: Call, dialect: Dialect, framer: Framer, secrets: Sequence[Secret] = ()
    ) -> None:
        """`secrets` is what a vendor's own error event must not carry to the client."""
        self._dialect = dialect
        self._secrets = secrets
        self._framer = framer
        # Only there a piece of the vendor's bytes may be a frame as the client gets it.
        self._plain = framer if isinstance(framer, SSE) else None
        self._tap: Tap = dialect.tap(call)
        self.failure: Failure | None = None
        self.told = False
        self.frames = 0
        self.settled = False

    def feed(self, data: bytes) -> bytes:
        plain = self._plain
        if plain is not None and not plain.rest and self._tap.like_the_last(data):
            self.frames += 1
            return data
        try:
            frames = self._framer.feed(data)
        except FrameTooLarge:
            self.failure = Failure(Kind.GARBLED, "the provider sent an endless event")
            self.settled = True
            return b""
        except ValueError:
            self.failure = Failure(Kind.GARBLED, "the provider sent a malformed frame")
            self.settled = True
            return b""
        out = self._pass(frames)
        self.settled = self._tap.whole or self.failure is not None
        return out

    def _pass(self, frames: list[Frame]) -> bytes:
        tap, kept = self._tap, []
        for frame in frames:
            self.frames += 1
            try:
                if out := tap.see(frame):
                    kept.append(out)
            # A tap reads foreign JSON of any shape; whatever it trips over, the event is no good.
            except (ValueError, TypeError, AttributeError, KeyError):
                self.failure = Failure(Kind.GARBLED, "the provider sent a malformed event")
                break
            if tap.failure is not None:
                self.failure, self.told = tap.failure, True
                if any(secret.reveal().encode() in frame.raw for secret in self._secrets):
                    # The vendor quotes our key: the client gets our own words for it.
                    kept, self.told = kept[:-1], False
                break
        return kept[0] if len(kept) == 1 else b"".join(kept)

    def end(self) -> bytes:
        last = self._pass(self._framer.close())
        if self.failure is None and not self.whole:
            self.failure = Failure(Kind.CUT, "the provider's stream ended before the answer did")
        if self.failure is None and not self.ended:
            last += self._dialect.end()
        return last

    @property
    def visible(self) -> bool:
        return self._tap.visible

    @property
    def whole(self) -> bool:
        return self._tap.whole

    @property
    def ended(self) -> bool:
        return self._tap.ended

    @property
    def usage(self) -> Usage | None:
        return self._tap.usage

    @property
    def characters(self) -> int:
        return self._tap.characters

    @property
    def finish(self) -> str | None:
        return self._tap.finish

    @property
    def upstream_id(self) -> str | None:
        return self._tap.upstream_id


class TranslateLane:
    """Vendor frames become events, events become the client's frames."""

    __slots__ = (
        "_feed",
        "_finished",
        "_framer",
        "_provider",
        "_renderer",
        "_wanted",
        "characters",
        "ended",
        "failure",
        "finish",
        "frames",
        "settled",
        "told",
        "upstream_id",
        "usage",
        "visible",
        "whole",
    )

    def __init__(
        self, call: Call, target: Target, dialect: Dialect, provider: Provider, created: int
    ) -> None:
        self._provider = provider.kind
        self._framer = provider.framer(call, target)
        self._feed = provider.feed(call, target)
        self._renderer = dialect.renderer(call, created)
        self._wanted = call.choices
        self._finished: set[int] = set()
        self.visible = self.whole = self.ended = self.told = False
        self.failure: Failure | None = None
        self.usage: Usage | None = None
        self.characters = 0
        self.finish: str | None = None
        self.upstream_id: str | None = None
        self.frames = 0
        self.settled = False

    def feed(self, data: bytes) -> bytes:
        out = b""
        try:
            out = self._translate(self._framer.feed(data))
        except FrameTooLarge:
            self.failure = Failure(Kind.GARBLED, "the provider sent an endless event")
        except ValueError:
            self.failure = Failure(Kind.GARBLED, "the provider sent a malformed frame")
        self.settled = self.whole or self.failure is not None
        return out

    def _translate(self, frames: list[Frame]) -> bytes:
        out = b""
        for frame in frames:
            self.frames += 1
            try:
                for event in self._feed.frame(frame):
                    self._note(event)
                    out += self._renderer.render(event)
            except CallFailed as failed:
                self.failure = failed.failure
            except ValueError:
                self.failure = Failure(Kind.GARBLED, "the provider sent a malformed event")
            # Anything else is the plugin's own mistake; what it decoded so far still goes out.
            except Exception as error:  # noqa: BLE001
                self.failure = plugin_failure(self._provider, error)
            if self.failure is not None:
                break
            if self._feed.done:
                out += self._close()
                break
        return out

    def _note(self, event: Event) -> None:
        match event:
            case Text(text) | Reasoning(text):
                self.characters += len(text)
                self.visible = self.visible or bool(text)
            case ToolCall():
                self.characters += len(event.arguments)
                self.visible = True
            case Usage():
                self.usage = event if self.usage is None else self.usage.updated(event)
            case Finish(reason, choice):
                self.finish = reason
                self._finished.add(choice)
                self.whole = len(self._finished) >= self._wanted
                self.visible = self.visible or self.whole
            case _:
                pass

    def _close(self) -> bytes:
        self.whole = self.ended = True
        return self._renderer.close(self.usage)

    def end(self) -> bytes:
        out = self._translate(self._framer.close())
        if self.failure is None and not self.ended:
            if self.whole:
                return out + self._close()
            self.failure = Failure(Kind.CUT, "the provider's stream ended before the answer did")
        return out

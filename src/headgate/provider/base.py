"""The interface of a provider: data plus a few pure answers.

Nothing here, and nothing in a plugin, opens a socket, reads a clock or logs. The gateway asks a
provider what to send and how to read what came back; it does the rest the same way for all.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

import orjson

from headgate.provider.call import Call, Operation, Target
from headgate.provider.classify import by_status
from headgate.provider.events import Event
from headgate.provider.failure import Failure, Kind, Unsupported
from headgate.provider.framing import SSE, Framer
from headgate.provider.wire import Frame, Request, Response, Script

#: The version of this interface. A plugin says `headgate_api = 1` at module level.
API_VERSION = 1


class Feed(Protocol):
    """Decodes one stream. A fresh one is made for every attempt, so it may keep state."""

    def frame(self, frame: Frame) -> Iterable[Event]:
        """The events in one frame. Raises `CallFailed` for a vendor's in-stream error and
        `ValueError` for a frame that makes no sense.
        """
        ...

    @property
    def done(self) -> bool:
        """Whether the protocol's own terminal message has been seen."""
        ...


class Token(NamedTuple):
    """An access token that was fetched, and for how many seconds it may be used."""

    value: str
    expires_in: float


class Listed(NamedTuple):
    """A model as its vendor lists it. `created` is Unix seconds, 0 where it is not said."""

    id: str
    created: int = 0
    context_window: int | None = None


class Credentials(Protocol):
    """What signs requests, where a vendor wants signatures. Made once, used from a thread."""

    def sign(self, request: Request, body: bytes) -> Mapping[str, str]:
        """The headers that sign `request`, whose body goes out as `body`. May fetch or refresh
        credentials; the only method of a plugin that may wait.
        """
        ...


@dataclass(frozen=True, slots=True)
class Provider:
    """One way of speaking to a vendor. Its fields are its options in gateway.yaml.

    Subclass it as a frozen dataclass; every field needs a type (it is checked strictly) and a
    default, unless the operator has to give it.
    """

    #: The word users write after `kind:`, and other words that mean the same.
    kind: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    #: Dialects whose bytes may be relayed to this vendor as they are.
    speaks: ClassVar[frozenset[str]] = frozenset()
    #: Operations that calls in a foreign dialect may ask for; relayed ones need not be named.
    offers: ClassVar[frozenset[Operation]] = frozenset({Operation.CHAT})
    #: Features that a translated request may use (see docs/plugin-api.md), and the vendor's own
    #: parameters that it takes from `extras`. Anything else is refused before `request` is asked.
    says: ClassVar[frozenset[str]] = frozenset()
    #: How this vendor cuts a stream into frames.
    framing: ClassVar[type[Framer]] = SSE
    #: Statuses that mean something else here than everywhere: `{529: Kind.OVERLOADED}`.
    statuses: ClassVar[Mapping[int, Kind]] = {}
    #: Where the key goes: header name, and the text before the key.
    auth_header: ClassVar[tuple[str, str]] = ("Authorization", "Bearer ")
    #: Where a fetched token goes (see `token`).
    token_header: ClassVar[tuple[str, str]] = ("Authorization", "Bearer ")
    #: Environment variables that switch this provider on without a gateway.yaml.
    env_key: ClassVar[str | None] = None
    env_url: ClassVar[str | None] = None
    #: Whether it is there without being configured (it needs neither key nor network).
    always_on: ClassVar[bool] = False
    #: Whether it can be called without a key.
    keyless: ClassVar[bool] = False
    #: Whether its models are asked for without being told to: a server of the operator's own.
    discovers: ClassVar[bool] = False
    #: The provider's name in the price catalogue, where that is not `kind`.
    catalogue: ClassVar[str | None] = None

    base_url: str = ""

    def request(self, call: Call, target: Target) -> Request | Script:
        """What to send for this call. Asked once per attempt. Raises `Unsupported`."""
        raise Unsupported(f"{self.kind} does not offer {call.operation}")

    def relays(self, call: Call, target: Target) -> bool:
        """Whether the answer to this call is relayed as it is, rather than translated."""
        return call.dialect in self.speaks

    def vocabulary(self, target: Target) -> frozenset[str]:
        """The features this model can be told; `says` unless models differ."""
        return self.says

    def framer(self, call: Call, target: Target) -> Framer:
        """A fresh framer for one stream."""
        return self.framing()

    def reply(self, call: Call, target: Target, response: Response) -> Iterable[Event]:
        """The events of a whole, successful answer. Not asked when the answer is relayed."""
        raise Unsupported(f"{self.kind} cannot read answers to {call.operation} calls")

    def feed(self, call: Call, target: Target) -> Feed:
        """A fresh decoder for one stream. Not asked when the stream is relayed."""
        raise Unsupported(f"{self.kind} does not stream {call.operation}", "stream")

    def failure(self, call: Call, response: Response) -> Failure:
        """What an answer that is not 2xx means. By default: its status, and an OpenAI-shaped
        error body where there is one.
        """
        return by_status(response, self.statuses)

    def token(self, now: float) -> Generator[Request, Response, Token] | None:
        """How an access token is fetched, where there is no key: yield requests, receive their
        answers, return the token. A `file:` URL reads a local file. `now` is Unix seconds. None:
        no token is needed.
        """
        return None

    def credentials(self) -> Credentials | None:
        """What signs requests, where there is no key and the vendor wants signatures."""
        return None

    def listing(self) -> Request | None:
        """A cheap request that names the vendor's models and proves that it is alive."""
        return None

    def listed(self, response: Response) -> Iterable[Listed]:
        """The models in the answer to `listing()`. By default: OpenAI's shape, or a bare array."""
        answer = orjson.loads(response.body)
        entries = answer if isinstance(answer, list) else answer["data"]
        for entry in entries:
            created = entry.get("created")
            window = entry.get("context_length") or entry.get("max_model_len")
            yield Listed(
                str(entry["id"]),
                created if isinstance(created, int) else 0,
                window if isinstance(window, int) else None,
            )

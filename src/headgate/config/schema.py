"""The schema of gateway.yaml. Field descriptions are the manual's reference page.

Never on the hot path: routes, keys and providers are compiled from it once.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from headgate.config.values import Bytes, Comparison, Dollars, RouteName, Seconds, Words, words
from headgate.provider.failure import Kind

Role = Literal["admin", "operator", "viewer", "user"]
Need = Literal["tools", "vision", "audio", "pdf", "json_schema"]
Pick = Literal["priority", "weight", "order"]

#: A target whose mistake has been reported already; no YAML text can spell it by accident.
UNREADABLE = "\x00unreadable"
#: How the stand-in for a route's name begins that could not be read.
NAMELESS = "unreadable-"

#: Failures after which another target may be tried, where a route does not say.
FALLBACK_KINDS = (
    Kind.RATE_LIMITED,
    Kind.QUOTA_EXHAUSTED,
    Kind.CREDENTIALS,
    Kind.OVERLOADED,
    Kind.SERVER_ERROR,
    Kind.CONNECTION,
    Kind.TIMEOUT,
    Kind.GARBLED,
    Kind.CUT,
    Kind.MODEL_NOT_FOUND,
    Kind.CONTEXT_LENGTH,
    Kind.UNSUPPORTED,
    Kind.PLUGIN,
    Kind.SHED,
)


class Strict(BaseModel):
    """Unknown keys are errors; values are never changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Server(Strict):
    """Where the gateway listens and how patient it is with clients."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    max_body: Bytes = Field(32 * 2**20, description="Largest request body; larger ones get 413.")
    header_timeout: Seconds = Field(
        10.0, description="A client must send a request's headers within this."
    )
    body_timeout: Seconds = Field(
        15.0, description="A client that sends no byte of its body for so long gets 408."
    )
    write_timeout: Seconds = Field(
        30.0, description="A client that reads nothing for so long is cut off."
    )
    keepalive: Seconds = Field(75.0, description="An idle connection is closed after this.")
    drain: Seconds = Field(120.0, description="On SIGTERM, running calls have this long to finish.")
    drain_delay: Seconds = Field(
        0.5, description="On SIGTERM, /readyz says no for so long before the port closes."
    )
    metrics: Literal["loopback", "key", "open"] = Field(
        "loopback",
        description="Who may read /metrics: `loopback` (this machine without a key, others with "
        "one), `key` (any key but role user), `open` (everyone).",
    )


class Key(Strict):
    """A static key of a caller."""

    name: str = Field(min_length=1, description="What logs and the usage pages call this caller.")
    key: str = Field(
        min_length=1,
        description="The key itself; write `${NAME}` to take it from the environment.",
    )
    role: Role = Field("user", description="`user` may call models; the others may watch or steer.")
    team: str | None = Field(None, description="The team this key belongs to, for `match: {team}`.")
    user: str | None = Field(None, description="The user this key belongs to, for `match: {user}`.")


class Access(Strict):
    """Who may call. Without keys one is made at the first start and printed."""

    keys: tuple[Key, ...] = Field((), description="Static keys.")


class Timeouts(Strict):
    """The four clocks. Of connect, first_token and idle, a route's values win."""

    connect: Seconds | None = Field(None, description="DNS, TCP and TLS together. Default 5s.")
    first_token: Seconds | None = Field(
        None, description="Until the first visible event of a stream. Default 60s."
    )
    idle: Seconds | None = Field(
        None, description="Between two reads of a running answer. Default 60s."
    )
    total: Seconds | None = Field(
        None,
        description="In a route: the whole call over all attempts; default 10m, 60m for streams. "
        "In a provider: each attempt at it.",
    )


class Provider(BaseModel):
    """A provider. Keys other than these are options of its kind."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str | None = Field(None, description="The plugin's word; defaults to the name.")
    keys: tuple[str, ...] = Field((), description="API keys; empty ones are left out.")
    timeouts: Timeouts = Field(Timeouts(), description="Clocks for every call to this provider.")
    concurrency: int = Field(
        512, ge=1, description="Calls in flight at once; more are refused with 503."
    )

    drop_unsupported: bool = Field(
        False,
        description="Leave out settings (seed, penalties, ...) that a vendor has no word for, and "
        "say so in `x-headgate-dropped`, instead of refusing the call. Content is never left out.",
    )
    discover: bool | None = Field(
        None,
        description="Ask the vendor for its models, at start and every 15 minutes. Default: only "
        "servers of your own (see `headgate providers`).",
    )

    @property
    def options(self) -> dict[str, Any]:
        """The options that only the plugin knows."""
        return dict(self.model_extra or {})


class Model(Strict):
    """Facts about a model that the catalogue lacks or has wrong. Prices in USD per million."""

    context_window: int | None = Field(None, ge=1, description="Tokens of prompt and answer.")
    max_output_tokens: int | None = Field(None, ge=1, description="Tokens of answer.")
    input_per_mtok: Dollars | None = Field(None, description="USD per million input tokens.")
    output_per_mtok: Dollars | None = Field(None, description="USD per million output tokens.")
    cached_input_per_mtok: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="USD per million input tokens read from the vendor's cache.",
    )
    cache_write_per_mtok: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="USD per million input tokens written to the vendor's cache.",
    )
    capabilities: tuple[str, ...] | None = Field(
        None, description="What the model can do: tools, vision, json_schema, ..."
    )
    mode: Literal["chat", "embedding", "rerank"] = Field(
        "chat", description="What the model answers."
    )


class Match(Strict):
    """Conditions of a route; all that are given must hold."""

    model: Words = Field((), description="Model names; `*` and `?` are wildcards.")
    user: Words = Field((), description="Users: the key's, or the request's `user` field.")
    team: Words = Field((), description="Teams of the caller's key.")
    key: Words = Field((), description="Names of keys.")
    needs: Annotated[
        tuple[Need, ...], BeforeValidator(words, json_schema_input_type=Need | tuple[Need, ...])
    ] = Field((), description="Capabilities the request asks for.")
    input_tokens: Comparison | None = Field(
        None, description="Estimated prompt size, such as `<50000`."
    )
    headers: dict[str, str] = Field({}, description="Request headers and their exact values.")
    stream: bool | None = Field(None, description="Only streaming, or only whole answers.")
    operation: (
        Literal["chat", "responses", "completions", "count_tokens", "embeddings", "rerank"] | None
    ) = Field(None, description="Only this operation.")


def _target(value: Any) -> Any:
    return {"to": value} if isinstance(value, str) else value


class Target(Strict):
    """Where a route may send a call."""

    to: str = Field(
        min_length=1,
        description="`provider/model`; `provider/*` keeps the model's name; a bare word is "
        "another route, whose targets stand here.",
    )
    priority: int = Field(0, description="A higher priority is preferred.")
    weight: float = Field(
        1.0, gt=0, allow_inf_nan=False, description="Share among targets of one priority."
    )


class Retries(Strict):
    """How often a call is tried again."""

    per_target: int = Field(1, ge=0, le=5, description="Further attempts at one target.")
    total: int = Field(3, ge=0, le=10, description="Further attempts over all targets.")


class Stream(Strict):
    """What happens to a stream that breaks after it has begun."""

    on_cut: Literal["error"] = Field(
        "error", description="`error`: an in-band error event that SDKs raise on."
    )
    hold: bool = Field(
        False, description="Send nothing until the answer is whole; trades the wait for certainty."
    )


class Fallback(Strict):
    """When another target may be tried."""

    on: tuple[Kind, ...] = Field(FALLBACK_KINDS, description="Failure kinds.")


class Route(Strict):
    """A rule: what it matches, and where those calls may go."""

    name: RouteName = Field(description="Unique; a metric label.")
    priority: int = Field(0, description="The highest that matches wins; then the order written.")
    match: Match = Field(Match(), description="Conditions; none matches every call.")
    pick: Pick = Field(
        "priority",
        description="How targets are ordered: `priority` (then by weight), `weight` (priority "
        "ignored), `order` (as written).",
    )
    targets: tuple[
        Annotated[Target, BeforeValidator(_target, json_schema_input_type=str | Target)], ...
    ] = Field(min_length=1, description="Where the calls may go.")
    timeouts: Timeouts = Field(Timeouts(), description="Clocks for calls of this route.")
    retries: Retries = Field(Retries(), description="Attempts.")
    stream: Stream = Field(Stream(), description="Streams.")
    fallback: Fallback = Field(Fallback(), description="Failures that lead to the next target.")
    on_content_filter: Literal["refuse", "fallback"] = Field(
        "refuse", description="Whether a vendor's content filter ends the call."
    )


class Config(Strict):
    """gateway.yaml."""

    server: Server = Field(Server(), description="Where and how to listen.")
    access: Access = Field(Access(), description="Who may call.")
    providers: dict[str, Provider] = Field({}, description="Providers by name.")
    models: dict[str, Model] = Field({}, description="Facts about models, by provider/model.")
    routes: tuple[Route, ...] = Field((), description="Rules.")

"""The composition root: from a configuration to a runtime. It alone knows every folder."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from headgate.access.keys import build_keys
from headgate.accounting.meter import Meter, labels
from headgate.attempts.attempt import Attempt
from headgate.attempts.health import Health
from headgate.attempts.keyring import Keyring
from headgate.attempts.link import Link
from headgate.attempts.run import Means
from headgate.catalogue.facts import Catalogue, Facts, load, override
from headgate.config.environment import Switch, from_environment
from headgate.config.load import Loaded, Source
from headgate.config.problem import ConfigError, Problem, nearest
from headgate.config.schema import FALLBACK_KINDS, Config
from headgate.dialects.anthropic_count_tokens import AnthropicCountTokens
from headgate.dialects.anthropic_messages import AnthropicMessages
from headgate.dialects.base import Dialect
from headgate.dialects.openai_chat import OpenAIChat
from headgate.dialects.openai_completions import OpenAICompletions
from headgate.dialects.openai_embeddings import OpenAIEmbeddings
from headgate.dialects.openai_responses import OpenAIResponses
from headgate.dialects.rerank import Reranking
from headgate.provider.base import Provider
from headgate.provider.call import Target
from headgate.provider.secret import Secret
from headgate.registry import Registry
from headgate.routing.compile import clocks, compile_rules, parse_target
from headgate.routing.rule import SAME_MODEL, Policy, Rule
from headgate.routing.table import Table
from headgate.runtime import ListedModel, Runtime
from headgate.telemetry import table as metric
from headgate.telemetry.log import LineLog
from headgate.telemetry.series import Exposition
from headgate.upstream.client import Client
from headgate.upstream.credential import Credential

_log = logging.getLogger("headgate.attempts")
DIALECTS: tuple[Dialect, ...] = (
    OpenAIChat(),
    OpenAIResponses(),
    OpenAICompletions(),
    OpenAIEmbeddings(),
    Reranking(),
    AnthropicMessages(),
    AnthropicCountTokens(),
)


def configuration_from_environment(registry: Registry, variables: Mapping[str, str]) -> Loaded:
    """What runs without a gateway.yaml: every provider whose variables are set."""
    switches = [
        Switch(cls.kind, cls.env_key, cls.env_url, cls.always_on, _needs_url(cls))
        for cls in registry.classes
    ]
    return from_environment(switches, variables)


def _needs_url(cls: type[Provider]) -> bool:
    """Whether the operator has to say the `base_url`."""
    found = next(one for one in dataclasses.fields(cls) if one.name == "base_url")
    return found.default is dataclasses.MISSING and found.default_factory is dataclasses.MISSING


def build_links(loaded: Loaded, registry: Registry) -> dict[str, Link]:
    """Every configured provider, ready to be called. Raises `ConfigError` with every mistake."""
    problems = [Problem("plugins", None, conflict) for conflict in registry.conflicts]
    links: dict[str, Link] = {}
    for name, spec in loaded.config.providers.items():
        where = ("providers", name)
        if "/" in name or not name:
            problems.append(loaded.source.problem(where, "a provider's name cannot hold '/'"))
            continue
        try:
            provider = registry.provider(name, spec, loaded.source)
        except ConfigError as error:
            problems += error.problems
            continue
        keys = [Secret(key) for key in spec.keys if key]
        credential = Credential(provider)
        links[name] = Link(
            name,
            provider,
            Keyring(keys),
            clocks(spec.timeouts),
            spec.concurrency,
            spec.drop_unsupported,
            type(provider).discovers if spec.discover is None else spec.discover,
            credential if credential.possible and not keys else None,
        )
    if problems:
        raise ConfigError(problems)
    return links


def build_table(loaded: Loaded, links: Mapping[str, Link]) -> Table:
    """The rules and facts of a configuration. Raises `ConfigError` with every mistake."""
    config, source = loaded.config, loaded.source
    rules, problems = compile_rules(config.routes, links, source)
    catalogue = load()
    names = {
        name: type(link.provider).catalogue or link.provider.kind for name, link in links.items()
    }
    overrides, wrong = _overrides(config, source, catalogue, names)
    if problems or wrong:
        raise ConfigError([*problems, *wrong])
    return Table(rules, names, catalogue, overrides, default_policy(), {})


def default_policy() -> Policy:
    """How calls that no route decided are attempted."""
    return Policy(fallback_on=frozenset(FALLBACK_KINDS))


def _overrides(
    config: Config, source: Source, catalogue: Catalogue, names: Mapping[str, str]
) -> tuple[dict[Target, Facts], list[Problem]]:
    overrides: dict[Target, Facts] = {}
    problems: list[Problem] = []
    for name, entry in config.models.items():
        target = parse_target(name)
        if target is None or target.provider not in names:
            problems.append(
                source.problem(
                    ("models", name),
                    f"'{name}' must be provider/model with a provider of this file"
                    f"{nearest(name.partition('/')[0], names)}",
                )
            )
            continue
        catalogued = names[target.provider]
        known = catalogue.find(catalogued, target.model)
        fields = entry.model_dump(exclude_unset=True)
        if half := _half_a_price(known, fields, entry.mode):
            problems.append(
                source.problem(
                    ("models", name),
                    f"'{name}' has no known price yet: {half} is needed too, or its tokens "
                    "would count as free",
                )
            )
        overrides[target] = override(known, (catalogued, target.model), fields)
    return overrides, problems


def _half_a_price(known: Facts | None, fields: Mapping[str, object], mode: str) -> str:
    """The price that is missing where one of input and output is given and nothing is known."""
    if (known is not None and known.price is not None) or mode in ("embedding", "rerank"):
        return ""
    pair = ("input_per_mtok", "output_per_mtok")
    missing = [name for name in pair if fields.get(name) is None]
    return missing[0] if len(missing) == 1 else ""


def build_runtime(loaded: Loaded, registry: Registry, log: LineLog) -> Runtime:
    """Everything a call needs. Needs a running event loop. Raises `ConfigError`."""
    links = build_links(loaded, registry)
    table = build_table(loaded, links)
    health, exposition = Health(), Exposition()
    known = frozenset(_known_targets(table))
    digest = hashlib.sha256(loaded.config.model_dump_json().encode()).hexdigest()[:12]
    runtime = Runtime(
        generation=1,
        config_hash=digest,
        server=loaded.config.server,
        table=table,
        keys=build_keys(loaded.config.access.keys),
        links=links,
        means=Means(Client(), links, health, random.random, _log_cause, _log_refused_key),
        dialects=DIALECTS,
        meter=Meter(exposition),
        exposition=exposition,
        log=log,
        known=known,
        models=listed_models(table),
        discovered=table.discovered,
        wall_clock=time.time,
    )
    _bind_gauges(runtime, health)
    return runtime


def _known_targets(table: Table) -> Iterable[Target]:
    yield from table.overrides
    for rule in table.rules:
        for candidate in rule.candidates:
            if candidate.target.model != SAME_MODEL:
                yield candidate.target


def listed_models(table: Table) -> dict[str, ListedModel]:
    """What `GET /v1/models` shows: names of routes, then every known model of every provider."""
    listed: dict[str, ListedModel] = {}
    for rule in table.rules:
        for pattern in _literal_patterns(rule):
            listed[pattern] = ListedModel(pattern, 0, "headgate", "route")
    for target in _known_targets(table):
        listed[str(target)] = ListedModel(str(target), 0, target.provider, "config")
    for provider, catalogued in table.providers.items():
        for facts in table.catalogue.of(catalogued):
            name = f"{provider}/{facts.model}"
            listed.setdefault(name, ListedModel(name, _epoch(facts.released), provider))
    return listed


def _literal_patterns(rule: Rule) -> Iterable[str]:
    return (p for p in rule.patterns if not any(sign in p for sign in "*?["))


def _epoch(date: str | None) -> int:
    return int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp()) if date else 0


def _log_cause(attempt: Attempt, cause: Exception) -> None:
    """A plugin's own exception goes to the log, with its traceback; the client gets its name."""
    _log.error("attempt %s at %s failed", attempt.id, attempt.target, exc_info=cause)


def _log_refused_key(attempt: Attempt, said: str) -> None:
    """A key that a vendor refuses is an operator's business; the handler redacts the words."""
    _log.error("the key %s was refused at %s: %s", attempt.key, attempt.target, said)


def _bind_gauges(runtime: Runtime, health: Health) -> None:
    gauges, known = runtime.exposition.gauges, runtime.known

    def breakers() -> Iterable[tuple[tuple[str, str], float]]:
        # Unknown models share one series: the worst of their states.
        worst: dict[tuple[str, str], float] = {}
        for target, state in health.states(time.monotonic()).items():
            named = labels(target, runtime.table.facts(target) is not None, known)
            worst[named] = max(worst.get(named, 0.0), float(state))
        return worst.items()

    def keys() -> Iterable[tuple[tuple[str, str], float]]:
        now = time.monotonic()
        for name, link in runtime.links.items():
            for number, (_, up) in enumerate(link.keyring.up(now), start=1):
                yield (name, str(number)), float(up)

    def in_flight() -> Iterable[tuple[tuple[str], float]]:
        return [((name,), float(link.in_flight)) for name, link in runtime.links.items()]

    def info() -> Iterable[tuple[tuple[str, str], float]]:
        return [((runtime.config_hash, str(runtime.generation)), 1.0)]

    gauges[metric.BREAKER.name] = breakers
    gauges[metric.KEY_UP.name] = keys
    gauges[metric.IN_FLIGHT.name] = in_flight
    gauges[metric.CONFIG_INFO.name] = info


def bind_lag(runtime: Runtime, read: Callable[[], float]) -> None:
    """Where the event loop's lag is read from."""
    runtime.exposition.gauges[metric.LOOP_LAG.name] = lambda: [((), read())]


def secrets_of(config: Config) -> list[str]:
    """Every secret of a configuration, for the log's redaction."""
    keys = [key for provider in config.providers.values() for key in provider.keys if key]
    return keys + [key.key for key in config.access.keys]

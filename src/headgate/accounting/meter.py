"""A receipt's way out: into the metrics, and into the log line."""

from __future__ import annotations

from typing import Any

from headgate.accounting.receipt import Basis, Line, Receipt
from headgate.attempts.attempt import told
from headgate.provider.call import Target
from headgate.provider.failure import Failure, Kind
from headgate.telemetry import table
from headgate.telemetry.log import redact, timestamp
from headgate.telemetry.series import Exposition, Histogram

NANO = 10**9
_OTHER = "other"
_NONE = "none"
_MAX_MESSAGE = 300


class Meter:
    """Counts receipts. Children are bound once for every (route, target)."""

    def __init__(self, exposition: Exposition) -> None:
        counts, histograms = exposition.counts, exposition.histograms
        self._requests = counts[table.REQUESTS.name]
        self._attempts = counts[table.ATTEMPTS.name]
        self._errors = counts[table.ERRORS.name]
        self._fallbacks = counts[table.FALLBACKS.name]
        self._tokens = counts[table.TOKENS.name]
        self._cost = counts[table.COST.name]
        self._unpriced = counts[table.UNPRICED.name]
        self._families = (
            histograms[table.DURATION.name],
            histograms[table.OVERHEAD.name],
            histograms[table.FIRST_TOKEN.name],
            histograms[table.PER_TOKEN.name],
        )
        self._bound: dict[tuple[str, str, str], tuple[Histogram, ...]] = {}

    def count(self, receipt: Receipt, known: frozenset[Target]) -> None:
        """Counts one receipt. Models that are not `known` are labelled `other`."""
        route = receipt.route
        provider, model = _NONE, _NONE
        previous: Line | None = None
        for line in receipt.lines:
            attempt = line.attempt
            target = attempt.planned.target
            provider, model = labels(target, attempt.planned.facts is not None, known)
            self._attempts.add(1, provider, model, attempt.outcome)
            if line.basis is not Basis.NONE:
                self._usage(line, provider, model)
            if previous is not None and previous.attempt.target != target:
                kind = previous.attempt.outcome
                self._fallbacks.add(
                    1, route, previous.attempt.target.provider, target.provider, kind
                )
            previous = line
        operation = receipt.call.operation.value
        self._requests.add(1, route, provider, model, operation, str(receipt.status))
        if receipt.failure is not None:
            self._errors.add(1, route, provider, model, receipt.failure.kind.value)
        self._times(receipt, route, provider, model)

    def refused(self, operation: str, status: int, kind: Kind) -> None:
        """Counts a request that was refused before it became a call."""
        self._requests.add(1, _NONE, _NONE, _NONE, operation, str(status))
        self._errors.add(1, _NONE, _NONE, _NONE, kind.value)

    def _usage(self, line: Line, provider: str, model: str) -> None:
        usage, add = line.usage, self._tokens.add
        if heard := (usage.input or 0) + (usage.audio_input or 0):
            add(heard, provider, model, "input")
        if usage.cached_input:
            add(usage.cached_input, provider, model, "cached_input")
        if written := (usage.cache_write or 0) + (usage.cache_write_long or 0):
            add(written, provider, model, "cache_write")
        if said := (usage.output or 0) + (usage.audio_output or 0):
            add(said, provider, model, "output")
        if usage.reasoning:
            add(usage.reasoning, provider, model, "reasoning")
        if line.cost is None:
            self._unpriced.add(1, provider, model)
        else:
            self._cost.add(line.cost / NANO, provider, model)

    def _times(self, receipt: Receipt, route: str, provider: str, model: str) -> None:
        key = (route, provider, model)
        bound = self._bound.get(key)
        if bound is None:
            duration, overhead = (family.series(*key) for family in self._families[:2])
            bound = (duration, overhead)
            if receipt.call.stream:
                bound += tuple(family.series(*key) for family in self._families[2:])
            self._bound[key] = bound
        elif receipt.call.stream and len(bound) == 2:
            bound += tuple(family.series(*key) for family in self._families[2:])
            self._bound[key] = bound
        bound[0].observe(receipt.duration)
        bound[1].observe(max(0.0, receipt.duration - receipt.waited))
        if receipt.call.stream and receipt.lines:
            last = receipt.lines[-1].attempt
            if last.first_token is not None:
                begun = receipt.duration - (last.ended - last.first_token)
                bound[2].observe(max(0.0, begun))
                tokens = receipt.lines[-1].usage.completion
                if tokens > 1 and last.failure is None and not last.cancelled:
                    bound[3].observe((last.ended - last.first_token) / (tokens - 1))


def labels(target: Target, catalogued: bool, known: frozenset[Target]) -> tuple[str, str]:
    """The bounded labels of a target: names a client invents become `other`."""
    if catalogued or target in known:
        return target.provider, target.model
    return target.provider, _OTHER


def log_entry(receipt: Receipt) -> dict[str, Any]:
    """The one line a call leaves in the log. Holds no prompt, no answer, no key."""
    entry: dict[str, Any] = {
        "time": timestamp(receipt.started_at),
        "level": "info" if receipt.failure is None else "warning",
        "event": "call",
        "request_id": receipt.call.id,
        "key": receipt.caller.name,
        "team": receipt.caller.team,
        "route": receipt.route,
        "operation": receipt.call.operation.value,
        "asked": receipt.call.model,
        "stream": receipt.call.stream,
        "status": receipt.status,
        "duration_ms": round(receipt.duration * 1000, 3),
        "waited_ms": round(receipt.waited * 1000, 3),
    }
    if receipt.lines:
        last = receipt.lines[-1]
        entry |= _attempt_entry(last)
        if len(receipt.lines) > 1:
            entry["attempts"] = told([line.attempt for line in receipt.lines])
        cost = receipt.cost
        entry["cost_usd"] = None if cost is None else cost / NANO
    if receipt.failure is not None:
        entry["error"] = receipt.failure.kind.value
        entry["message"] = redact(receipt.failure.message)[:_MAX_MESSAGE]
    return entry


def refusal_entry(
    request_id: str, operation: str, failure: Failure, status: int, at: float
) -> dict[str, Any]:
    """The line of a request that was refused before it became a call. `at` is Unix seconds."""
    return {
        "time": timestamp(at),
        "level": "warning",
        "event": "refused",
        "request_id": request_id,
        "operation": operation,
        "status": status,
        "error": failure.kind.value,
        "message": redact(failure.message)[:_MAX_MESSAGE],
    }


def _attempt_entry(line: Line) -> dict[str, Any]:
    attempt, usage = line.attempt, line.usage
    entry: dict[str, Any] = {
        "provider": attempt.target.provider,
        "model": attempt.target.model,
        "outcome": attempt.outcome,
        "upstream_id": attempt.upstream_id,
        "finish": attempt.finish,
        "input_tokens": usage.input,
        "cached_input_tokens": usage.cached_input,
        "cache_write_tokens": _sum(usage.cache_write, usage.cache_write_long),
        "audio_input_tokens": usage.audio_input,
        "output_tokens": usage.output,
        "reasoning_tokens": usage.reasoning,
        "audio_output_tokens": usage.audio_output,
        "basis": line.basis.value,
    }
    if usage.cost_nano_usd is not None:
        # What the vendor says it cost, beside what our catalogue says.
        entry["vendor_cost_usd"] = usage.cost_nano_usd / NANO
    if attempt.dropped:
        entry["dropped"] = list(attempt.dropped)
    return entry


def _sum(one: int | None, other: int | None) -> int | None:
    """What is known of a sum."""
    if one is None:
        return other
    return one if other is None else one + other

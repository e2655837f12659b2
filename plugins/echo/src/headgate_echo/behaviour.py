"""How an echo behaves, said in gateway.yaml or in the model's name.

`echo/delay=2s,chunks=5,fail=rate_limited` waits two seconds, streams five chunks, and fails.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import headgate as hg

_UNITS = {"ms": 0.001, "s": 1.0}


@dataclass(frozen=True)
class Behaviour:
    """`delay` and `gap` in seconds, before the first and between further chunks. `chunks` 0: as
    many as the text has words. `fail` a failure kind, after `after` chunks.
    """

    delay: float = 0.0
    gap: float = 0.0
    chunks: int = 0
    fail: hg.Kind | None = None
    after: int = 0


def behaviour(base: Behaviour, model: str) -> Behaviour:
    """`base`, changed by what a model's name says. Raises `Unsupported` for a bad word.

    A name without `=` changes nothing: `echo/echo`, `echo/anything`.
    """
    if "=" not in model:
        return base
    for pair in model.split(","):
        name, _, value = pair.partition("=")
        try:
            base = _changed(base, name.strip(), value.strip())
        except ValueError as error:
            raise hg.Unsupported(
                f"echo does not know '{pair}': use delay=2s, gap=50ms, chunks=10, "
                "fail=<failure kind>, after=3",
                "model",
            ) from error
    return base


def _changed(base: Behaviour, name: str, value: str) -> Behaviour:
    match name:
        case "delay":
            return replace(base, delay=_seconds(value))
        case "gap":
            return replace(base, gap=_seconds(value))
        case "chunks":
            return replace(base, chunks=_count(value))
        case "after":
            return replace(base, after=_count(value))
        case "fail":
            return replace(base, fail=hg.Kind(value))
        case _:
            raise ValueError(name)


def _seconds(text: str) -> float:
    for unit, factor in _UNITS.items():
        if text.endswith(unit):
            return max(0.0, float(text.removesuffix(unit)) * factor)
    return max(0.0, float(text))


def _count(text: str) -> int:
    return min(max(0, int(text)), 100_000)

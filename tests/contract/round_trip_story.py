"""What happens in every round trip: the model thinks, calls two tools, and is told their results."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ASKED = "How cold is it in Tromsø, and what time is it in Rome?"
THOUGHT = "Two things to look up: \N{SNOWFLAKE} and the clock."
#: Opaque texts that only their vendor can read.
SIGNATURE, SEALED = "c2lnbmF0dXJlLW9uZQ==", "c2VhbGVkLXRob3VnaHQ="
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_weather", {"city": "Tromsø", "days": 1}),
    ("get_time", {"zone": "Europe/Rome"}),
)
#: One of them looks like JSON, which some vendors take apart.
RESULTS = ("-7 degrees, cloudy", '{"hour": 12, "minute": 30}')
ANSWER = "It is -7 degrees in Tromsø and 12:30 in Rome."

Json = Mapping[str, Any]
#: An event of the conversation as a vendor is told it: its kind first.
Told = tuple[Any, ...]


@dataclass(frozen=True)
class Answer:
    """What a vendor sends: the type of its content and the bytes."""

    content_type: str
    body: bytes


@dataclass(frozen=True)
class Wire:
    """One API of a vendor's: how it answers, and how it is told what was called.

    `answer(turn, stream)` is what it says; `told(body)` reads the assistant's turn and the results
    out of a request, in order; `expected` is what it has to be told. `stream` says whether a
    stream is asked for, by path and body.
    """

    answer: Callable[[int, bool], Answer]
    told: Callable[[Json], list[Told]]
    expected: list[Told]
    stream: Callable[[str, Json], bool]


def by_field(path: str, body: Json) -> bool:
    """Most vendors are asked for a stream in the body."""
    return body.get("stream") is True


def by_path(path: str, body: Json) -> bool:
    """Others have an address for it."""
    return "stream" in path.lower().rpartition("/")[2]


def called(*ids: str | None) -> list[Told]:
    """The two calls with the ids they have."""
    return [("call", id_, name, said) for id_, (name, said) in zip(ids, CALLS, strict=True)]


def resulted(*ids: str | None) -> list[Told]:
    """The two results, for the calls of these ids."""
    return [("result", id_, said) for id_, said in zip(ids, RESULTS, strict=True)]


def numbered(told: Iterable[Told]) -> list[Told]:
    """The same with the numbers of calls for ids, where a vendor gave none."""
    found, numbers = [], dict[str, str]()
    for kind, id_, *rest in told:
        if kind == "call":
            assert id_, "a call without an id cannot be answered"
            numbers[id_] = f"#{len(numbers)}"
        found.append((kind, numbers.get(id_, id_), *rest))
    return found


def whole(value: Json) -> Answer:
    """One object of JSON."""
    return Answer("application/json", json.dumps(value).encode())


def sse(events: Iterable[Json], *, named: bool = False, done: bool = False) -> Answer:
    """Server-sent events; `named` by their type."""
    lines = []
    for event in events:
        name = f"event: {event['type']}\n" if named else ""
        lines.append(f"{name}data: {json.dumps(event, ensure_ascii=False)}\n\n")
    lines += ["data: [DONE]\n\n"] if done else []
    return Answer("text/event-stream", "".join(lines).encode())


def halves(value: Any) -> tuple[str, str]:
    """A value's JSON, or a text, in two pieces."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[: len(text) // 2], text[len(text) // 2 :]

"""What a provider makes of errors and of garbage: a kind, or `ValueError`; never a crash."""

from __future__ import annotations

import typing

import pytest

from headgate.provider.base import Provider
from headgate.provider.call import Call
from headgate.provider.failure import CallFailed, Failure, Kind, Unsupported
from headgate.provider.wire import Response
from headgate.testing.asking import TARGET, demand, lane_of, offers_chat, probed, translated
from headgate.testing.probes import PROBES
from headgate.testing.purity import Impure, pure

#: What a status may mean, where there is little doubt.
_KINDS: dict[int, tuple[Kind, ...]] = {
    401: (Kind.CREDENTIALS,),
    429: (Kind.RATE_LIMITED, Kind.QUOTA_EXHAUSTED, Kind.OVERLOADED),
    500: (Kind.SERVER_ERROR, Kind.OVERLOADED),
    503: (Kind.OVERLOADED, Kind.SERVER_ERROR),
}
_STATUSES = (400, 401, 403, 404, 413, 422, 429, 500, 502, 503, 529)
JUNK = (
    *(b"", b"{}", b"[]", b"null", b"5", b'"x"', b"<html>Bad Gateway</html>", b"\xff\xfe{"),
    *(b'{"error": 5}', b'{"error": {"message": 5, "code": []}}', b'{"choices": 1}'),
    *(b'{"message": {"content": 5}}', b'{"message": "x"}', b'{"data": [5]}'),
)
_STREAMS = (*JUNK, b"data: {}\n\n", b"data: x\n\n", b"data: []\n\n", b"\0" * 64, b"{}\n[]\n5\n")


class Answers:
    """Checks of `failure`, `reply` and `feed`; see `headgate.testing.conformance`."""

    provider: Provider

    @pytest.mark.parametrize("status", _STATUSES)
    def test_any_error_is_classified(self, status: int) -> None:
        """`failure` reads every body, and agrees with the status where that is plain."""
        for body in JUNK:
            failure = _classified(self.provider, Response(status, {}, body))
            fitting = _KINDS.get(status, tuple(Kind))
            demand(
                failure.kind in fitting,
                f"failure() makes {failure.kind} of status {status} with the body {body!r}; it is "
                f"one of {', '.join(fitting)}: begin with hg.by_status(response)",
            )
            demand(failure.message, f"failure() has no message for status {status}, {body!r}")

    def test_a_vendor_that_asks_to_wait_is_heard(self) -> None:
        """`Retry-After` reaches the gateway, which waits as long and no longer."""
        failure = _classified(self.provider, Response(429, {"retry-after": "7"}, b"{}"))
        demand(
            failure.retry_after == 7.0,
            f"failure() makes retry_after={failure.retry_after} of 'Retry-After: 7': keep what "
            "hg.by_status(response) found, with dataclasses.replace",
        )

    @pytest.mark.parametrize("asked", ["plain", "vector", "ranking"])
    def test_garbage_is_no_answer(self, asked: str) -> None:
        """`reply` raises ValueError, or CallFailed, for what makes no sense."""
        call = translated(self.provider, probed(PROBES[asked]))
        if call is None:
            pytest.skip("no such call is translated")
        for body in JUNK:
            harmless(self.provider, call, body)

    def test_a_stream_of_garbage_is_no_answer(self) -> None:
        """A stream of nonsense fails as the vendor's fault, not as the plugin's."""
        if not offers_chat(self.provider):
            pytest.skip("it offers no chats")
        call = probed(PROBES["stream"])
        for one in (call, translated(self.provider, call)):
            for body in _STREAMS if one is not None else ():
                survives(self.provider, typing.cast(Call, one), body)


def _classified(provider: Provider, response: Response) -> Failure:
    where = f"status {response.status} with the body {response.body!r}"
    try:
        with pure():
            failure = provider.failure(probed(PROBES["plain"]), response)
    except Impure:
        raise
    except Exception as error:
        raise AssertionError(
            f"failure() raises {type(error).__name__} for {where}: it has to return a Failure for "
            "any body; hg.error_object(response.body) gives an object, or an empty one"
        ) from error
    demand(isinstance(failure, Failure), f"failure() gives {failure!r} for {where}, no Failure")
    return failure


def harmless(provider: Provider, call: Call, body: bytes) -> None:
    """Has `reply` read a body that makes no sense; it may refuse, and must not crash."""
    try:
        with pure():
            list(provider.reply(call, TARGET, Response(200, {}, body)))
    except (ValueError, CallFailed, Unsupported, Impure) as error:
        if isinstance(error, Impure):
            raise
    except Exception as error:
        raise AssertionError(
            f"reply() raises {type(error).__name__} for the body {body[:300]!r}: look before you "
            "reach into a vendor's JSON, and raise ValueError where it makes no sense"
        ) from error


def survives(provider: Provider, call: Call, body: bytes) -> None:
    """Has `feed` read a stream that makes no sense; it must neither crash nor be a whole answer."""
    failure = _failure_of(provider, call, body)
    demand(
        failure is not None,
        f"the stream {body[:300]!r} passes for a whole answer: Finish, and done, only for what the "
        "vendor sends last",
    )


def steady(provider: Provider, call: Call, body: bytes) -> None:
    """Has `feed` read a stream that is a little wrong; it must not crash."""
    _failure_of(provider, call, body)


def _failure_of(provider: Provider, call: Call, body: bytes) -> Failure | None:
    with pure():
        lane = lane_of(provider, call, TARGET)
        lane.feed(body)
        lane.end()
    failure = lane.failure
    demand(
        failure is None or failure.kind is not Kind.PLUGIN,
        f"feed() crashes on the stream {body[:300]!r}: {failure.message if failure else ''}. Look "
        "before you reach into a vendor's JSON, and raise ValueError where it makes no sense",
    )
    return failure

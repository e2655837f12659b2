"""The story of one call: Call -> Plan -> Attempt... -> Receipt.

Whatever happens to it - an answer, a failure, a client that goes away - it is settled once, here.
"""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from headgate.accounting.receipt import Receipt, make_receipt
from headgate.attempts.attempt import Attempt
from headgate.attempts.reply import ClientGone, Reply
from headgate.attempts.run import run
from headgate.dialects.base import Dialect
from headgate.dialects.statuses import status_of
from headgate.provider.call import Call
from headgate.provider.caller import Caller
from headgate.provider.failure import CallFailed, Failure, Kind
from headgate.routing.plan import make_plan
from headgate.runtime import Runtime

_CANCELLED = Failure(Kind.CANCELLED, "the client went away")
_UNPLANNED = "none"


class Served(NamedTuple):
    """A call that is over. `body` is None where it was streamed or failed."""

    body: bytes | None
    receipt: Receipt


async def serve(
    runtime: Runtime,
    call: Call,
    dialect: Dialect,
    caller: Caller,
    reply: Reply,
    arrived: float,
) -> Served:
    """Answers one call and settles it. `arrived` is monotonic seconds.

    Never raises `CallFailed`: the receipt holds the failure.
    """
    now = time.monotonic
    attempts: list[Attempt] = []
    route, body, failure, status = _UNPLANNED, None, None, 200
    started_at = runtime.wall_clock()
    try:
        plan = make_plan(runtime.table, call, caller, runtime.means.draw())
        route = plan.route
        answered = await run(
            call, dialect, plan, runtime.means, reply, int(started_at), attempts.append
        )
        body, failure = answered.body, answered.failure
    except CallFailed as failed:
        failure = failed.failure
        status = status_of(failure)
    except (asyncio.CancelledError, ClientGone):
        if not attempts or attempts[-1].outcome != "ok":
            failure, status = _CANCELLED, 499
        raise
    finally:
        receipt = make_receipt(
            call, caller, route, status, failure, attempts, started_at, now() - arrived
        )
        runtime.settle(receipt)
    return Served(body, receipt)

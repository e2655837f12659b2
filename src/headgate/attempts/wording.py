"""What of a vendor's own words may leave the gateway. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from headgate.provider.failure import Failure, Kind
from headgate.provider.secret import Secret
from headgate.provider.wire import Request, Script
from headgate.telemetry.log import redact

_SECRET_NAME = re.compile(r"auth|key|token|secret|cookie|password", re.IGNORECASE)


def secrets_told(key: Secret | None, request: Request | Script) -> tuple[Secret, ...]:
    """What the vendor is told and nobody else may know: the key, and headers that hold one."""
    found = () if key is None else (key,)
    if isinstance(request, Script) or not request.headers:
        return found
    named = ((name, value) for name, value in request.headers.items() if value)
    return found + tuple(Secret(value) for name, value in named if _SECRET_NAME.search(name))


def about_our_key(failure: Failure) -> bool:
    """Whether the vendor refused the gateway rather than the call."""
    return failure.kind in (Kind.CREDENTIALS, Kind.QUOTA_EXHAUSTED)


def presentable(failure: Failure, secrets: tuple[Secret, ...]) -> Failure:
    """A vendor's refusal without our secrets; about our own key the caller learns nothing."""
    if about_our_key(failure):
        said = f"HTTP {failure.status}" if failure.status else "in its answer"
        message = f"the provider refused the gateway's own key ({said})"
        if failure.kind is Kind.QUOTA_EXHAUSTED:
            message = f"the gateway's account at the provider has no quota left ({said})"
        return replace(failure, message=message, code=None, type=None, param=None)
    if not secrets:
        return failure
    known = [secret.reveal() for secret in secrets]

    def clean(text: str | None) -> str | None:
        return redact(text, known) if text else text

    return replace(
        failure,
        message=redact(failure.message, known),
        code=clean(failure.code),
        type=clean(failure.type),
        param=clean(failure.param),
    )

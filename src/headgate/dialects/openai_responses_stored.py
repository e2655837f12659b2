"""`/v1/responses/{id}`: answers that a vendor keeps, looked at again, deleted or cancelled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qs

from headgate.dialects.openai_responses import OpenAIResponses
from headgate.dialects.response_ids import opened
from headgate.provider.call import Call, Resource
from headgate.provider.failure import CallFailed, Failure, Kind

_SHAPE = re.compile(r"/?([A-Za-z0-9_-]{1,1024})(/[a-z_]+)?")
#: What may be done with a stored answer: the method, and what follows its id.
_ASKS = frozenset({("GET", ""), ("GET", "/input_items"), ("DELETE", ""), ("POST", "/cancel")})


class StoredResponses(OpenAIResponses):
    """The same dialect for answers that exist already. Looking at one costs nothing."""

    def call(
        self, call_id: str, method: str, rest: str, query: str, headers: Mapping[str, str]
    ) -> Call:
        """The call for `rest`, the path after `/v1/responses`. Raises `CallFailed` for a path that
        is none of these, and for an id that was not made here.
        """
        shape = _SHAPE.fullmatch(rest)
        suffix = (shape[2] or "") if shape else ""
        if shape is None or (method, suffix) not in _ASKS:
            raise _not_found("There is nothing here that can be done with a response.")
        found = opened(shape[1])
        if found is None:
            raise _not_found("This response was not made through this gateway.", "response_id")
        upstream_id, pin = found
        streamed = parse_qs(query).get("stream") == ["true"]
        return Call(
            id=call_id,
            operation=self.operation,
            dialect=self.name,
            model="",
            body={},
            stream=(method, suffix) == ("GET", "") and streamed,
            headers=headers,
            resource=Resource(method, f"/{upstream_id}{suffix}", query),
            pin=pin,
        )


def _not_found(message: str, param: str | None = None) -> CallFailed:
    return CallFailed(Failure(Kind.NOT_FOUND, message, param=param))

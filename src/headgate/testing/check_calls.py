"""What a provider makes of calls: said in full or refused by name, computed and nothing else."""

from __future__ import annotations

import dataclasses
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from headgate.provider.base import Provider
from headgate.provider.call import Call
from headgate.provider.wire import Request
from headgate.testing.asking import TARGET, asked, demand, offers_chat, probed, translated
from headgate.testing.probes import ALIAS, MEANINGS, PROBES
from headgate.testing.transcript import Pair, Transcript, told_request

_ELSEWHERE = "http://127.0.0.1:9"
#: What every provider that offers chats can say.
_PLAIN = ("plain", "stream", "system", "many turns", "max_tokens")


class Calls:
    """Checks of `request`; see `headgate.testing.conformance`."""

    provider: Provider
    transcripts: tuple[Transcript, ...] = ()
    pairs: tuple[Pair, ...] = ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Gives the tests their parameters; pytest asks the class for them."""
        several = {
            "probe": sorted(PROBES),
            "feature": sorted(MEANINGS),
            "plain": _PLAIN,
            "transcript": self.transcripts,
            "pair": self.pairs,
        }
        for name, values in several.items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, values, ids=lambda one: getattr(one, "name", one))

    def test_a_call_is_said_or_refused_by_name(self, probe: str) -> None:
        """`request` changes nothing, gives the same every time, and what can be sent."""
        calls, afresh = _calls(self.provider, probe), _calls(self.provider, probe)
        for call, again in zip(calls, afresh, strict=True):
            first = asked(self.provider, call)
            demand(
                dict(call.body) == PROBES[probe].body(),
                "request() changed call.body, which is the client's own: copy what you change",
            )
            if first is None:
                continue
            second = asked(self.provider, again)
            demand(
                second is not None and told_request(first) == told_request(second),
                "request() gave two answers to one call: keep no state between calls",
            )
            if isinstance(first, Request):
                _sendable(first)

    def test_the_plainest_calls_are_said(self, plain: str) -> None:
        """A provider that offers chats says these, whatever else it cannot."""
        if not offers_chat(self.provider):
            pytest.skip("it offers no chats")
        for call in _calls(self.provider, plain):
            demand(
                asked(self.provider, call) is not None,
                f"a chat ('{plain}') is refused: every chat provider can say this. If it offers no "
                "chats, leave Operation.CHAT out of `offers`",
            )

    def test_what_it_claims_to_say_it_says(self, feature: str) -> None:
        """A feature in `says` changes the request, or is refused: never dropped in silence."""
        name, without = MEANINGS[feature]
        call = translated(self.provider, probed(PROBES[name]))
        if call is None or feature not in self.provider.vocabulary(TARGET):
            pytest.skip("it does not claim to")
        said = asked(self.provider, call)
        if not isinstance(said, Request):
            return
        plain = translated(self.provider, probed(PROBES[without]))
        less = asked(self.provider, plain) if plain is not None else None
        demand(
            not isinstance(less, Request) or told_request(said) != told_request(less),
            f"says holds '{feature}', but request() leaves it out: '{name}' and '{without}' are "
            "the same request. Say it to the vendor, or take it out of says",
        )

    def test_its_address_is_an_option(self) -> None:
        """`base_url` is obeyed, for proxies and for tests."""
        moved = dataclasses.replace(self.provider, base_url=_ELSEWHERE)
        for probe in ("plain", "stream", "vector", "ranking"):
            for call in _calls(moved, probe):
                request = asked(moved, call)
                demand(
                    not isinstance(request, Request) or request.url.startswith(_ELSEWHERE),
                    f"base_url is {_ELSEWHERE}, and request() goes to "
                    f"{getattr(request, 'url', '')}: begin every URL with self.base_url",
                )

    def test_the_vendors_name_of_the_model_is_said(self) -> None:
        """The client's name of a model stays here: `target.model` is what the vendor knows."""
        for probe in ("plain", "stream", "vector", "ranking"):
            for call in _calls(self.provider, probe):
                request = asked(self.provider, call)
                demand(
                    not isinstance(request, Request) or ALIAS not in _text(request),
                    "request() sends call.model, the client's name: send target.model",
                )

    def test_a_relayed_call_keeps_every_field(self) -> None:
        """What nobody here has heard of goes on to the vendor."""
        call = probed(PROBES["unknown parameter"])
        if not self.provider.relays(call, TARGET):
            pytest.skip("it translates")
        request = asked(self.provider, call)
        body = getattr(request, "body", None)
        demand(
            isinstance(body, dict) and body.get("no_such_parameter") == 1,
            "a relayed call loses fields: begin with {**call.body, 'model': target.model}",
        )


def _calls(provider: Provider, probe: str) -> list[Call]:
    """The probe as the client sends it and, where that is relayed, as one to be translated."""
    call = probed(PROBES[probe])
    foreign = translated(provider, call)
    if foreign is None or foreign.dialect == call.dialect:
        return [call]
    return [call, foreign]


def _text(request: Request) -> str:
    told: dict[str, Any] = told_request(request)
    return json.dumps(told)


def _sendable(request: Request) -> None:
    parts = urlsplit(request.url)
    demand(
        parts.scheme in ("http", "https") and parts.netloc and request.url.isprintable(),
        f"'{request.url}' is no absolute URL: begin with self.base_url",
    )
    demand(" " not in request.url, f"'{request.url}' holds a space: quote what stands in a path")
    if not isinstance(request.body, bytes) and request.body is not None:
        try:
            json.dumps(request.body, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise AssertionError(f"the body is no JSON: {error}") from error
    for name, value in request.headers.items():
        good = name.isascii() and value.isascii() and value.isprintable()
        demand(good, f"the header '{name}' cannot be sent: only printable ASCII can")
        demand(
            name.lower() not in ("host", "content-length", "transfer-encoding"),
            f"the header '{name}' is the gateway's own: leave it out",
        )

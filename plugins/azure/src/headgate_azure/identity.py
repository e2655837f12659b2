"""Access tokens of Microsoft Entra ID: for an application, a workload, or the machine itself."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import headgate as hg

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
#: The machine's own token service, at the same address on every machine of Azure's.
_MACHINE = "http://169.254.169.254/metadata/identity/oauth2/token"
_MACHINE_VERSION = "2018-02-01"
#: Seconds that a token lives if its answer does not say.
_LIFE = 3600.0


class Identity(NamedTuple):
    """As whom tokens are asked for: by a secret, by a file, or (`machine`) as the machine.

    `scope` ends in `/.default`; `authority` is the address that gives out tokens.
    """

    authority: str
    scope: str
    tenant_id: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    federated_token_file: str | None = None
    machine: bool = False

    def check(self) -> None:
        """Raises `ValueError` if these options do not make one identity."""
        named = (self.tenant_id, self.client_id)
        ways = (self.client_secret, self.federated_token_file)
        if all(ways):
            raise ValueError("client_secret, federated_token_file: give one of the two")
        if any(ways) and not all(named):
            raise ValueError("tenant_id, client_id: both are needed to ask for a token")
        if any(named) and not any(ways) and not self.machine:
            raise ValueError(
                "tenant_id, client_id: say how to prove it, by client_secret, "
                "federated_token_file or managed_identity"
            )

    def flow(self) -> Generator[hg.Request, hg.Response, hg.Token] | None:
        """The flow of `Provider.token`; None where no identity is configured.

        What an application has of its own goes before the machine's identity.
        """
        if self.client_secret:
            return self._application({"client_secret": self.client_secret})
        if self.federated_token_file:
            return self._workload(self.federated_token_file)
        return self._on_the_machine() if self.machine else None

    def _workload(self, path: str) -> Generator[hg.Request, hg.Response, hg.Token]:
        # Read anew for every token: the file is replaced every hour or so.
        file = yield hg.Request(
            f"file://{quote(path)}" if path[0] == "/" else f"file:{quote(path)}"
        )
        assertion = file.body.decode("utf-8", "replace").strip()
        if not assertion:
            raise _refused("the federated token file is empty")
        proof = {"client_assertion_type": _ASSERTION, "client_assertion": assertion}
        return (yield from self._application(proof))

    def _application(
        self, proof: Mapping[str, str]
    ) -> Generator[hg.Request, hg.Response, hg.Token]:
        tenant = quote(self.tenant_id or "", safe="")
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id or "",
            "scope": self.scope,
            **proof,
        }
        url = f"{self.authority.rstrip('/')}/{tenant}/oauth2/v2.0/token"
        answer = yield hg.Request(url, urlencode(form).encode("ascii"), headers=_FORM)
        return _token(answer)

    def _on_the_machine(self) -> Generator[hg.Request, hg.Response, hg.Token]:
        asked = {
            "api-version": _MACHINE_VERSION,
            "resource": self.scope.removesuffix("/.default"),
        }
        if self.client_id:
            # A machine may have several identities.
            asked["client_id"] = self.client_id
        url = f"{_MACHINE}?{urlencode(asked)}"
        answer = yield hg.Request(url, method="GET", headers={"Metadata": "true"})
        return _token(answer)


def _token(answer: hg.Response) -> hg.Token:
    try:
        said: Any = json.loads(answer.body)
    except ValueError:
        raise _refused("the answer of the token endpoint is no JSON") from None
    value = said.get("access_token") if isinstance(said, dict) else None
    if not isinstance(value, str) or not value:
        raise _refused("the token endpoint gave no access token")
    return hg.Token(value, _seconds(said.get("expires_in")))


def _seconds(life: Any) -> float:
    """A number, or a text that holds one: the machine's token service writes texts."""
    if isinstance(life, str) and life.isdecimal():
        return float(life)
    is_number = isinstance(life, int | float) and not isinstance(life, bool)
    return float(life) if is_number else _LIFE


def _refused(message: str) -> hg.CallFailed:
    return hg.CallFailed(hg.Failure(hg.Kind.CREDENTIALS, message))

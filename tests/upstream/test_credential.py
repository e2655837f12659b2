"""Access tokens: fetched once for all who wait, renewed in time, thrown away when refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from headgate.provider.base import Credentials, Provider, Token
from headgate.provider.failure import CallFailed, Kind
from headgate.provider.wire import Request, Response
from headgate.upstream.credential import Credential


@dataclass(frozen=True)
class Guarded(Provider):
    """Reads a secret from a file and trades it for a token."""

    kind = "guarded"
    base_url: str = "http://127.0.0.1:9"
    file: str = ""

    def token(self, now: float) -> Generator[Request, Response, Token]:
        secret = (yield Request(f"file://{self.file}", method="GET")).body.decode()
        answer = json.loads((yield Request(f"{self.base_url}/token", {"secret": secret})).body)
        return Token(answer["token"], answer["seconds"])


class Desk:
    """Where tokens are handed out."""

    def __init__(self, *answers: tuple[int, object]) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        await asyncio.sleep(0.01)
        status, said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Response(status, {}, json.dumps(said).encode())


def told(number: int, seconds: float = 3600.0) -> tuple[int, object]:
    return 200, {"token": f"token-{number}", "seconds": seconds}


@pytest.fixture
def credential(tmp_path: Path) -> Credential:
    file = tmp_path / "a secret"
    file.write_text("s3cret")
    return Credential(Guarded(file=str(file).replace(" ", "%20")))


def test_a_file_is_read_and_traded_for_a_token(credential: Credential) -> None:
    desk = Desk(told(1))
    grant = asyncio.run(credential.obtain(desk))
    assert grant.token is not None
    assert grant.token.reveal() == "token-1"
    assert [dict(one.body or {}) for one in desk.asked] == [{"secret": "s3cret"}]  # type: ignore[arg-type]


def test_all_who_wait_share_one_token(credential: Credential) -> None:
    desk = Desk(told(1), told(2))

    async def many() -> set[str]:
        grants = await asyncio.gather(*(credential.obtain(desk) for _ in range(50)))
        return {grant.token.reveal() for grant in grants if grant.token}

    assert asyncio.run(many()) == {"token-1"}
    assert len(desk.asked) == 1


def test_a_refused_token_is_thrown_away(credential: Credential) -> None:
    desk = Desk(told(1), told(2))
    asyncio.run(credential.obtain(desk))
    credential.forget()
    grant = asyncio.run(credential.obtain(desk))
    assert grant.token is not None
    assert grant.token.reveal() == "token-2"


def test_a_token_is_renewed_before_it_ends(credential: Credential) -> None:
    desk = Desk(told(1, 0.2), told(2))

    async def twice() -> list[str]:
        first = await credential.obtain(desk)
        await asyncio.sleep(0.12)
        second = await credential.obtain(desk)
        return [one.token.reveal() for one in (first, second) if one.token]

    assert asyncio.run(twice()) == ["token-1", "token-2"]


def test_an_old_token_serves_while_a_new_one_cannot_be_had(credential: Credential) -> None:
    desk = Desk(told(1, 1.0), (503, {}))

    async def twice() -> list[str]:
        first = await credential.obtain(desk)
        await asyncio.sleep(0.6)
        second = await credential.obtain(desk)
        return [one.token.reveal() for one in (first, second) if one.token]

    assert asyncio.run(twice()) == ["token-1", "token-1"]


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_a_desk_that_refuses_is_a_matter_of_credentials(
    credential: Credential, status: int
) -> None:
    with pytest.raises(CallFailed) as failed:
        asyncio.run(credential.obtain(Desk((status, {"error": "s3cret is wrong"}))))
    assert failed.value.failure.kind is Kind.CREDENTIALS
    assert "s3cret" not in failed.value.failure.message


def test_a_file_that_is_not_there_is_a_matter_of_credentials(tmp_path: Path) -> None:
    credential = Credential(Guarded(file=str(tmp_path / "nothing")))
    with pytest.raises(CallFailed) as failed:
        asyncio.run(credential.obtain(Desk(told(1))))
    assert failed.value.failure.kind is Kind.CREDENTIALS


@dataclass(frozen=True)
class Endless(Provider):
    """Asks again and again."""

    kind = "endless"

    def token(self, now: float) -> Generator[Request, Response, Token]:
        while True:
            yield Request("http://127.0.0.1:9/")


def test_a_flow_without_end_is_ended() -> None:
    with pytest.raises(CallFailed, match="without end"):
        asyncio.run(Credential(Endless()).obtain(Desk(told(1))))


class Stamp:
    """Signs by counting bytes."""

    def sign(self, request: Request, body: bytes) -> Mapping[str, str]:
        return {"x-stamp": str(len(body))}


@dataclass(frozen=True)
class Signed(Provider):
    """Wants a signature."""

    kind = "signed"

    def credentials(self) -> Credentials:
        return Stamp()


def test_a_signer_is_made_once() -> None:
    credential = Credential(Signed())
    first, second = (asyncio.run(credential.obtain(Desk(told(1)))) for _ in range(2))
    assert first.signer is second.signer is not None
    assert first.token is None


@pytest.mark.parametrize(
    ("provider", "possible"), [(Provider(), False), (Signed(), True), (Endless(), True)]
)
def test_most_providers_need_none_of_this(provider: Provider, possible: bool) -> None:
    assert Credential(provider).possible is possible

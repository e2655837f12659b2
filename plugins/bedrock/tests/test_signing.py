"""Signatures: the same that AWS's own library makes, for exactly what goes over the wire."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import headgate as hg
from headgate_bedrock import Bedrock

sys.path.insert(0, str(Path(__file__).parent))
from bedrock_wire import chat, target

KEY, SECRET = "AKIAEXAMPLE", "c2VjcmV0LWV4YW1wbGU"
ARN = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.meta.llama"


class At(SigV4Auth):  # type: ignore[misc]
    """AWS's own signer, at a time that is given."""

    when = ""

    def _set_necessary_date_headers(self, request: AWSRequest) -> None:
        request.context["timestamp"] = self.when
        request.headers["X-Amz-Date"] = self.when


def resigned(
    url: str, method: str, sent: dict[str, str], body: bytes, token: str | None = None
) -> str:
    """The signature over those headers that a request says it has signed, as they were sent."""
    lowered = {name.lower(): value for name, value in sent.items()}
    names = lowered["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    headers = {n: lowered[n] for n in names if n not in ("x-amz-date", "x-amz-security-token")}
    request = AWSRequest(method, url, headers, body)
    signer = At(Credentials(KEY, SECRET, token), "bedrock", "eu-west-1")
    signer.when = lowered["x-amz-date"]
    signer.add_auth(request)
    return str(request.headers["Authorization"])


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No credentials but those a test makes."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


def with_key(monkeypatch: pytest.MonkeyPatch, token: str | None = None) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)


@pytest.mark.parametrize("model", ["eu.anthropic.claude-opus-4-8", "amazon.nova-lite-v1:0", ARN])
@pytest.mark.parametrize(
    "base", ["", "http://127.0.0.1:8123", "https://vpce.example:443/x", "https://User@EU.example"]
)
@pytest.mark.parametrize("token", [None, "dG9rZW4="])
def test_a_request_is_signed_as_aws_signs_it(
    account: Path, monkeypatch: pytest.MonkeyPatch, model: str, base: str, token: str | None
) -> None:
    with_key(monkeypatch, token)
    bedrock = Bedrock(region="eu-west-1", base_url=base)
    request, body = bedrock.request(chat(), target(model)), b'{"messages":[]}'
    proof = bedrock.credentials().sign(request, body)
    host = urlsplit(request.url).netloc.rpartition("@")[2].lower()
    sent = {"Host": host, **request.headers, **proof}
    assert proof["Authorization"] == resigned(request.url, "POST", sent, body, token)
    assert ("X-Amz-Security-Token" in proof) is (token is not None)
    names = "content-type;host;x-amz-date" + (";x-amz-security-token" if token else "")
    assert f"SignedHeaders={names}," in proof["Authorization"]
    assert f"Credential={KEY}/{proof['X-Amz-Date'][:8]}/eu-west-1/bedrock/" in str(proof)
    assert SECRET not in str(proof)


def test_a_request_without_a_body_is_signed_too(
    account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_key(monkeypatch)
    bedrock = Bedrock(region="eu-west-1")
    request = bedrock.listing()
    proof = bedrock.credentials().sign(request, b"")
    sent = {"Host": "bedrock.eu-west-1.amazonaws.com", **proof}
    assert proof["Authorization"] == resigned(request.url, "GET", sent, b"")


def test_a_profile_has_credentials_of_its_own(account: Path) -> None:
    (account / "credentials").write_text(
        f"[work]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n", "utf-8"
    )
    bedrock = Bedrock(profile="work")
    proof = bedrock.credentials().sign(bedrock.listing(), b"")
    assert f"Credential={KEY}/" in proof["Authorization"]


@pytest.mark.parametrize("profile", [None, "nobody"])
def test_without_credentials_the_operator_is_told(account: Path, profile: str | None) -> None:
    bedrock = Bedrock(profile=profile)
    with pytest.raises(hg.CallFailed) as failed:
        bedrock.credentials().sign(bedrock.listing(), b"")
    assert failed.value.failure.kind is hg.Kind.CREDENTIALS


def test_many_threads_may_sign_at_once(account: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_key(monkeypatch)
    bedrock = Bedrock(region="eu-west-1")
    signer, proofs = bedrock.credentials(), []
    threads = [
        threading.Thread(target=lambda: proofs.append(signer.sign(bedrock.listing(), b"")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(proofs) == 8


def test_awss_library_is_not_loaded_until_something_is_signed() -> None:
    code = (
        "import sys, headgate_bedrock as b; b.Bedrock().credentials();"
        "sys.exit('botocore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

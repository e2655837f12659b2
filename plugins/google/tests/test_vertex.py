"""Vertex AI: addresses, identities, embeddings, and Claude."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

import headgate as hg
from headgate.dialects.openai_chat import OpenAIChat
from headgate.provider.fit import fitted
from headgate_google import Vertex

NOW = 1_800_000_000.5
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
HELLO = [{"role": "user", "content": "Hello"}]
VERTEX = Vertex(project="p-1", location="us-east5")
HOST = "https://us-east5-aiplatform.googleapis.com/v1/projects/p-1/locations/us-east5/publishers"
SONNET = hg.Target("v", "claude-sonnet-4-5@20250929")


def pem(key: Any = KEY) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


ACCOUNT = {
    "type": "service_account",
    "client_email": "robot@p-1.iam.gserviceaccount.com",
    "private_key": pem(),
    "private_key_id": "k1",
    "token_uri": "https://tokens.example/token",
}
USER = {
    "type": "authorized_user",
    "client_id": "id",
    "client_secret": "secret",
    "refresh_token": "refresh",
}


def chat_call(**body: Any) -> hg.Call:
    return OpenAIChat().parse("r", {"model": "m", "messages": HELLO, **body}, {})


def asked(call: hg.Call, target: hg.Target, provider: Vertex = VERTEX) -> hg.Request:
    if not provider.relays(call, target):
        call, _ = fitted(call, provider.offers, provider.vocabulary(target), drop=False)
    made = provider.request(call, target)
    assert isinstance(made, hg.Request)
    return made


@pytest.mark.parametrize(
    ("options", "root"),
    [
        ({}, "https://aiplatform.googleapis.com/v1/projects/p/locations/global"),
        ({"location": "us"}, "https://aiplatform.us.rep.googleapis.com/v1/projects/p/locations/us"),
        ({"location": "eu"}, "https://aiplatform.eu.rep.googleapis.com/v1/projects/p/locations/eu"),
        (
            {"location": "europe-west4"},
            "https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4",
        ),
        (
            {"base_url": "http://127.0.0.1:1/v1beta1/"},
            "http://127.0.0.1:1/v1beta1/projects/p/locations/global",
        ),
    ],
)
def test_the_location_says_where_to_ask(options: dict[str, str], root: str) -> None:
    made = Vertex(project="p", **options)
    models = f"{root}/publishers/google/models/gemini-2.5-pro"
    target = hg.Target("v", "gemini-2.5-pro")
    assert asked(chat_call(), target, made).url == f"{models}:generateContent"
    streamed = asked(chat_call(stream=True), target, made)
    assert streamed.url == f"{models}:streamGenerateContent?alt=sse"


def test_a_chat_is_the_same_as_at_the_gemini_api_but_for_labels() -> None:
    target = hg.Target("v", "gemini-2.5-pro")
    assert asked(chat_call(labels={"team": "a"}), target).body == {
        "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
        "labels": {"team": "a"},
    }


def test_files_have_addresses() -> None:
    file = {"type": "file", "file": {"file_id": "files/a"}}
    with pytest.raises(hg.Unsupported):
        asked(
            chat_call(messages=[{"role": "user", "content": [file]}]),
            hg.Target("v", "gemini-2.5-pro"),
        )


@pytest.mark.parametrize(
    ("model", "inputs", "verb", "body"),
    [
        (
            "text-embedding-005",
            ("a", "b"),
            "predict",
            {
                "instances": [
                    {"content": "a", "task_type": "CLUSTERING"},
                    {"content": "b", "task_type": "CLUSTERING"},
                ],
                "parameters": {"outputDimensionality": 5},
            },
        ),
        (
            "gemini-embedding-001",
            ("a",),
            "predict",
            {
                "instances": [{"content": "a", "task_type": "CLUSTERING"}],
                "parameters": {"outputDimensionality": 5},
            },
        ),
        (
            "gemini-embedding-2",
            ("a",),
            "embedContent",
            {
                "content": {"parts": [{"text": "a"}]},
                "embedContentConfig": {"taskType": "CLUSTERING", "outputDimensionality": 5},
            },
        ),
        (
            "gemini-embedding-2",
            ("a", "b"),
            "batchEmbedContents",
            {
                "requests": [
                    {
                        "content": {"parts": [{"text": text}]},
                        "embedContentConfig": {"taskType": "CLUSTERING", "outputDimensionality": 5},
                    }
                    for text in ("a", "b")
                ]
            },
        ),
    ],
)
def test_embeddings(model: str, inputs: tuple[str, ...], verb: str, body: dict[str, Any]) -> None:
    embed = hg.Embed(inputs, 5, {"task_type": "CLUSTERING"})
    call = hg.Call("r", hg.Operation.EMBEDDINGS, "x", "m", {}, reader=lambda body: embed)
    made = asked(call, hg.Target("v", model))
    assert made.url == f"{HOST}/google/models/{model}:{verb}"
    assert made.body == body


@pytest.mark.parametrize("stream", [False, True])
def test_claude_is_relayed_to_anthropics_publisher(stream: bool) -> None:
    body = {"model": "ours", "max_tokens": 5, "messages": HELLO, "x": 1, "stream": stream}
    headers = {"anthropic-beta": "b1"}
    call = hg.Call(
        "r", hg.Operation.CHAT, "anthropic_messages", "ours", body, stream=stream, headers=headers
    )
    assert VERTEX.relays(call, SONNET)
    made = asked(call, SONNET)
    verb = "streamRawPredict" if stream else "rawPredict"
    assert made.url == f"{HOST}/anthropic/models/claude-sonnet-4-5@20250929:{verb}"
    assert made.headers == {"anthropic-beta": "b1"}
    assert made.body == {
        "anthropic_version": "vertex-2023-10-16",
        "max_tokens": 5,
        "messages": HELLO,
        "x": 1,
        "stream": stream,
    }
    assert body["model"] == "ours"
    assert not VERTEX.relays(call, hg.Target("v", "gemini-2.5-pro"))


def test_claude_counts_tokens_at_an_address_of_its_own() -> None:
    call = hg.Call(
        "r", hg.Operation.COUNT_TOKENS, "anthropic_count_tokens", "m", {"messages": HELLO}
    )
    made = asked(call, SONNET)
    assert made.url == f"{HOST}/anthropic/models/count-tokens:rawPredict"
    assert made.body == {
        "anthropic_version": "vertex-2023-10-16",
        "model": "claude-sonnet-4-5@20250929",
        "messages": HELLO,
    }
    reply = VERTEX.reply(call, SONNET, hg.Response(200, {}, b'{"input_tokens": 9}'))
    assert list(reply) == [hg.Usage(input=9)]


def test_a_chat_in_another_dialect_is_said_to_claude_in_its_words() -> None:
    made = asked(chat_call(max_tokens=7, stream=True), SONNET)
    assert made.url.endswith(":streamRawPredict")
    assert made.body == {
        "anthropic_version": "vertex-2023-10-16",
        "max_tokens": 7,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
        "stream": True,
    }
    answer = {
        "type": "message",
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "output_tokens": 1},
    }
    response = hg.Response(200, {}, json.dumps(answer).encode())
    events = list(VERTEX.reply(chat_call(), SONNET, response))
    assert events[0] == hg.Text("Hi")
    assert hg.Finish("stop") in events


def test_each_publisher_is_told_what_it_knows() -> None:
    gemini = VERTEX.vocabulary(hg.Target("v", "gemini-2.5-pro"))
    assert "seed" in gemini
    assert "parallel_tool_calls" not in gemini
    claude = VERTEX.vocabulary(SONNET)
    assert "seed" not in claude
    assert "parallel_tool_calls" in claude


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"status": "RESOURCE_EXHAUSTED", "message": "x"}}, hg.Kind.RATE_LIMITED),
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "x"}},
            hg.Kind.OVERLOADED,
        ),
    ],
)
def test_errors_of_both_publishers(body: dict[str, Any], kind: hg.Kind) -> None:
    status = 429 if kind is hg.Kind.RATE_LIMITED else 529
    response = hg.Response(status, {}, json.dumps(body).encode())
    assert VERTEX.failure(chat_call(), response).kind is kind


def play(provider: Vertex, *answers: Any) -> tuple[list[hg.Request], hg.Token]:
    flow = provider.token(NOW)
    assert flow is not None
    requests = [next(flow)]
    try:
        for answer in answers:
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            requests.append(flow.send(hg.Response(200, {}, body)))
    except StopIteration as end:
        return requests, end.value
    raise AssertionError("the flow goes on")


GRANTED = {"access_token": "ya29.x", "expires_in": 3599, "token_type": "Bearer"}


def decoded(text: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def test_a_service_account_signs_for_its_token() -> None:
    requests, token = play(Vertex(project="p", credentials_file="/etc/a b.json"), ACCOUNT, GRANTED)
    assert token == hg.Token("ya29.x", 3599.0)
    assert requests[0].url == "file:///etc/a%20b.json"
    assert (requests[1].method, requests[1].url) == ("POST", "https://tokens.example/token")
    assert requests[1].headers == {"Content-Type": "application/x-www-form-urlencoded"}
    assert isinstance(requests[1].body, bytes)
    form = parse_qs(requests[1].body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    head, claims, signature = form["assertion"][0].split(".")
    assert decoded(head) == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    assert decoded(claims) == {
        "iss": "robot@p-1.iam.gserviceaccount.com",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": "https://tokens.example/token",
        "iat": 1_800_000_000,
        "exp": 1_800_003_600,
    }
    KEY.public_key().verify(
        base64.urlsafe_b64decode(signature + "=="),
        f"{head}.{claims}".encode(),
        padding.PKCS1v15(),
        hashes.SHA256(),
    )


def test_a_user_renews_a_token() -> None:
    requests, token = play(Vertex(project="p", credentials_file="user.json"), USER, GRANTED)
    assert token.value == "ya29.x"
    assert requests[0].url == "file:user.json"
    assert requests[1].url == "https://oauth2.googleapis.com/token"
    assert isinstance(requests[1].body, bytes)
    assert parse_qs(requests[1].body.decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["id"],
        "client_secret": ["secret"],
        "refresh_token": ["refresh"],
    }


def test_the_machine_has_an_identity_too() -> None:
    requests, token = play(Vertex(project="p"), GRANTED)
    assert token == hg.Token("ya29.x", 3599.0)
    assert requests == [
        hg.Request(
            "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/"
            "default/token",
            method="GET",
            headers={"Metadata-Flavor": "Google"},
        )
    ]


@pytest.mark.parametrize(
    "answers",
    [
        (b"no json",),
        ({"type": "external_account"},),
        ({"type": "service_account"},),
        ({**ACCOUNT, "private_key": "garbage"},),
        ({**ACCOUNT, "private_key": pem(ec.generate_private_key(ec.SECP256R1()))},),
        ({**USER, "refresh_token": ""},),
        (USER, {"error": "invalid_grant"}),
        (USER, b"[]"),
    ],
    ids=["no-json", "type", "empty", "garbage", "no-rsa", "user", "refused", "array"],
)
def test_credentials_that_are_none_are_the_operators_business(answers: tuple[Any, ...]) -> None:
    with pytest.raises(hg.CallFailed) as failed:
        play(Vertex(project="p", credentials_file="/c.json"), *answers)
    assert failed.value.failure.kind is hg.Kind.CREDENTIALS
    assert "garbage" not in failed.value.failure.message
    assert failed.value.__cause__ is None


def test_the_file_is_read_where_the_option_says(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    flow = Vertex(project="p", credentials_file=str(path)).token(NOW)
    assert flow is not None
    assert next(flow).url == path.as_uri()


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "https://aiplatform.googleapis.com/v1beta1/publishers/google/models?pageSize=1000"),
        (
            {"location": "us"},
            "https://aiplatform.us.rep.googleapis.com/v1beta1/publishers/google/models?pageSize=1000",
        ),
        ({"base_url": "http://h/v1/"}, "http://h/v1/publishers/google/models?pageSize=1000"),
    ],
)
def test_its_models_are_listed(options: dict[str, str], url: str) -> None:
    vertex = Vertex(project="p", **options)
    listing = vertex.listing()
    assert listing is not None
    assert (listing.method, listing.url) == ("GET", url)
    body = b'{"publisherModels":[{"name":"publishers/google/models/gemini-3-pro"},{"x":1}]}'
    assert list(vertex.listed(hg.Response(200, {}, body))) == [hg.Listed("gemini-3-pro")]

"""What is sent to Azure, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

import headgate as hg
from headgate.dialects.anthropic_messages import AnthropicMessages
from headgate.provider.fit import fitted
from headgate_azure import Azure

RESOURCE = "https://r.openai.azure.com"
SERVICES = "https://r.services.ai.azure.com"
OPERATIONS = {
    "openai_chat": hg.Operation.CHAT,
    "openai_completions": hg.Operation.COMPLETIONS,
    "openai_embeddings": hg.Operation.EMBEDDINGS,
    "openai_responses": hg.Operation.RESPONSES,
}
V1 = {
    "openai_chat": "/chat/completions",
    "openai_completions": "/completions",
    "openai_embeddings": "/embeddings",
    "openai_responses": "/responses",
}
TARGET = hg.Target("azure", "gpt-6.1-terra")
ASTRA = hg.Target("azure", "gpt-6-astra")


def call(dialect: str = "openai_chat", **fields: Any) -> hg.Call:
    body = {"model": "ours", **fields}
    return hg.Call("r", OPERATIONS[dialect], dialect, "ours", body, stream=bool(body.get("stream")))


def foreign(**fields: Any) -> hg.Call:
    """A call in a dialect that has to be translated."""
    body = {"model": "ours", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
    return AnthropicMessages().parse("r", {**body, **fields}, {})


def body(request: hg.Request) -> Mapping[str, Any]:
    assert isinstance(request.body, Mapping)
    return request.body


@pytest.mark.parametrize(
    ("base_url", "version", "root"),
    [
        (RESOURCE, None, RESOURCE + "/openai/v1{}"),
        (RESOURCE + "/", None, RESOURCE + "/openai/v1{}"),
        (RESOURCE + "/openai", None, RESOURCE + "/openai/v1{}"),
        (RESOURCE + "/openai/v1/", None, RESOURCE + "/openai/v1{}"),
        (RESOURCE, "", RESOURCE + "/openai/v1{}"),
        (RESOURCE, "preview", RESOURCE + "/openai/v1{}?api-version=preview"),
        (RESOURCE + "/openai/v1", "latest", RESOURCE + "/openai/v1{}?api-version=latest"),
        (SERVICES, None, SERVICES + "/openai/v1{}"),
        (SERVICES + "/api/projects/p", None, SERVICES + "/api/projects/p/openai/v1{}"),
        ("http://127.0.0.1:1/v1", None, "http://127.0.0.1:1/v1{}"),
    ],
)
def test_the_undated_api_takes_the_model_in_the_body(
    base_url: str, version: str | None, root: str
) -> None:
    made = Azure(base_url, api_version=version)
    for dialect, path in V1.items():
        request = made.request(call(dialect), TARGET)
        assert request.url == root.format(path)
        assert body(request)["model"] == "gpt-6.1-terra"
        assert not request.headers
    listing = made.listing()
    assert listing is not None
    assert (listing.method, listing.url) == ("GET", root.format("/models"))


@pytest.mark.parametrize("base_url", [RESOURCE, RESOURCE + "/openai/", SERVICES])
def test_the_dated_api_takes_the_deployment_in_the_address(base_url: str) -> None:
    made = Azure(base_url, api_version="2025-03-01-preview", deployments={"gpt-6.1-terra": "a b/c"})
    root, query = base_url.removesuffix("/openai/") + "/openai", "?api-version=2025-03-01-preview"
    at = "/deployments/a%20b%2Fc"
    for dialect in ("openai_chat", "openai_completions", "openai_embeddings"):
        request = made.request(call(dialect), TARGET)
        assert request.url == root + at + V1[dialect] + query
        assert body(request)["model"] == "a b/c"
    request = made.request(call("openai_responses"), TARGET)
    assert request.url == root + "/responses" + query
    assert body(request)["model"] == "a b/c"
    listing = made.listing()
    assert listing is not None
    assert listing.url == root + "/models" + query


@pytest.mark.parametrize(
    ("version", "query"),
    [(None, "2024-05-01-preview"), ("2025-04-01", "2025-04-01"), ("preview", "preview")],
)
def test_foundry_takes_chats_and_embeddings(version: str | None, query: str) -> None:
    made = Azure(SERVICES + "/models/", api_version=version, headers={"X-Team": "blue"})
    for dialect in ("openai_chat", "openai_embeddings"):
        request = made.request(call(dialect), TARGET)
        assert request.url == f"{SERVICES}/models{V1[dialect]}?api-version={query}"
        assert request.headers == {"extra-parameters": "pass-through", "X-Team": "blue"}
    assert made.listing() is None
    for dialect in ("openai_completions", "openai_responses"):
        assert not made.relays(call(dialect), TARGET)
        with pytest.raises(hg.Unsupported):
            made.request(call(dialect), TARGET)


@pytest.mark.parametrize(
    ("version", "responses"),
    [("2024-02-01", False), ("2025-02-01-preview", False), ("2025-03-01-preview", True)],
)
def test_responses_came_with_a_version(version: str, responses: bool) -> None:
    made = Azure(RESOURCE, api_version=version)
    assert made.relays(call("openai_responses"), TARGET) is responses
    assert made.chat_api(foreign(), ASTRA) == ("openai_responses" if responses else "openai_chat")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"base_url": ""}, "a whole address"),
        ({"base_url": "r.openai.azure.com"}, "a whole address"),
        ({"base_url": RESOURCE + "/openai?api-version=2024-10-21"}, "before the '\\?'"),
        ({"base_url": RESOURCE + "/openai/deployments/gpt"}, "before the deployment"),
        ({"base_url": SERVICES + "/models/chat/completions"}, "before the deployment"),
        ({"base_url": RESOURCE, "api_version": "2024"}, "a date"),
        ({"base_url": RESOURCE, "api_version": "2024-10-21&x=1"}, "a date"),
        ({"base_url": RESOURCE + "/openai/v1", "api_version": "2024-10-21"}, "none under /v1"),
        ({"base_url": RESOURCE, "tenant_id": "t"}, "how to prove it"),
        ({"base_url": RESOURCE, "client_secret": "s", "client_id": "c"}, "both are needed"),
        ({"base_url": RESOURCE, "federated_token_file": "/f"}, "both are needed"),
        (
            {"base_url": RESOURCE, "client_secret": "s", "federated_token_file": "/f"},
            "one of the two",
        ),
    ],
)
def test_a_mistake_is_named_when_the_gateway_starts(options: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Azure(**options)


def test_a_relayed_body_keeps_every_field() -> None:
    asked = call(messages=[], x={"y": [1]}, data_sources=[{}], stream=True)
    before = dict(asked.body)
    sent = body(Azure(RESOURCE, deployments={"gpt-6.1-terra": "d"}).request(asked, TARGET))
    assert sent == {**before, "model": "d", "stream_options": {"include_usage": True}}
    assert dict(asked.body) == before
    quiet = body(Azure(RESOURCE, ask_usage=False).request(asked, TARGET))
    assert quiet == {**before, "model": "gpt-6.1-terra"}


@pytest.mark.parametrize(
    ("version", "url"),
    [
        (None, RESOURCE + "/openai/v1/responses/resp_1?include=x"),
        (
            "2025-04-01-preview",
            RESOURCE + "/openai/responses/resp_1?api-version=2025-04-01-preview&include=x",
        ),
    ],
)
def test_stored_responses_are_found(version: str | None, url: str) -> None:
    stored = hg.Resource("GET", "/resp_1", "include=x")
    asked = call("openai_responses")._replace(resource=stored)
    made = Azure(RESOURCE, api_version=version)
    request = made.request(asked, TARGET)
    assert (request.method, request.url, request.body) == ("GET", url, None)
    gone = hg.Response(404, {}, b'{"error": {"code": "404", "message": "Resource not found"}}')
    assert made.failure(asked, gone).kind is hg.Kind.NOT_FOUND


@pytest.mark.parametrize(
    ("made", "limit"),
    [
        (Azure(RESOURCE), "max_completion_tokens"),
        (Azure(RESOURCE, api_version="2024-10-21"), "max_completion_tokens"),
        (Azure(SERVICES + "/models"), "max_tokens"),
    ],
    ids=["v1", "dated", "foundry"],
)
def test_a_foreign_chat_is_said_in_openais_words(made: Azure, limit: str) -> None:
    request = made.request(foreign(system="Be brief.", stream=True, temperature=0.5), TARGET)
    assert body(request) == {
        "model": "gpt-6.1-terra",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello"},
        ],
        "temperature": 0.5,
        limit: 50,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_model_without_tools_in_chats_is_asked_through_responses() -> None:
    made = Azure(RESOURCE, deployments={"gpt-6-astra": "star"}, reasoning_summary="auto")
    request = made.request(foreign(thinking={"type": "adaptive"}), ASTRA)
    assert request.url == RESOURCE + "/openai/v1/responses"
    sent = body(request)
    assert sent["model"] == "star"
    assert sent["max_output_tokens"] == 50
    assert sent["reasoning"]["summary"] == "auto"
    assert made.vocabulary(ASTRA) != made.vocabulary(TARGET)
    # A client's own chat without tools is relayed all the same.
    assert made.relays(call(), ASTRA)
    assert not made.relays(call(tools=[{}]), ASTRA)
    assert Azure(SERVICES + "/models").relays(call(tools=[{}]), ASTRA)


DOCUMENT = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQK"}


@pytest.mark.parametrize(
    ("made", "taken"),
    [
        (Azure(RESOURCE), True),
        (Azure(RESOURCE, api_version="2024-10-21"), False),
        (Azure(SERVICES + "/models"), False),
    ],
    ids=["v1", "dated", "foundry"],
)
def test_documents_are_taken_by_the_undated_api_alone(
    made: Azure,
    taken: bool,
) -> None:
    parts = [{"type": "document", "source": DOCUMENT}, {"type": "text", "text": "Read."}]
    asked = foreign(messages=[{"role": "user", "content": parts}])
    if taken:
        fitted(asked, made.offers, made.vocabulary(TARGET), drop=False)
        said = body(made.request(asked, TARGET))["messages"][0]["content"][0]
        assert said["type"] == "file"
        return
    with pytest.raises(hg.Unsupported):
        fitted(asked, made.offers, made.vocabulary(TARGET), drop=True)


def test_discovery_offers_what_was_deployed() -> None:
    answer = hg.Response(200, {}, b'{"data": [{"id": "gpt-4o", "created_at": 1}]}')
    assert [one.id for one in Azure(RESOURCE).listed(answer)] == ["gpt-4o"]
    made = Azure(RESOURCE, deployments={"gpt-6.1-terra": "d", "e": "f"})
    assert [one.id for one in made.listed(answer)] == ["gpt-6.1-terra", "e"]


def test_it_is_a_value_that_keeps_its_secret() -> None:
    made = Azure(RESOURCE, tenant_id="t", client_id="c", client_secret="hush")
    assert made == Azure(RESOURCE, tenant_id="t", client_id="c", client_secret="hush")
    assert hash(made) == hash(Azure(RESOURCE, tenant_id="t", client_id="c", client_secret="hush"))
    assert "hush" not in repr(made)
    assert made.auth_header == ("api-key", "")
    assert made.token_header == ("Authorization", "Bearer ")

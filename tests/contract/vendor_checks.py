"""Request bodies held against what the vendors say of their own APIs: the types of their SDKs."""

from __future__ import annotations

import base64
import inspect
import json
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import anthropic.types.message_create_params as messages
import botocore.session
import openai.types.chat.completion_create_params as completions
import openai.types.responses.response_create_params as responses
from botocore.model import Shape
from botocore.validate import ParamValidator
from cohere import ClientV2
from google.genai import types as google
from mistralai.client.models import ChatCompletionRequest
from ollama import _types as ollama
from pydantic import TypeAdapter, ValidationError

from .vendor_types import Own, misfit

Body = Mapping[str, Any]
#: What is wrong with a body; None where nothing is.
Check = Callable[[Body], str | None]

_NO_OWN: Own = {}
_MESSAGES = (messages.MessageCreateParamsNonStreaming, messages.MessageCreateParamsStreaming)
_CHAT = (
    completions.CompletionCreateParamsNonStreaming,
    completions.CompletionCreateParamsStreaming,
)
_RESPONSES = (
    responses.ResponseCreateParamsNonStreaming,
    responses.ResponseCreateParamsStreaming,
)
_GENERATE: Mapping[str, Any] = {
    "contents": list[google.Content],
    "systemInstruction": google.Content,
    "tools": list[google.Tool],
    "toolConfig": google.ToolConfig,
    "generationConfig": google.GenerationConfig,
    "safetySettings": list[google.SafetySetting],
    "cachedContent": str,
    "serviceTier": google.ServiceTier,
}
#: The models that take these read them in the version of the API that is asked for; the types
#: are of a later one.
_SAMPLING = frozenset({"temperature", "top_p", "top_k"})
_ANTHROPIC_OWN: Own = {kind.__name__: _SAMPLING for kind in _MESSAGES}
#: Ollama's server reads these; its client's types are older.
_OLLAMA_OWN: Own = {
    "Message": frozenset({"tool_call_id"}),
    "ToolCall": frozenset({"id"}),
    "Parameters": frozenset({"additionalProperties"}),
}


def own(
    *, body: str = "", assistant: str = "", text: str = "", image: str = "", function: str = ""
) -> Own:
    """A vendor's fields beside OpenAI's, by where they stand; names with spaces between them."""
    tops = {kind.__name__: frozenset(body.split()) for kind in _CHAT}
    return tops | {
        "ChatCompletionAssistantMessageParam": frozenset(assistant.split()),
        "ChatCompletionContentPartTextParam": frozenset(text.split()),
        "ChatCompletionContentPartImageParam": frozenset(image.split()),
        "ChatCompletionMessageFunctionToolCallParam": frozenset(function.split()),
    }


def as_messages(body: Body) -> str | None:
    """Anthropic's Messages."""
    if (limit := body.get("max_tokens")) is not None and limit < 1:
        return ".max_tokens: less than one"
    thinking = body.get("thinking") or {}
    if thinking.get("budget_tokens", 0) >= body.get("max_tokens", 0) > 0:
        return ".thinking.budget_tokens: no room for an answer"
    kind = _MESSAGES[body.get("stream") is True]
    return misfit(body, kind, own=_ANTHROPIC_OWN) or _in_turns(
        body["messages"], "tool_use", "tool_result", "id", "tool_use_id"
    )


def as_vertex_messages(body: Body) -> str | None:
    """The same on Vertex AI, where the address names the model and the body a version."""
    if body.get("anthropic_version") != "vertex-2023-10-16":
        return ".anthropic_version: missing"
    if "model" in body:
        return ".model: named in the address"
    rest = {name: value for name, value in body.items() if name != "anthropic_version"}
    return as_messages({**rest, "model": "m"})


def _in_turns(turns: list[Any], call: str, result: str, id_: str, answered: str) -> str | None:
    """Whether users and assistants alternate, and every call is answered in the turn after it."""
    open_: set[str] = set()
    for at, turn in enumerate(turns):
        role, content = turn["role"], turn["content"]
        if role == "system":
            continue
        if at == 0 and role != "user":
            return ".messages.0: not the user's"
        if at and turns[at - 1]["role"] == role:
            return f".messages.{at}: a second turn of the same role"
        blocks = content if isinstance(content, list) else []
        tagged = [(b["type"], b) if "type" in b else next(iter(b.items())) for b in blocks]
        results = {block[answered] for kind, block in tagged if kind == result}
        if results != open_:
            return f".messages.{at}: results of {sorted(results)}, not of {sorted(open_)}"
        open_ = {block[id_] for kind, block in tagged if kind == call}
    return ".messages: calls without results" if open_ else None


def as_generate(body: Body) -> str | None:
    """Google's `generateContent`, whose types allow no field that they do not know."""
    if unknown := sorted(set(body) - _GENERATE.keys()):
        return f".{unknown[0]}: no such field"
    for name, value in body.items():
        try:
            TypeAdapter(_GENERATE[name]).validate_json(json.dumps(value))
        except ValidationError as wrong:
            first = wrong.errors()[0]
            return f".{name}.{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return None


@cache
def _shape(operation: str) -> Shape:
    found = botocore.session.Session().get_service_model("bedrock-runtime")
    return found.operation_model(operation).input_shape


def as_converse(body: Body) -> str | None:
    """Bedrock's Converse, by AWS's own description of it."""
    shape = _shape("Converse")
    try:
        said = _as_python(json.loads(json.dumps(body)), shape, "")
    except ValueError as wrong:
        return str(wrong)
    report = ParamValidator().validate({**said, "modelId": "m"}, shape)
    if report.has_errors():
        return f": {report.generate_report()}"
    blocks = [block for turn in body["messages"] for block in turn["content"]]
    if "toolConfig" not in body and any({"toolUse", "toolResult"} & set(b) for b in blocks):
        return ".toolConfig: needed where the conversation has tool calls"
    return _in_turns(body["messages"], "toolUse", "toolResult", "toolUseId", "toolUseId")


def _as_python(value: Any, shape: Any, where: str) -> Any:
    """A JSON value as botocore takes it: bytes instead of base64, and no unknown member."""
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        if unknown := sorted(set(value) - set(shape.members)):
            raise ValueError(f"{where}.{unknown[0]}: {shape.name} has no such member")
        return {
            name: _as_python(inner, shape.members[name], f"{where}.{name}")
            for name, inner in value.items()
        }
    if shape.type_name == "list":
        return [_as_python(one, shape.member, f"{where}.{at}") for at, one in enumerate(value)]
    if shape.type_name == "blob":
        return base64.b64decode(value, validate=True)
    return value


@cache
def _cohere_fields() -> Mapping[str, Any]:
    parameters = inspect.signature(ClientV2.chat, eval_str=True).parameters
    found = {name: one.annotation for name, one in parameters.items()}
    return {**found, "stream": bool}


def as_cohere(body: Body) -> str | None:
    """Cohere's second chat API, by the arguments that its client takes for it."""
    fields = _cohere_fields()
    if unknown := sorted(set(body) - fields.keys() | (set(body) & {"self", "request_options"})):
        return f".{unknown[0]}: no such argument"
    complaints = (misfit(value, fields[name], f".{name}") for name, value in body.items())
    return next((one for one in complaints if one is not None), None)


def as_ollama(body: Body) -> str | None:
    """Ollama's own chat. Images are plain base64, and options are nothing but options."""
    plain = {**body, "messages": [_without_images(one) for one in body["messages"]]}
    images = (image for one in body["messages"] for image in one.get("images", ()))
    if any(not isinstance(image, str) or ":" in image for image in images):
        return ".messages.images: not base64"
    return misfit(plain, ollama.ChatRequest, own=_OLLAMA_OWN) or misfit(
        body.get("options", {}), ollama.Options, ".options"
    )


def _without_images(message: Body) -> Body:
    return {name: value for name, value in message.items() if name != "images"}


def as_mistral(body: Body) -> str | None:
    """Mistral's chat completions, where an unknown field is a 422."""
    return misfit(body, ChatCompletionRequest)


def as_responses(body: Body) -> str | None:
    """OpenAI's Responses."""
    return misfit(body, _RESPONSES[body.get("stream") is True])


def as_chat(body: Body, own: Own = _NO_OWN, lacks: frozenset[str] = frozenset()) -> str | None:
    """OpenAI's chat completions, with a vendor's `own` fields, and without those it `lacks`."""
    if lacking := sorted(lacks & body.keys()):
        return f".{lacking[0]}: the vendor has no such field"
    return misfit(body, _CHAT[body.get("stream") is True], own=own)


def as_either(body: Body) -> str | None:
    """The one or the other of OpenAI's APIs."""
    return as_responses(body) if "input" in body else as_chat(body)


def chat_of(own_fields: Own, lacks: str = "") -> Check:
    """`as_chat` for one vendor; the names that it lacks with spaces between them."""
    return partial(as_chat, own=own_fields, lacks=frozenset(lacks.split()))

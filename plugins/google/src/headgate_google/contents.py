"""A conversation as Google's `contents` and `systemInstruction`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import headgate as hg
from headgate_google.media import media_part
from headgate_google.models import LEVELS, generation
from headgate_google.reading import parsed

#: What Google documents for tool calls whose signature is lost, or that another vendor's model
#: made: without any, its models from generation 3 on refuse the conversation.
NO_SIGNATURE = "skip_thought_signature_validator"


class Conversation(NamedTuple):
    """The turns, and the parts of the system instruction."""

    contents: list[dict[str, Any]]
    system: list[dict[str, Any]]


def conversation(chat: hg.Chat, model: str, files: str) -> Conversation:
    """The messages in Google's shape. Raises `Unsupported` for what has none."""
    # Signatures and ids of tool calls came together; older models match results by name.
    signs = generation(model) >= LEVELS
    names: dict[str, str] = {}
    turns: list[tuple[str, dict[str, Any]]] = []
    system: list[dict[str, Any]] = []
    for index, message in enumerate(chat.messages):
        match message.role:
            case "system":
                system += _said(message.parts, files)
                continue
            case "assistant":
                names |= {p.id: p.name for p in message.parts if isinstance(p, hg.CallPart)}
                parts = _answered(index, message.parts, files, signs=signs)
            case "tool":
                parts = [_result(index, message, names, files, by_id=signs)]
            case _:
                parts = _said(message.parts, files)
        _append(turns, message.role, parts)
    contents = [content for _, content in turns]
    if contents:
        return Conversation(contents, system)
    if system:
        # Google wants something to answer.
        return Conversation([{"role": "user", "parts": system}], [])
    raise hg.Unsupported("there is nothing to answer: every message is empty", "messages")


def _append(
    turns: list[tuple[str, dict[str, Any]]], role: str, parts: list[dict[str, Any]]
) -> None:
    """Adds to the last turn if it is of the same role; results of one turn belong together, and
    apart from what the user says then.
    """
    if not parts:
        return
    if turns and turns[-1][0] == role:
        turns[-1][1]["parts"].extend(parts)
        return
    turns.append((role, {"role": "model" if role == "assistant" else "user", "parts": parts}))


def _said(parts: Iterable[hg.Part], files: str) -> list[dict[str, Any]]:
    return [said for part in parts if (said := _part(part, files)) is not None]


def _part(part: hg.Part, files: str) -> dict[str, Any] | None:
    match part:
        case hg.TextPart(text):
            return {"text": text} if text else None
        case hg.ImagePart() | hg.AudioPart() | hg.FilePart():
            return media_part(part, files)
        case hg.CallPart() | hg.ReasoningPart():
            return None


def _answered(
    index: int, parts: Iterable[hg.Part], files: str, *, signs: bool
) -> list[dict[str, Any]]:
    """What the model said in an earlier turn, its signatures where they were."""
    said: list[dict[str, Any]] = []
    for part in parts:
        match part:
            case hg.ReasoningPart():
                said += _thought(part)
            case hg.CallPart():
                said.append(_call(index, part, by_id=signs))
            case _:
                said += _said([part], files)
    calls = [one for one in said if "functionCall" in one]
    if calls and signs:
        calls[0].setdefault("thoughtSignature", NO_SIGNATURE)
    texts = [one for one in said if "text" in one and "thought" not in one]
    signed = [one for one in said if "thought" in one and "thoughtSignature" in one]
    if texts and signed:
        # Google signs the last text of an answer; clients keep its signature beside the thoughts.
        texts[-1]["thoughtSignature"] = signed[-1].pop("thoughtSignature")
    return [one for one in said if one.get("text") != "" or "thoughtSignature" in one]


def _thought(part: hg.ReasoningPart) -> Iterable[dict[str, Any]]:
    if part.redacted is not None:
        # Another vendor's: Google redacts nothing, and could not read it.
        return
    thought: dict[str, Any] = {"text": part.text, "thought": True}
    if part.signature and _is_base64(part.signature):
        thought["thoughtSignature"] = part.signature
    yield thought


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(
            text, altchars=b"-_" if "-" in text or "_" in text else None, validate=True
        )
    except (binascii.Error, ValueError):
        return False
    return True


def _call(index: int, part: hg.CallPart, *, by_id: bool) -> dict[str, Any]:
    try:
        arguments = parsed(part.arguments or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise hg.Unsupported(
            "the arguments of a tool call must be a JSON object", f"messages[{index}].tool_calls"
        )
    call: dict[str, Any] = {"name": part.name, "args": arguments}
    if part.id and by_id:
        call["id"] = part.id
    said: dict[str, Any] = {"functionCall": call}
    if part.signature:
        said["thoughtSignature"] = part.signature
    return said


def _result(
    index: int, message: hg.Message, names: Mapping[str, str], files: str, *, by_id: bool
) -> dict[str, Any]:
    """The result of a tool call, which Google knows by the tool's name."""
    name = names.get(message.call_id or "") or message.name
    if not name:
        raise hg.Unsupported(
            "this result belongs to no tool call before it", f"messages[{index}].tool_call_id"
        )
    result: dict[str, Any] = {"name": name, "response": _response(message)}
    if message.call_id and by_id:
        result["id"] = message.call_id
    shown = [p for p in message.parts if not isinstance(p, hg.TextPart)]
    if media := _said(shown, files):
        result["parts"] = media
    return {"functionResponse": result}


def _response(message: hg.Message) -> Mapping[str, Any]:
    text = message.text
    if message.failed:
        return {"error": text}
    try:
        value = parsed(text)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"result": text}

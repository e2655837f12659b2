"""Headgate's plugin interface: `import headgate as hg` gives everything a plugin may use.

Nothing else in this package is public.
"""

from headgate.provider.base import API_VERSION, Feed, Provider
from headgate.provider.call import Call, Operation, Target
from headgate.provider.chat import (
    AudioPart,
    CallPart,
    Chat,
    Embed,
    FilePart,
    ImagePart,
    Message,
    TextPart,
    Tool,
)
from headgate.provider.classify import by_status, error_object, from_error, retry_after
from headgate.provider.events import Event, Finish, Reasoning, Text, ToolCall, Usage, Vector
from headgate.provider.failure import CallFailed, Failure, Kind, Unsupported
from headgate.provider.framing import NDJSON, SSE, Framer
from headgate.provider.hooks import hookimpl
from headgate.provider.wire import Frame, Request, Response, Script, Step

__version__ = "0.1.0"

__all__ = [
    "API_VERSION",
    "NDJSON",
    "SSE",
    "AudioPart",
    "Call",
    "CallFailed",
    "CallPart",
    "Chat",
    "Embed",
    "Event",
    "Failure",
    "Feed",
    "FilePart",
    "Finish",
    "Frame",
    "Framer",
    "ImagePart",
    "Kind",
    "Message",
    "Operation",
    "Provider",
    "Reasoning",
    "Request",
    "Response",
    "Script",
    "Step",
    "Target",
    "Text",
    "TextPart",
    "Tool",
    "ToolCall",
    "Unsupported",
    "Usage",
    "Vector",
    "by_status",
    "error_object",
    "from_error",
    "hookimpl",
    "retry_after",
]

"""Headgate's plugin interface: `import headgate as hg` gives everything a plugin may use.

Nothing else in this package is public.
"""

from headgate.provider.base import API_VERSION, Credentials, Feed, Listed, Provider, Token
from headgate.provider.call import Call, Operation, Resource, Target, Traits
from headgate.provider.chat import (
    AudioPart,
    CallPart,
    Chat,
    Embed,
    FilePart,
    ImagePart,
    Message,
    Part,
    ReasoningPart,
    Rerank,
    TextPart,
    Tool,
    inline,
)
from headgate.provider.classify import (
    by_status,
    error_object,
    failed_status,
    from_error,
    reset_after,
    retry_after,
)
from headgate.provider.events import (
    Event,
    Finish,
    Ranked,
    Reasoning,
    Text,
    TokenLogprob,
    ToolCall,
    Usage,
    Vector,
)
from headgate.provider.failure import CallFailed, Failure, Kind, Unsupported
from headgate.provider.framing import NDJSON, SSE, Framer
from headgate.provider.hooks import hookimpl
from headgate.provider.usage import chat_usage, messages_usage, responses_usage
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
    "Credentials",
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
    "Listed",
    "Message",
    "Operation",
    "Part",
    "Provider",
    "Ranked",
    "Reasoning",
    "ReasoningPart",
    "Request",
    "Rerank",
    "Resource",
    "Response",
    "Script",
    "Step",
    "Target",
    "Text",
    "TextPart",
    "Token",
    "TokenLogprob",
    "Tool",
    "ToolCall",
    "Traits",
    "Unsupported",
    "Usage",
    "Vector",
    "by_status",
    "chat_usage",
    "error_object",
    "failed_status",
    "from_error",
    "hookimpl",
    "inline",
    "messages_usage",
    "reset_after",
    "responses_usage",
    "retry_after",
]

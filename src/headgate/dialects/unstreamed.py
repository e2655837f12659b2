"""What dialects have in common whose answers are always whole."""

from __future__ import annotations

from headgate.dialects.base import Renderer, Tap
from headgate.dialects.openai_errors import error_body, error_frame
from headgate.provider.call import Call
from headgate.provider.failure import Failure, Unsupported


class Unstreamed:
    """Refuses to stream, and words errors as OpenAI does."""

    name: str

    def tap(self, call: Call) -> Tap:
        """Nothing goes by in pieces."""
        raise Unsupported(f"{self.name} calls are not streamed", "stream")

    def renderer(self, call: Call, created: int) -> Renderer:
        """Nothing is written in pieces."""
        raise Unsupported(f"{self.name} calls are not streamed", "stream")

    def end(self) -> bytes:
        """Nothing follows a whole answer."""
        return b""

    def error(self, failure: Failure, request_id: str) -> bytes:
        """The body of an error answer."""
        return error_body(failure, request_id)

    def cut(self, failure: Failure, request_id: str) -> bytes:
        """The error in the place of a rest."""
        return error_frame(failure, request_id)

"""AWS signatures: which credentials, and the headers that prove them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import headgate as hg

_SERVICE = "bedrock"
#: What the signature covers beside the host: nothing that the gateway might add to or change.
_SIGNED = ("content-type", "x-amz-")
_PROOF = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token")


class Signer:
    """Signs requests with Signature Version 4.

    The credentials come from AWS's usual chain (environment, profile, container, instance), which
    also renews them; they are looked for at the first request.
    """

    def __init__(self, region: str, profile: str | None = None) -> None:
        self._region = region
        self._profile = profile
        self._lock = threading.Lock()
        self._credentials: Any = None

    def sign(self, request: hg.Request, body: bytes) -> Mapping[str, str]:
        """The headers that sign `request`. Raises `CallFailed` where there are no credentials."""
        # Imported here: a gateway without this provider should not wait for it to load.
        from botocore.auth import SigV4Auth  # type: ignore[import-untyped]  # noqa: PLC0415
        from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # noqa: PLC0415

        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower().startswith(_SIGNED)
        }
        headers["Host"] = urlsplit(request.url).netloc.rpartition("@")[2].lower()
        asked = AWSRequest(request.method, request.url, headers, body)
        SigV4Auth(self._frozen(), _SERVICE, self._region).add_auth(asked)
        return {name: asked.headers[name] for name in _PROOF if name in asked.headers}

    def _frozen(self) -> Any:
        """The credentials as they are now, renewed if they are about to end."""
        from botocore.exceptions import (  # type: ignore[import-untyped]  # noqa: PLC0415
            BotoCoreError,
        )
        from botocore.session import Session  # type: ignore[import-untyped]  # noqa: PLC0415

        try:
            with self._lock:
                if self._credentials is None:
                    self._credentials = Session(profile=self._profile).get_credentials()
            if self._credentials is not None:
                return self._credentials.get_frozen_credentials()
        except BotoCoreError as error:
            raise _refused(f"AWS credentials cannot be had ({type(error).__name__})") from error
        raise _refused("there are no AWS credentials and no key")


def _refused(message: str) -> hg.CallFailed:
    return hg.CallFailed(hg.Failure(hg.Kind.CREDENTIALS, message))

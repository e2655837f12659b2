"""Images, audio and documents as Google's parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import headgate as hg

#: Media types by the ending of an address; Google guesses where we say nothing.
_TYPES: Mapping[str, str] = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "html": "text/html",
    "csv": "text/csv",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "mp4": "video/mp4",
}
_AUDIO: Mapping[str, str] = {"mp3": "audio/mpeg", "wav": "audio/wav"}


def media_part(part: hg.ImagePart | hg.AudioPart | hg.FilePart, files: str) -> dict[str, Any]:
    """One medium as a part. `files` is the address under which Google keeps uploaded files, empty
    where it keeps none. Raises `Unsupported` for an address of a kind that it cannot fetch.
    """
    match part:
        case hg.AudioPart(data, form):
            return _inline(_AUDIO.get(form, f"audio/{form}"), data)
        case hg.ImagePart(url):
            return _addressed(url)
        case hg.FilePart(_, str() as id_):
            return _kept(id_, files)
        case hg.FilePart(data, _, _, url):
            return _addressed(data or url or "")


def _addressed(url: str) -> dict[str, Any]:
    if (held := hg.inline(url)) is not None:
        return _inline(held.media_type, held.data)
    if not url.startswith(("https://", "http://", "gs://")):
        raise hg.Unsupported("Google takes base64 data, https and gs addresses", "messages")
    return _file(url)


def _kept(id_: str, files: str) -> dict[str, Any]:
    if "://" in id_:
        return _addressed(id_)
    if not files:
        raise hg.Unsupported("files have gs:// addresses here, not ids", "messages")
    return _file(f"{files}/{id_.removeprefix('files/')}")


def _file(url: str) -> dict[str, Any]:
    media_type = _TYPES.get(urlsplit(url).path.rpartition(".")[2].lower())
    return {
        "fileData": {"mimeType": media_type, "fileUri": url} if media_type else {"fileUri": url}
    }


def _inline(media_type: str, data: str) -> dict[str, Any]:
    return {"inlineData": {"mimeType": media_type, "data": data}}

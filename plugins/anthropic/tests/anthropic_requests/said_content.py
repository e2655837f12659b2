"""Messages, and what stands in them."""

from __future__ import annotations

from .words import HELLO, LONG, NEW, NOTE, OLD, PDF, PNG, SHORT, Refused, Said, text, tool, user

SAID: Said = {
    "system": (
        NEW,
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "developer", "content": [text("Be kind.", cache_control=LONG)]},
                *HELLO,
            ]
        },
        {"system": [text("Be brief."), text("Be kind.", cache_control=LONG)]},
    ),
    "later system, as a turn": (
        NEW,
        {"messages": [*HELLO, {"role": "system", "content": "Be brief."}, *HELLO]},
        {
            "system": ...,
            "messages": [
                user(text("Hello")),
                {"role": "system", "content": [text("Be brief.")]},
                user(text("Hello")),
            ],
        },
    ),
    "later system, at the top": (
        OLD,
        {"messages": [*HELLO, {"role": "system", "content": "Be brief."}, *HELLO]},
        {
            "system": [text("Be brief.")],
            "messages": [user(text("Hello"), text("Hello"))],
        },
    ),
    "turns of one speaker": (
        NEW,
        {
            "messages": [
                *HELLO,
                {"role": "user", "content": [text("there"), text(" ")]},
                {"role": "assistant", "content": "Hi."},
                {"role": "assistant", "content": ""},
                {"role": "user", "content": "Bye", "name": "ann"},
            ]
        },
        {
            "messages": [
                user(text("Hello"), text("there")),
                {"role": "assistant", "content": [text("Hi.")]},
                user(text("Bye")),
            ]
        },
    ),
    "prefill": (
        OLD,
        {"messages": [*HELLO, {"role": "assistant", "content": "Well,"}]},
        {"messages": [user(text("Hello")), {"role": "assistant", "content": [text("Well,")]}]},
    ),
    "cache mark, short": (
        NEW,
        {"messages": [user(text("Hello", cache_control={"type": "ephemeral"}))]},
        {"messages": [user(text("Hello", cache_control=SHORT))]},
    ),
    "cache mark, OpenAI's": (
        NEW,
        {"messages": [user(text("Hello", prompt_cache_breakpoint={"ttl": "12h"}))]},
        {"messages": [user(text("Hello", cache_control=LONG))]},
    ),
    "cache marks, too many": (
        NEW,
        {"messages": [user(*(text(str(n), cache_control=SHORT) for n in range(6)))]},
        {
            "messages": [
                user(
                    *(text(str(n)) for n in range(2)),
                    *(text(str(n), cache_control=SHORT) for n in range(2, 6)),
                )
            ]
        },
    ),
    "cache marks, long after short": (
        NEW,
        {
            "tools": [{**tool(), "cache_control": SHORT}],
            "messages": [user(text("Hello", cache_control=LONG))],
        },
        {"messages": [user(text("Hello", cache_control=SHORT))]},
    ),
    "cache marks beside an automatic one": (
        NEW,
        {
            "cache_control": SHORT,
            "messages": [user(*(text(str(n), cache_control=LONG) for n in range(4)))],
        },
        {
            "cache_control": SHORT,
            "messages": [user(text("0"), *(text(str(n), cache_control=LONG) for n in range(1, 4)))],
        },
    ),
    "image, inline": (
        NEW,
        {"messages": [user({"type": "image_url", "image_url": {"url": PNG, "detail": "low"}})]},
        {
            "messages": [
                user(
                    {
                        "type": "image",
                        "source": {
                            "type": "base64",
                            "media_type": "image/png",
                            "data": "iVBORw0KGgo=",
                        },
                    }
                )
            ]
        },
    ),
    "image, address": (
        NEW,
        {"messages": [user({"type": "image_url", "image_url": {"url": "https://x.test/a.png"}})]},
        {
            "messages": [
                user({"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}})
            ]
        },
    ),
    "file, PDF": (
        NEW,
        {"messages": [user({"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}})]},
        {
            "messages": [
                user(
                    {
                        "type": "document",
                        "source": {
                            "type": "base64",
                            "media_type": "application/pdf",
                            "data": "JVBERi0=",
                        },
                        "title": "a.pdf",
                    }
                )
            ]
        },
    ),
    "file, text": (
        NEW,
        {"messages": [user({"type": "file", "file": {"file_data": NOTE}})]},
        {
            "messages": [
                user(
                    {
                        "type": "document",
                        "source": {"type": "text", "media_type": "text/plain", "data": "Grüße"},
                    }
                )
            ]
        },
    ),
    "file, image": (
        NEW,
        {"messages": [user({"type": "file", "file": {"file_data": PNG}})]},
        {
            "messages": [
                user(
                    {
                        "type": "image",
                        "source": {
                            "type": "base64",
                            "media_type": "image/png",
                            "data": "iVBORw0KGgo=",
                        },
                    }
                )
            ]
        },
    ),
    "file, known": (
        NEW,
        {"messages": [user({"type": "file", "file": {"file_id": "file_1"}})]},
        {"messages": [user({"type": "document", "source": {"type": "file", "file_id": "file_1"}})]},
    ),
}

REFUSED: Refused = {
    "prefill": (NEW, {"messages": [*HELLO, {"role": "assistant", "content": "So"}]}, "messages"),
    "nothing but instructions": (
        NEW,
        {"messages": [{"role": "system", "content": "Be brief."}]},
        "messages",
    ),
    "a picture of instructions": (
        NEW,
        {
            "messages": [
                {"role": "system", "content": [{"type": "image_url", "image_url": {"url": PNG}}]},
                *HELLO,
            ]
        },
        "messages",
    ),
    "audio": (
        NEW,
        {"messages": [user({"type": "input_audio", "input_audio": {"data": "", "format": "wav"}})]},
        "messages[0].content[0]",
    ),
    "an image of another type": (
        NEW,
        {
            "messages": [
                user({"type": "image_url", "image_url": {"url": "data:image/bmp;base64,Qk0="}})
            ]
        },
        "messages",
    ),
    "an address of nothing": (
        NEW,
        {"messages": [user({"type": "image_url", "image_url": {"url": "data:image/png,x"}})]},
        "messages",
    ),
    "a file of another type": (
        NEW,
        {
            "messages": [
                user({"type": "file", "file": {"file_data": "data:application/zip;base64,UEs="}})
            ]
        },
        "messages",
    ),
    "a text file that is none": (
        NEW,
        {"messages": [user({"type": "file", "file": {"file_data": "data:text/csv;base64,/w=="}})]},
        "messages",
    ),
}

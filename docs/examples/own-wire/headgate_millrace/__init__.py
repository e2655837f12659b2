"""Millrace for Headgate: a vendor with a wire format of its own, one JSON object a line."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

import headgate as hg

headgate_api = 1
FAULTS = {"busy": hg.Kind.OVERLOADED, "too_long": hg.Kind.CONTEXT_LENGTH}


@dataclass(frozen=True)
class Millrace(hg.Provider):
    kind = "millrace"
    framing = hg.NDJSON
    auth_header = ("X-Millrace-Key", "")
    base_url: str = "https://api.millrace.example"
    region: str = "eu"

    def request(self, call: hg.Call, target: hg.Target) -> hg.Request:
        turns = [{"who": message.role, "say": message.text} for message in call.chat.messages]
        body = {"model": target.model, "stream": call.stream, "region": self.region, "turns": turns}
        return hg.Request(f"{self.base_url}/talk", body)

    def reply(self, call: hg.Call, target: hg.Target, response: hg.Response) -> Iterable[hg.Event]:
        return Lines().frame(hg.Frame(response.body))

    def feed(self, call: hg.Call, target: hg.Target) -> hg.Feed:
        return Lines()

    def failure(self, call: hg.Call, response: hg.Response) -> hg.Failure:
        failure = hg.by_status(response, self.statuses)
        fault = hg.error_object(response.body).get("fault", {})
        kind = FAULTS.get(fault.get("word"), failure.kind)
        return replace(failure, kind=kind, message=fault.get("text", failure.message))


class Lines:
    done = False

    def frame(self, frame: hg.Frame) -> Iterable[hg.Event]:
        line = json.loads(frame.data or b"{}")
        if not isinstance(line, dict):
            raise ValueError("a line is not an object")
        if fault := line.get("fault"):
            kind = FAULTS.get(fault["word"], hg.Kind.SERVER_ERROR)
            raise hg.CallFailed(hg.Failure(kind, fault["text"]))
        if "say" in line:
            yield hg.Text(line["say"])
        if "why" in line:
            yield hg.Usage(input=line["spent"]["in"], output=line["spent"]["out"])
            yield hg.Finish("length" if line["why"] == "limit" else "stop")
            self.done = True


@hg.hookimpl
def providers() -> Iterable[type[hg.Provider]]:
    return (Millrace,)

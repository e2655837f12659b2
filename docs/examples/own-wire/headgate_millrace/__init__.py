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
        return with_fault(failure, hg.error_object(response.body).get("fault"))


def with_fault(failure: hg.Failure, fault: object) -> hg.Failure:
    match fault:
        case {"word": str(word), "text": str(text)}:
            return replace(failure, kind=FAULTS.get(word, failure.kind), message=text)
    return failure


class Lines:
    done = False

    def frame(self, frame: hg.Frame) -> Iterable[hg.Event]:
        line = json.loads(frame.data or b"{}")
        if not isinstance(line, dict):
            raise ValueError("a line is not an object")
        if fault := line.get("fault"):
            failure = hg.Failure(hg.Kind.SERVER_ERROR, "Millrace failed")
            raise hg.CallFailed(with_fault(failure, fault))
        if isinstance(say := line.get("say"), str):
            yield hg.Text(say)
        if "why" in line:
            match line.get("spent"):
                case {"in": int(prompt), "out": int(completion)}:
                    yield hg.Usage(input=prompt, output=completion)
            yield hg.Finish("length" if line["why"] == "limit" else "stop")
            self.done = True


@hg.hookimpl
def providers() -> Iterable[type[hg.Provider]]:
    return (Millrace,)

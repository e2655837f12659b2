"""What Acme is asked, checked without any network."""
# ruff: noqa: INP001, S101 - a test module: it stands alone, and it asserts

from headgate_acme import Acme

import headgate as hg


def test_a_chat_goes_to_acme_with_the_vendors_name_of_the_model() -> None:
    call = hg.Call(
        id="req_1",
        operation=hg.Operation.CHAT,
        dialect="openai_chat",
        model="fast",
        body={"model": "fast", "messages": [{"role": "user", "content": "Hello"}], "new_field": 1},
    )
    request = Acme().request(call, hg.Target("acme", "rocket-1"))
    assert request.url == "https://api.acme.example/v1/chat/completions"
    assert isinstance(request.body, dict)
    assert request.body["model"] == "rocket-1"
    assert request.body["new_field"] == 1

"""The sandbox's Slack against the machine-readable contract that lies beside the checkout.

Every request that the contract refuses, the sandbox must refuse; every block and example
that it takes, the sandbox must take; every answer must have the contract's shape.
"""

from __future__ import annotations

import json
import random
import time
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qlty.sandbox import _seed
from qlty.sandbox._store import Store
from qlty.sandbox._wire import Call
from qlty.sandbox.inbox import _blocks, _mrkdwn
from qlty.sandbox.slack import Slack

CONTRACT = Path(__file__).parents[3] / "shared" / "contracts" / "slack-web.openapi.json"
FALLBACK = Path(__file__).parents[4] / "shared" / "contracts" / "slack-web.openapi.json"
FOUND = next((each for each in (CONTRACT, FALLBACK) if each.exists()), None)
pytestmark = pytest.mark.skipif(FOUND is None, reason="../shared/contracts is not there")
METHODS = (
    "chat.postMessage",
    "chat.update",
    "auth.test",
    "conversations.info",
    "files.getUploadURLExternal",
    "files.completeUploadExternal",
)
JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"
SEED = _seed.load()["slack"]


@cache
def contract() -> dict[str, Any]:
    assert FOUND is not None
    loaded: dict[str, Any] = json.loads(FOUND.read_text())
    return loaded


def operation(method: str) -> dict[str, Any]:
    found: dict[str, Any] = contract()["paths"][f"/{method}"]["post"]
    return found


def request_schema(method: str) -> dict[str, Any]:
    content = operation(method).get("requestBody", {}).get("content", {})
    return next(iter(content.values()))["schema"] if content else {"type": "object"}


def validator(schema: dict[str, Any]) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator({**schema, "components": contract()["components"]})


@cache
def request_validator(method: str) -> Any:
    return validator(request_schema(method))


@cache
def answer_validator(method: str) -> Any:
    return validator(operation(method)["responses"]["200"]["content"]["application/json"]["schema"])


def post(slack: Slack, method: str, body: bytes, content_type: str) -> dict[str, Any]:
    headers = {"authorization": "Bearer xoxb-sandbox-token", "content-type": content_type}
    call = Call(
        "slack", "POST", f"/api/{method}", "", headers, body, "http://127.0.0.1:1", time.time()
    )
    answer: dict[str, Any] = json.loads(slack.answer(call).body)
    problems = [error.message for error in answer_validator(method).iter_errors(answer)]
    assert not problems, (answer, problems)
    return answer


def workspace() -> tuple[Slack, str]:
    slack = Slack(SEED, Store(), time.time)
    body = json.dumps({"channel": "C0SANDBOX", "text": "parent"}).encode()
    return slack, post(slack, "chat.postMessage", body, JSON_TYPE)["ts"]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    node: Any = contract()
    for part in schema["$ref"].removeprefix("#/").split("/"):
        node = node[part]
    return resolved(node)


LETTERS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)


def _sample_string(draw: Any, schema: dict[str, Any]) -> str:
    if "pattern" in schema:
        return draw(st.from_regex(schema["pattern"], fullmatch=True))
    least, most = schema.get("minLength", 0), schema.get("maxLength", 40)
    text = draw(LETTERS)
    if draw(st.integers(0, 9)) == 0:
        text = "x" * most
    return (text + "x" * least)[:most] if len(text) < least else text[:most]


def sample(draw: Any, given: dict[str, Any]) -> Any:
    """A value that the schema takes."""
    schema = resolved(given)
    for word in ("oneOf", "anyOf"):
        options = [each for each in schema.get(word, ()) if resolved(each).get("type")]
        if options and not schema.get("properties"):
            return sample(draw, draw(st.sampled_from(options)))
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    kind = schema.get("type")
    if kind == "object":
        return _sample_object(draw, schema)
    if kind == "array":
        least, most = schema.get("minItems", 0), min(schema.get("maxItems", 3), 4)
        return [
            sample(draw, schema.get("items", {})) for _ in range(draw(st.integers(least, most)))
        ]
    if kind == "boolean":
        return draw(st.booleans())
    if kind == "integer":
        return draw(st.integers(schema.get("minimum", 0), 9999))
    return None if kind == "null" else _sample_string(draw, schema)


def _sample_object(draw: Any, schema: dict[str, Any]) -> dict[str, Any]:
    properties, required = schema.get("properties", {}), set(schema.get("required", ()))
    for each in schema.get("anyOf", ()):
        required |= set(each["required"]) if draw(st.booleans()) else set()
    if "anyOf" in schema and not any(set(e["required"]) <= required for e in schema["anyOf"]):
        required |= set(schema["anyOf"][0]["required"])
    chosen = [name for name in properties if name in required or draw(st.integers(0, 3)) == 0]
    return {name: sample(draw, properties[name]) for name in chosen}


ODD = (
    None,
    True,
    0,
    -1,
    7,
    1.5,
    "",
    "odd",
    [],
    {},
    [1],
    {"a": 1},
    "x" * 151,
    "x" * 3001,
    "x" * 12001,
)


def mutate(rng: random.Random, value: Any) -> Any:
    """The value with one thing changed, somewhere inside."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        name = rng.choice(sorted(value))
        what = rng.random()
        if what < 0.15:
            return {k: v for k, v in value.items() if k != name}
        if what < 0.3:
            return {**value, "surplus": rng.choice(ODD)}
        return {**value, name: mutate(rng, value[name])}
    if isinstance(value, list) and value and rng.random() < 0.8:
        if rng.random() < 0.3:
            return value * rng.choice((6, 11, 26, 51, 101))
        at = rng.randrange(len(value))
        return [*value[:at], mutate(rng, value[at]), *value[at + 1 :]]
    return rng.choice(ODD)


@st.composite
def requests(draw: Any, method: str) -> dict[str, Any]:
    made = sample(draw, request_schema(method))
    known = {"channel": "C0SANDBOX", "channel_id": "C0SANDBOX"}
    made.update({name: known[name] for name in known if name in made})
    made.pop("thread_ts", None)
    return made


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_what_the_contract_refuses_the_sandbox_refuses(method: str, data: st.DataObject) -> None:
    request = data.draw(requests(method))
    changed = mutate(data.draw(st.randoms(use_true_random=False)), request)
    if request_validator(method).is_valid(changed) or not isinstance(changed, dict):
        return
    slack, ts = workspace()
    if changed.get("ts") == request.get("ts", ""):
        changed["ts"] = ts
    types = operation(method)["requestBody"]["content"]
    if JSON_TYPE in types:
        assert post(slack, method, json.dumps(changed).encode(), JSON_TYPE)["ok"] is False
        return
    if all(isinstance(each, str) for each in changed.values()):
        assert post(slack, method, urlencode(changed).encode(), FORM_TYPE)["ok"] is False


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_blocks_that_the_contract_takes_the_sandbox_takes(data: st.DataObject) -> None:
    schema = contract()["components"]["schemas"]["Block"]
    block = sample(data.draw, schema)
    request = {"channel": "C0SANDBOX", "text": "t", "blocks": [block]}
    assert request_validator("chat.postMessage").is_valid(request)
    slack, _ = workspace()
    answer = post(slack, "chat.postMessage", json.dumps(request).encode(), JSON_TYPE)
    assert answer["ok"] or answer["error"] == "msg_blocks_too_long"
    assert str(_blocks.blocks([block], _mrkdwn.Names(SEED))).startswith('<div class="b b-')


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_blocks_that_the_contract_refuses_are_invalid_blocks(data: st.DataObject) -> None:
    block = sample(data.draw, contract()["components"]["schemas"]["Block"])
    changed = mutate(data.draw(st.randoms(use_true_random=False)), [block])
    request = {"channel": "C0SANDBOX", "text": "t", "blocks": changed}
    if not isinstance(changed, list) or request_validator("chat.postMessage").is_valid(request):
        return
    slack, _ = workspace()
    answer = post(slack, "chat.postMessage", json.dumps(request).encode(), JSON_TYPE)
    assert answer["error"] == "invalid_blocks"
    assert answer["errors"]


def _property_examples() -> list[tuple[str, str, str]]:
    if FOUND is None:
        return []
    found = []
    for method in METHODS:
        for name, schema in request_schema(method).get("properties", {}).items():
            # One example is prose that names two: "a,b or [...]".
            texts = [
                part for each in schema.get("examples", ()) for part in str(each).split(" or ")
            ]
            found += [(method, name, text) for text in texts]
    return found


NOT_SHAPE = {"cannot_reply_to_message", "file_not_found", "channel_not_found", "message_not_found"}


@pytest.mark.parametrize(("method", "name", "example"), _property_examples())
def test_the_examples_of_the_contract_are_taken(method: str, name: str, example: str) -> None:
    slack, ts = workspace()
    known = {"channel": "C0SANDBOX", "ts": ts, "text": "t", "filename": "a.txt", "length": "3"}
    properties = request_schema(method)["properties"]
    required = request_schema(method).get("required", [])
    base = {each: known.get(each, "[]") for each in [*required, "text"] if each in properties}
    answer = post(slack, method, urlencode({**base, name: example}).encode(), FORM_TYPE)
    # Names in the examples (threads, files, channels) do not exist here; their shape is right.
    assert answer["ok"] or answer["error"] in NOT_SHAPE


@pytest.mark.parametrize("method", METHODS)
def test_every_method_refuses_a_missing_token_in_the_contracts_shape(method: str) -> None:
    slack, _ = workspace()
    call = Call("slack", "POST", f"/api/{method}", "", {}, b"", "http://127.0.0.1:1", time.time())
    answer = json.loads(slack.answer(call).body)
    assert answer == {"ok": False, "error": "not_authed"}
    assert answer_validator(method).is_valid(answer)

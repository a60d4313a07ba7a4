"""Secrets: what stands under a secret name or looks like one never reaches the disk, wherever it hides."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from mplp_sdk.recording import PlannedTask, Recorder, Redaction, SnapshotLimits

# Put together here, so that no scanner takes this file for a leak.
TAIL = "4eC39HqLyjWDarjtT1zdp7dcAbCdEf"
SECRETS = {
    "openai": "sk-" + "proj-" + TAIL,
    "anthropic": "sk-" + "ant-api03-" + TAIL,
    "aws": "AKIA" + "IOSFODNN7EXAMPLE",
    "github": "ghp_" + TAIL,
    "github fine-grained": "github_pat_" + TAIL,
    "slack": "xoxb-" + "123456789012-" + TAIL,
    "google": "AIza" + TAIL + "12345",
    "stripe": "sk_live_" + TAIL,
    "hugging face": "hf_" + TAIL,
    "groq": "gsk_" + TAIL,
    "langsmith": "lsv2_" + "pt_" + TAIL,
    "jwt": "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." + TAIL,
}
PHRASES = {
    "bearer": ("Authorization: Bearer {}", "a1b2c3d4e5f6g7h8"),
    "basic": ("('authorization', 'Basic {}')", "dXNlcjpwYXNzd29yZA=="),
    "connection string": ("postgres://admin:{}@db.internal:5432/app", "hunter2secret"),
    "query string": ("https://api.example.com/x?api_key={}&page=2", "a1b2c3d4e5"),
    "environment": ("DB_PASSWORD={}", "hunter2secret"),
    "JSON in text": ('{{"user": "ann", "password": "{}"}}', "two words 2"),
    "JSON in JSON": ('{{\\"client_secret\\": \\"{}\\"}}', "s3cr3t-value"),
    "repr": ("Client(api_key='{}', timeout=3)", "a1b2c3d4e5"),
    "header": ("x-api-key: {}", "a1b2c3d4e5f6"),
    "cookie": ("Set-Cookie: {}; Path=/", "session=a1b2c3d4"),
    "private key": ("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----", "MIIEowIBAAKCA"),
    "half a private key": ("-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n", "b3BlbnNzaC1rZXktdjEA"),
}  # fmt: skip
NAMES = [
    "api_key", "API-Key", "apiKey", "X-Api-Key", "OPENAI_API_KEY", "authorization", "Authorization",
    "password", "db_password", "passwd", "secret", "client_secret", "aws_secret_access_key", "access_token",
    "refreshToken", "token", "private_key", "credentials", "connection_string", "cookie", "Set-Cookie",
    "passphrase",
]  # fmt: skip
POSITIONS: dict[str, Callable[[str], Any]] = {
    "value": lambda text: text,
    "within text": lambda text: f"please use {text} for the call",
    "list": lambda text: [1, [text]],
    "key": lambda text: {text: 1},
    "dict in list": lambda text: [{"a": {"b": text}}],
    "bytes": lambda text: text.encode(),
    "exception": ValueError,
    "set": lambda text: {text},
    "tuple": lambda text: (text, 1),
    "JSON": lambda text: json.dumps({"a": text}),
    "at the cut": lambda text: "x " * 65_530 + text,
}
BENIGN = [
    "The password must be at least 12 characters long.",
    "Use max_tokens=1000 and temperature=0.2",
    "Our secret sauce: tomatoes, and a token of thanks",
    "https://example.com/path?page=2&sort=asc#top",
    "The key: it opens the door",
    "task-manager, risk-assessment and disk-usage are words",
    "Basic training for bearers of good news",
    "def test(token: str) -> None: ...",
    "email ann@example.com about ticket 12345",
    "ssh://host/path and git@github.com:org/repo.git",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "550e8400-e29b-41d4-a716-446655440000",
]


@pytest.mark.requirement("SPOOL-REDACT-VALUES", "SPOOL-REDACTED-FIRST")
@pytest.mark.parametrize("kind", SECRETS)
def test_keys_that_look_like_keys_never_reach_the_disk(recorder: Recorder, spool: Any, kind: str) -> None:
    for place in POSITIONS.values():
        recorder.record("trace", {"value": place(SECRETS[kind])})
    assert recorder.stats().stored == len(POSITIONS)
    assert [obj for obj in spool.objects() if "[redacted]" not in str(obj)] == []
    assert SECRETS[kind][8:].encode() not in spool.bytes()


@pytest.mark.requirement("SPOOL-REDACT-VALUES", "SPOOL-REDACT-NESTED", "SPOOL-REDACTED-FIRST")
@pytest.mark.parametrize("kind", PHRASES)
def test_secrets_in_phrases_never_reach_the_disk(recorder: Recorder, spool: Any, kind: str) -> None:
    phrase, secret = PHRASES[kind]
    for place in POSITIONS.values():
        recorder.record("trace", {"value": place(phrase.format(secret))})
    assert recorder.stats().stored == len(POSITIONS)
    assert secret.encode() not in spool.bytes()


@pytest.mark.requirement("SPOOL-REDACT-KEYS")
@pytest.mark.parametrize("name", NAMES)
def test_values_under_secret_names_are_masked_at_every_depth(
    recorder: Recorder, spool: Any, name: str
) -> None:
    inner = {name: "plain words", "kept": "plain words"}
    recorder.record("trace", {"value": [{"deep": inner}], "n": 1})
    expected = {name: "[redacted]", "kept": "plain words"}
    assert spool.objects()[-1]["value"] == [{"deep": expected}]


@pytest.mark.parametrize("name", NAMES)
def test_a_pair_of_name_and_value_is_masked_like_a_member(recorder: Recorder, spool: Any, name: str) -> None:
    pairs = [("accept", "text/html"), (name, "hunter2"), (name.encode(), b"hunter2"), [name, ["hunter2"]]]
    params = {(name, "hunter2"), ("page", "2")}
    recorder.record("trace", {"headers": pairs, "params": params, "lone": (name, "hunter2")})

    (kept,) = spool.objects()
    assert b"hunter2" not in spool.bytes()
    assert kept["headers"] == [["accept", "text/html"], *[[name, "[redacted]"]] * 3]
    assert ["page", "2"] in kept["params"]


def test_a_list_of_names_is_no_pair(recorder: Recorder, spool: Any) -> None:
    names = {
        "fields": ["password", "token", "name"],
        "required": ["token", "name"],
        "most": [["max_tokens", 5]],
    }
    recorder.record("trace", names)

    assert spool.objects() == [names]


def test_names_that_are_not_secret_are_kept(recorder: Recorder, spool: Any) -> None:
    value = {
        "max_tokens": 5,
        "input_tokens": 3,
        "author": "ann",
        "keys": ["a"],
        "session_id": "s",
        "monkey": 1,
    }
    recorder.record("trace", {"value": value})
    assert spool.objects()[-1]["value"] == value


@pytest.mark.parametrize("text", BENIGN)
def test_ordinary_text_is_kept_as_it_is(recorder: Recorder, spool: Any, text: str) -> None:
    recorder.record("trace", {"value": text})
    assert spool.objects()[-1]["value"] == text


def tell_all(recorder: Recorder, secret: str) -> None:
    """A run that has the secret wherever a caller can put something."""
    with recorder.start_run(secret, key=secret, agent=secret, goals=[secret], input=secret) as run:
        run.set_variables({"x": secret})
        run.set_plan(secret, [PlannedTask(key=secret, description=secret)], description=secret)
        run.add_role(secret, description=secret, capabilities=[{"name": secret}])
        question = run.request_confirmation(
            secret, description=secret, approvers=[secret], details={"x": secret}
        )
        question.decide("approved", approver=secret, comments=[secret], metadata={"x": secret})
        with run.start_span(secret, input=secret, tags={secret: secret}, task=secret) as span:
            span.annotate(secret, secret)
            span.tag(x=secret)
            span.end(output=secret, metrics={"model": secret})
        raise RuntimeError(f"401 for {secret}")


@pytest.mark.requirement("SPOOL-REDACTED-FIRST", "SPOOL-REDACT-NESTED")
def test_no_part_of_a_run_carries_a_secret_to_the_disk(recorder: Recorder, spool: Any) -> None:
    secret = SECRETS["openai"]
    with pytest.raises(RuntimeError):
        tell_all(recorder, secret)
    assert recorder.stats().dropped == {}
    assert secret[8:].encode() not in spool.bytes()


def connect(password: str) -> None:
    raise ConnectionError


@pytest.mark.requirement("SPOOL-REDACT-NESTED")
def test_a_stack_trace_shows_no_secret_of_the_source(recorder: Recorder, spool: Any) -> None:
    with pytest.raises(ConnectionError), recorder.start_run("a"):
        connect(password="hunter2secret")
    stack = spool.objects("trace")[-1]["result"]["error"]["stack"]
    assert "connect(password=" in stack
    assert b"hunter2secret" not in spool.bytes()


@pytest.mark.requirement("SPOOL-REDACT-OWN")
def test_own_names_and_masks_apply(make_recorder: Callable[..., Recorder], spool: Any) -> None:
    redaction = Redaction(keys=["Patient-Name"], masks=[re.compile(r"\b\d{3}-\d{2}-\d{4}\b")])
    make_recorder(redaction=redaction).record(
        "trace", {"patient_name": "Ann", "text": "number 123-45-6789, please"}
    )
    assert spool.objects() == [{"patient_name": "[redacted]", "text": "number [redacted], please"}]


@pytest.mark.requirement("SPOOL-REDACT-OWN")
def test_inputs_and_outputs_can_be_left_out(make_recorder: Callable[..., Recorder], spool: Any) -> None:
    recorder = make_recorder(redaction=Redaction(drop_inputs=True, drop_outputs=True))
    recorder.start_run("a", input="in").end(output="out")
    closed = spool.objects("trace")[-1]
    assert "parameters" not in closed["action"]
    assert "output" not in closed["result"]


class BrokenMask:
    """A mask that cannot be applied."""

    def search(self, text: str) -> None:
        raise RuntimeError("broken")


@pytest.mark.requirement("SPOOL-REDACT-CLOSED")
def test_what_cannot_be_redacted_is_not_kept(make_recorder: Callable[..., Recorder], spool: Any) -> None:
    recorder = make_recorder(redaction=Redaction(masks=[BrokenMask()]))  # type: ignore[list-item]  # that is the point
    recorder.record("trace", {"value": "something"})
    recorder.start_run("a", input="something").end(output="something")
    assert recorder.stats().dropped == {"redaction": 1}
    assert b"[withheld: redaction failed]" in spool.bytes()
    assert b"something" not in spool.bytes()


def test_a_text_that_is_redacted_already_stays_so(recorder: Recorder, spool: Any) -> None:
    recorder.record("trace", {"value": "password=hunter2secret"})
    once = spool.objects()[-1]["value"]
    recorder.record("trace", {"value": once})
    assert spool.objects()[-1]["value"] == once == "password=[redacted]"


def test_a_secret_at_the_cut_leaves_no_half(make_recorder: Callable[..., Recorder], spool: Any) -> None:
    recorder = make_recorder(snapshot=SnapshotLimits(text=100))
    for before in range(60, 100):
        recorder.record("trace", {"value": "x" * (before - 1) + " " + SECRETS["openai"] + " end"})
    assert recorder.stats().stored == 40
    assert TAIL[:8].encode() not in spool.bytes()

"""Extensions: both clients and the reference server, with handlers of this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from mplp_mock_server.extensions import register_extension, unregister_extension
from mplp_sdk import errors
from mplp_sdk.protocol.ids import new_id

WORDS: Any = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
NUMBER: Any = {"type": "integer"}


def count(given: Any) -> Any:
    if given["text"] == "raise":
        raise LookupError("no such text")
    return "many" if given["text"] == "lie" else len(given["text"].split())


@pytest.fixture
def handler() -> Iterator[str]:
    """Name of a handler with two versions, which another test does not have."""
    name = f"count-{new_id()}"
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        register_extension(name, version, count, input_schema=WORDS, output_schema=NUMBER)
    yield name
    unregister_extension(name)


@pytest.fixture
def extension(call: Any, handler: str) -> Any:
    return call(
        lambda client: client.extensions.create(
            name=f"words-{handler}",
            version="1.0.0",
            type="capability",
            interface={"input_schema": WORDS},
            implementation={"runtime": "python", "entry_point": handler},
        )
    )


@pytest.mark.requirement(
    "EP-EXTENSIONS-CREATE",
    "EP-EXTENSIONS-GET",
    "EP-EXTENSIONS-LIST",
    "EP-EXTENSIONS-DELETE",
)
def test_the_life_of_an_extension(call: Any, extension: Any) -> None:
    assert call(lambda client: client.extensions.get(extension.id)) == extension
    listed = call.items(lambda c: c.extensions.list(name=extension.name, type="capability"))
    assert listed == [extension]
    same_status = call.items(
        lambda c: c.extensions.list(name=extension.name, status=extension.lifecycle.status)
    )
    assert same_status == [extension]
    call(lambda client: client.extensions.delete(extension.id))
    for gone in ("get", "delete"):
        with pytest.raises(errors.ExtensionNotFound):
            call(lambda client, gone=gone: getattr(client.extensions, gone)(extension.id))


@pytest.mark.requirement("EP-EXTENSIONS-EXECUTE")
def test_an_extension_runs(call: Any, extension: Any) -> None:
    context_id = call(lambda client: client.contexts.create()).id
    result = call(
        lambda c: c.extensions.execute(extension.id, {"text": "a b c"}, context_id=context_id, timeout=30)
    )
    assert (result.extension_id, result.output, result.context_id) == (extension.id, 3, context_id)
    assert result.duration.total_seconds() >= 0


@pytest.mark.requirement("EP-EXTENSIONS-EXECUTE")
@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"text": 1}, errors.SchemaValidationFailed),
        ([1], errors.SchemaValidationFailed),
        ({"text": "raise"}, errors.ExtensionExecutionError),
        ({"text": "lie"}, errors.ExtensionExecutionError),
    ],
)
def test_what_goes_wrong_in_an_extension(
    call: Any, extension: Any, given: Any, kind: type[errors.ProtocolError]
) -> None:
    with pytest.raises(kind) as raised:
        call(lambda c: c.with_options(max_attempts=1).extensions.execute(extension.id, given))
    assert "Traceback" not in raised.value.message


@pytest.mark.requirement("EP-EXTENSIONS-EXECUTE")
def test_an_extension_that_takes_too_long(call: Any) -> None:
    name, done = f"slow-{new_id()}", threading.Event()
    register_extension(name, "1.0.0", lambda given: done.wait(30))
    try:
        made = call(
            lambda client: client.extensions.create(
                name=name,
                version="1.0.0",
                type="plugin",
                interface={},
                implementation={"runtime": "python", "entry_point": name},
            )
        )
        with pytest.raises(errors.RequestTimeout) as raised:
            call(lambda c: c.with_options(max_attempts=1).extensions.execute(made.id, 1, timeout=0.05))
        assert raised.value.status == 408
    finally:
        done.set()
        unregister_extension(name)


def test_code_that_the_server_does_not_have(call: Any) -> None:
    for runtime, entry_point in (("python", "nobody"), ("nodejs", "index.js")):
        made = call(
            lambda client, runtime=runtime, entry_point=entry_point: client.extensions.create(
                name=f"absent-{runtime}",
                version="1.0.0",
                type="plugin",
                interface={},
                implementation={"runtime": runtime, "entry_point": entry_point},
            )
        )
        with pytest.raises(errors.ExtensionLoadFailed):
            call(lambda c, made=made: c.with_options(max_attempts=1).extensions.execute(made.id, 1))


@pytest.mark.requirement("EP-EXTENSIONS-RELOAD")
def test_another_version(call: Any, extension: Any) -> None:
    moved = call(lambda c: c.extensions.reload(extension.id, "1.1.0", update_strategy="immediate"))
    assert (moved.id, moved.version) == (extension.id, "1.1.0")
    assert call(lambda c: c.extensions.execute(extension.id, {"text": "a"})).output == 1
    with pytest.raises(errors.PluginCompatibilityError):
        call(lambda client: client.extensions.reload(extension.id, "2.0.0"))
    with pytest.raises(errors.Conflict):
        call(lambda client: client.extensions.reload(extension.id, "1.0.0", if_match='"old"'))

"""Extensions: what is registered, and running it on input and output that are what they should be.

Handlers are Python functions of this process (`mplp_mock_server.extensions`). No other runtime is started,
and no code comes by a request.

Spec: protocol §2.1 extensions, §3 Extension; Design, Extension API; RFC §2.2.6.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Final

import msgspec

from mplp_mock_server.clock import Clock
from mplp_mock_server.extensions import ExtensionHandler, NotLoaded, find_extension
from mplp_mock_server.handlers import call_handler
from mplp_mock_server.services._collection import Collection
from mplp_mock_server.services._idempotency import Repeatable
from mplp_mock_server.services._json_schema import UnfitSchema, check_schema, mismatches
from mplp_mock_server.services._match import IfMatch, check_match
from mplp_mock_server.services._objects import decode, encode
from mplp_mock_server.services._validation import JsonObject, check_id, invalid, read_input
from mplp_mock_server.services.contexts import ENDED, Contexts
from mplp_mock_server.store import ObjectRow, Reader, Store, Writer
from mplp_sdk.errors import (
    ContextInvalid,
    DependencyError,
    ExtensionExecutionError,
    ExtensionLoadFailed,
    ExtensionNotFound,
    InvalidFormat,
    InvalidRequest,
    OperationNotAllowed,
    PluginCompatibilityError,
    RequestTimeout,
    SchemaValidationFailed,
    ServiceUnavailable,
    ThirdPartyServiceError,
    ValueOutOfRange,
)
from mplp_sdk.models import ExtensionCall, ReloadRequest
from mplp_sdk.protocol.times import format_duration, format_time, parse_duration

__all__ = ["Extensions"]

_DEFAULT_TIMEOUT: Final = 30.0
_LONGEST_TIMEOUT: Final = 300.0
"""Seconds."""

_MOST_AT_ONCE: Final = 64
"""Calls that are waited for at one time."""

_TOLD: Final = (ThirdPartyServiceError, DependencyError)
"""Errors of the protocol that a handler may raise by itself."""


@dataclass
class _Turn:
    """Requests under one idempotency key, of which one is carried out at a time."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    """All of them, the one that is carried out too."""


class Extensions(Collection):
    """The extensions of this server."""

    kind: ClassVar[str] = "extension"

    def __init__(self, store: Store, clock: Clock, contexts: Contexts) -> None:
        super().__init__(store, clock)
        self._contexts = contexts
        self._running: dict[str, set[asyncio.Task[Any]]] = {}
        """Calls under way, by extension."""
        self._turns: dict[tuple[str, ...], _Turn] = {}
        """Idempotency keys under which requests are being answered."""

    def defaults(self, obj: JsonObject) -> JsonObject:
        now = format_time(self.clock.now())
        lifecycle = obj.get("lifecycle", {})
        if isinstance(lifecycle, dict):
            lifecycle = {"status": _first_status(obj), "install_date": now, **lifecycle, "last_update": now}
        return {**obj, "lifecycle": lifecycle}

    def check_new(self, obj: JsonObject) -> None:
        for name in ("input_schema", "output_schema"):
            schema = obj["interface"].get(name)
            if schema is None:
                continue
            try:
                check_schema(schema)
            except UnfitSchema as error:
                raise invalid(SchemaValidationFailed, f"interface.{name}", str(error)) from None

    def existing(self, view: Reader, object_id: str, if_match: IfMatch = None) -> ObjectRow:
        row = view.get(self.kind, object_id)
        if row is None:
            raise ExtensionNotFound(f"no extension has the id {object_id!r}", details={"id": object_id})
        check_match(row.body, if_match)
        return row

    async def execute(self, extension_id: str, body: JsonObject, key: str | None) -> bytes:
        """Run an extension: `mplp_sdk.models.ExtensionResult`.

        Args:
            key: the `Idempotency-Key`; a repeat under it answers the first result, and runs nothing.

        Raises:
            ExtensionNotFound: no extension has this id.
            InvalidRequest: the input is not what the extension takes.
            ContextInvalid: there is no such context, or it has ended.
            OperationNotAllowed: the extension is disabled.
            ExtensionLoadFailed: it has no code that this server could run.
            ExtensionExecutionError: it failed, or answered what it should not.
            RequestTimeout: it took too long.
        """
        check_id(extension_id, "id")
        # Its two spellings would be two mistakes where it is wrong.
        given = read_input(ExtensionCall, {name: body[name] for name in body if name != "timeout"})
        given["timeout"] = body.get("timeout")
        request = Repeatable.of(f"POST /extensions/{extension_id}/execute", body, key)
        if not request.keys:
            return await self._execute(extension_id, given)
        turn = self._turns.setdefault(request.keys, _Turn())
        turn.waiting += 1
        try:
            async with turn.lock:
                return await self._execute_once(extension_id, given, request)
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                del self._turns[request.keys]

    async def reload(self, extension_id: str, body: JsonObject, if_match: IfMatch = None) -> bytes:
        """Move an extension to another version. Calls under way end with the old one, or end at once.

        Args:
            body: with `update_strategy` `rolling` the old version stays where the new one cannot be loaded;
                with `immediate` the extension fails.

        Raises:
            ExtensionNotFound: no extension has this id.
            Conflict: it is not as the caller saw it.
            PluginCompatibilityError: the version is of another major one.
            ExtensionLoadFailed: this server has no code of this version.
        """
        check_id(extension_id, "id")
        given = read_input(ReloadRequest, body)
        immediate = given.get("update_strategy", "rolling") == "immediate"
        told = await self.store.write(
            lambda tx: self._reload(tx, extension_id, given["version"], immediate, if_match)
        )
        if isinstance(told, ExtensionLoadFailed):
            # Raised here, so that the transaction keeps the failure.
            raise told
        if immediate:
            for task in self._running.get(extension_id, set()):
                task.cancel()
        return told

    async def _execute_once(self, extension_id: str, given: JsonObject, request: Repeatable) -> bytes:
        known = await self.store.write(lambda tx: request.first_answer(tx.recall(request.keys)))
        if known is not None:
            return known
        answer = await self._execute(extension_id, given)
        await self.store.write(lambda tx: tx.remember(request.to_remember(answer)))
        return answer

    async def _execute(self, extension_id: str, given: JsonObject) -> bytes:
        context_id = given.get("context_id")
        extension = decode(await self.store.read(lambda view: self._ready(view, extension_id, context_id)))
        timeout = _timeout(given.get("timeout"), extension)
        try:
            handler = _find(extension, extension["version"])
        except ExtensionLoadFailed:
            await self._set_status(extension_id, "failed")
            raise
        _check_input(extension, handler, given["input"])
        started = time.perf_counter()
        output = await self._call(extension_id, handler, given["input"], timeout)
        duration = timedelta(seconds=time.perf_counter() - started)
        text = _check_output(extension, handler, output)
        if extension.get("lifecycle", {}).get("status") != "active":
            await self._set_status(extension_id, "active")
        result = {
            "extension_id": extension_id,
            "output": msgspec.Raw(text),
            "duration": format_duration(duration),
            "context_id": context_id,
        }
        return encode({name: value for name, value in result.items() if value is not None})

    def _ready(self, view: Reader, extension_id: str, context_id: str | None) -> bytes:
        """The extension, which may be executed in the context."""
        row = self.existing(view, extension_id)
        if row.status == "disabled":
            reason = "the extension is disabled"
            raise OperationNotAllowed(reason, details={"field": "lifecycle.status", "reason": reason})
        if context_id is not None:
            context = view.get(self._contexts.kind, context_id)
            reason = "no such context" if context is None else f"the context is {context.status}"
            if context is None or context.status in ENDED:
                details = {"field": "context_id", "reason": reason}
                raise ContextInvalid(f"context_id: {reason}", details=details)
        return row.body

    async def _call(self, extension_id: str, handler: ExtensionHandler, data: Any, seconds: float) -> Any:
        if sum(map(len, self._running.values())) >= _MOST_AT_ONCE:
            raise ServiceUnavailable(f"{_MOST_AT_ONCE} extensions are running; try again", retry_after=1)
        running = self._running.setdefault(extension_id, set())
        task = asyncio.ensure_future(call_handler(handler.handler, data))
        running.add(task)
        try:
            async with asyncio.timeout(seconds):
                await asyncio.wait([task])
            return _outcome(task)
        except TimeoutError:
            raise RequestTimeout(
                f"the extension did not answer within {seconds:g} s",
                details={"field": "timeout", "reason": "passed"},
            ) from None
        finally:
            task.cancel()
            running.discard(task)
            if not running:
                self._running.pop(extension_id, None)

    def _reload(
        self, tx: Writer, extension_id: str, version: str, immediate: bool, if_match: IfMatch
    ) -> bytes | ExtensionLoadFailed:
        row = self.existing(tx, extension_id, if_match)
        extension = decode(row.body)
        if _major(version) != _major(extension["version"]):
            reason = f"{version} is not compatible with {extension['version']}: another major version"
            raise PluginCompatibilityError(reason, details={"field": "version", "reason": reason})
        try:
            _find(extension, version)
        except ExtensionLoadFailed as error:
            if not immediate and extension["version"] != version and _is_loaded(extension):
                raise
            self._with_status(tx, row, extension, "failed")
            return error
        return self._with_status(tx, row, {**extension, "version": version}, "active")

    async def _set_status(self, extension_id: str, status: str) -> None:
        def change(tx: Writer) -> None:
            row = tx.get(self.kind, extension_id)
            if row is not None and row.status not in (status, "disabled"):
                self._with_status(tx, row, decode(row.body), status)

        await self.store.write(change)

    def _with_status(self, tx: Writer, row: ObjectRow, extension: JsonObject, status: str) -> bytes:
        now = format_time(self.clock.now())
        lifecycle = {**(extension.get("lifecycle") or {}), "status": status, "last_update": now}
        return self.replace(tx, row, {**extension, "lifecycle": lifecycle})


def _first_status(obj: JsonObject) -> str:
    """`active` where there is code to run, else `installed`; what is no extension, the schema refuses."""
    try:
        return "active" if _is_loaded(obj) else "installed"
    except (KeyError, TypeError):
        return "installed"


def _is_loaded(extension: JsonObject) -> bool:
    try:
        _find(extension, extension["version"])
    except ExtensionLoadFailed:
        return False
    return True


def _find(extension: JsonObject, version: str) -> ExtensionHandler:
    implementation = extension["implementation"]
    runtime, name = implementation["runtime"], implementation["entry_point"]
    if runtime != "python":
        raise _not_loaded("implementation.runtime", f"this server runs python, and not {runtime}")
    try:
        return find_extension(name, version)
    except NotLoaded as error:
        raise _not_loaded("implementation.entry_point", str(error)) from None


def _not_loaded(field: str, reason: str) -> ExtensionLoadFailed:
    message = f"the extension cannot be loaded: {reason}"
    return ExtensionLoadFailed(message, details={"field": field, "reason": reason})


def _major(version: str) -> str:
    return version.partition(".")[0]


def _timeout(given: Any, extension: JsonObject) -> float:
    """Seconds. Numbers are milliseconds, in a request and in an extension's configuration alike."""
    if given is not None:
        return _seconds(given)
    configured = (extension["implementation"].get("configuration") or {}).get("timeout")
    try:
        return _DEFAULT_TIMEOUT if configured is None else _seconds(configured)
    except InvalidRequest:
        return _DEFAULT_TIMEOUT  # whatever it means to the tool that wrote it


def _seconds(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise invalid(SchemaValidationFailed, "timeout", "Input should be a number or a string")
    try:
        seconds = parse_duration(given).total_seconds() if isinstance(given, str) else given / 1000
    except ValueError as error:
        raise invalid(InvalidFormat, "timeout", str(error)) from None
    except OverflowError:
        seconds = math.inf
    if not 0 < seconds <= _LONGEST_TIMEOUT:
        raise invalid(ValueOutOfRange, "timeout", f"should be more than 0 and at most {_LONGEST_TIMEOUT:g} s")
    return seconds


def _outcome(task: asyncio.Task[Any]) -> Any:
    if task.cancelled():
        raise ExtensionExecutionError("the call was ended: the extension was loaded anew")
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, _TOLD):
        raise error
    # Without its stack, which may hold what the caller may not see.
    details = {"type": type(error).__name__, "message": str(error)[:1000], "reason": "the handler raised"}
    raise ExtensionExecutionError(f"the extension failed: {type(error).__name__}", details=details)


def _schemas(
    extension: JsonObject, registered: Mapping[str, Any] | None, name: str
) -> list[Mapping[str, Any]]:
    return [schema for schema in (extension["interface"].get(name), registered) if schema]


def _check_input(extension: JsonObject, handler: ExtensionHandler, data: Any) -> None:
    found = _mismatches(_schemas(extension, handler.input_schema, "input_schema"), data)
    if found:
        told = [{"field": _inside("input", path), "reason": reason, "code": "3006"} for path, reason in found]
        details: JsonObject = {"field": told[0]["field"], "reason": told[0]["reason"]}
        if len(told) > 1:
            details["errors"] = told
        raise SchemaValidationFailed(f"{details['field']}: {details['reason']}", details=details)


def _check_output(extension: JsonObject, handler: ExtensionHandler, output: Any) -> bytes:
    """The output as JSON."""
    try:
        text = msgspec.json.encode(output)
        data = msgspec.json.decode(text)
    except (TypeError, ValueError, RecursionError) as error:
        details = {"field": "output", "reason": f"no JSON: {error}"}
        raise ExtensionExecutionError("the extension answered what is no JSON", details=details) from None
    found = _mismatches(_schemas(extension, handler.output_schema, "output_schema"), data)
    if found:
        details = {"field": _inside("output", found[0][0]), "reason": found[0][1]}
        raise ExtensionExecutionError("the extension answered against its schema", details=details)
    return text


def _mismatches(schemas: list[Mapping[str, Any]], data: Any) -> list[tuple[str, str]]:
    try:
        return [one for schema in schemas for one in mismatches(schema, data)]
    except UnfitSchema as error:
        raise _not_loaded("interface", f"its schema cannot be used: {error}") from None


def _inside(whole: str, path: str) -> str:
    return whole + (path if not path or path.startswith("[") else f".{path}")

"""Everything this package raises, and the protocol's error codes as data.

    MPLPError
    ├── ConfigError                      a setting is wrong; nothing was sent
    ├── InvalidResponse                  the answer is not MPLP: HTML, half a body, another shape
    └── ProtocolError                    one of the 37 codes; also what a broken connection maps to
        ├── SystemFailure          1xxx  InternalServerError … NetworkError, RequestTimeout, DependencyError
        ├── AuthenticationError    2xxx  AuthenticationRequired … PermissionDenied, SessionExpired
        ├── InvalidRequest         3xxx  ValidationFailed … DataIntegrityError
        ├── ResourceError          4xxx  NotFound, Conflict, QuotaExceeded … ConfirmationRequired
        └── ExtensionError         5xxx  ExtensionNotFound … ThirdPartyServiceError

`CODES` holds the table (number, name, HTTP status, may it be retried); `from_code` turns what a server
wrote into the right class. Spec: RFC appendix A; protocol §2.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

__all__ = [
    "CODES",
    "AccountLocked",
    "AuthenticationError",
    "AuthenticationRequired",
    "BusinessRuleViolation",
    "CacheError",
    "ConfigError",
    "ConfigurationError",
    "ConfirmationRequired",
    "Conflict",
    "ContextInvalid",
    "DataIntegrityError",
    "DatabaseError",
    "DependencyError",
    "DuplicateValue",
    "ErrorCode",
    "ExtensionError",
    "ExtensionExecutionError",
    "ExtensionLoadFailed",
    "ExtensionNotFound",
    "InsufficientPermissions",
    "InternalServerError",
    "InvalidCredentials",
    "InvalidFormat",
    "InvalidRequest",
    "InvalidResponse",
    "InvalidToken",
    "MPLPError",
    "NetworkError",
    "NotFound",
    "OperationNotAllowed",
    "PlanExecutionFailed",
    "PluginCompatibilityError",
    "ProtocolError",
    "QuotaExceeded",
    "RequestTimeout",
    "RequiredFieldMissing",
    "ResourceError",
    "ResourceLocked",
    "SchemaValidationFailed",
    "ServiceUnavailable",
    "SessionExpired",
    "SystemFailure",
    "ThirdPartyServiceError",
    "TokenExpired",
    "TokenRevoked",
    "ValidationFailed",
    "ValueOutOfRange",
    "code_for_status",
    "error_class",
    "find_code",
    "from_code",
]


class MPLPError(Exception):
    """Base of every error of this package."""


class ConfigError(MPLPError):
    """A setting is missing or wrong. The message names the setting, its value and what it should be."""


class InvalidResponse(MPLPError):
    """The server answered, but not in MPLP: HTML from a proxy, half a body, or JSON of another shape."""

    def __init__(
        self, message: str, *, status: int | None = None, body: bytes = b"", attempts: int = 1
    ) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status of the answer; None when it was not HTTP."""
        self.body = body
        """First bytes of what came, for a person to look at (at most 2 KiB)."""
        self.attempts = attempts
        """How many times the request was sent."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__.copy())


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One row of the protocol's error catalogue (RFC appendix A)."""

    number: int
    """1001 … 5005; on the wire it is the string of this number."""
    name: str
    """The word, such as RESOURCE_NOT_FOUND."""
    status: int
    """HTTP status that carries it. CONFIRMATION_REQUIRED is an error on a 202."""
    retryable: bool
    """Whether the same request may succeed later. Decides over the HTTP status."""


class ProtocolError(MPLPError):
    """An error with one of the protocol's codes, told by a server or mapped from a broken connection."""

    code: ClassVar[int | None] = None
    """Number of the catalogue that the class stands for; None for a family of codes."""

    def __init__(
        self,
        message: str,
        *,
        raw_code: str | int | None = None,
        name: str | None = None,
        status: int | None = None,
        details: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        attempts: int = 1,
    ) -> None:
        super().__init__(message)
        known = CODES.get(self.code) if self.code is not None else None
        self.message = message
        self.raw_code = raw_code if raw_code is not None else self.code
        """The code just as the server wrote it; kept where we do not know it."""
        self.name = name or (known.name if known else "UNKNOWN")
        self.status = status
        """HTTP status of the answer; None when no answer came."""
        self.details: dict[str, Any] = dict(details or {})
        """What the server adds: `field` and `reason` for invalid input."""
        self.request_id = request_id
        """`X-Request-ID` of the call, to look for in the server's log."""
        self.retry_after = retry_after
        """Seconds the server asks to wait; None when it did not say. A hint for when, never for whether."""
        self.attempts = attempts
        """How many times the request was sent."""

    @property
    def retryable(self) -> bool:
        """Whether sending the same request again may help (by code; by status where the code is unknown)."""
        if self.code is not None:
            return CODES[self.code].retryable
        mapped = code_for_status(self.status)
        return mapped is not None and CODES[mapped].retryable

    def __str__(self) -> str:
        where = f" [request {self.request_id}]" if self.request_id else ""
        tried = f" after {self.attempts} attempts" if self.attempts > 1 else ""
        code = "" if self.raw_code is None else f"{self.raw_code} "
        return f"{code}{self.name}: {self.message}{tried}{where}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(cls: type[MPLPError], args: tuple[Any, ...], state: dict[str, Any]) -> MPLPError:
    """Unpickle without calling `__init__`, whose keyword arguments pickle cannot pass."""
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class SystemFailure(ProtocolError):
    """1xxx: the server or the way to it failed."""


class InternalServerError(SystemFailure):
    """1001: the server broke while it handled the request."""

    code = 1001


class ServiceUnavailable(SystemFailure):
    """1002: the server is not taking requests now."""

    code = 1002


class DatabaseError(SystemFailure):
    """1003: the server's store failed."""

    code = 1003


class CacheError(SystemFailure):
    """1004: the server's cache failed."""

    code = 1004


class NetworkError(SystemFailure):
    """1005: no connection, a broken connection, or a gateway that could not reach the server."""

    code = 1005


class RequestTimeout(SystemFailure):
    """1006: no complete answer within the time allowed."""

    code = 1006


class ConfigurationError(SystemFailure):
    """1007: the server is set up wrongly. A 500 that must not be retried."""

    code = 1007


class DependencyError(SystemFailure):
    """1008: something the server depends on failed."""

    code = 1008


class AuthenticationError(ProtocolError):
    """2xxx: who you are, or what you may do."""


class AuthenticationRequired(AuthenticationError):
    """2001: no credentials were sent."""

    code = 2001


class InvalidToken(AuthenticationError):
    """2002: the token is not valid."""

    code = 2002


class TokenExpired(AuthenticationError):
    """2003: the token is too old."""

    code = 2003


class InsufficientPermissions(AuthenticationError):
    """2004: you are known, and may not do this."""

    code = 2004


class AccountLocked(AuthenticationError):
    """2005: the account is locked."""

    code = 2005


class InvalidCredentials(AuthenticationError):
    """2006: the credentials are wrong."""

    code = 2006


class TokenRevoked(AuthenticationError):
    """2007: the token was taken back."""

    code = 2007


class SessionExpired(AuthenticationError):
    """2008: the session has ended."""

    code = 2008


class InvalidRequest(ProtocolError):
    """3xxx: what was sent is wrong; `details` says which field and why."""


class ValidationFailed(InvalidRequest):
    """3001: the input is not valid."""

    code = 3001


class RequiredFieldMissing(InvalidRequest):
    """3002: a required member is missing."""

    code = 3002


class InvalidFormat(InvalidRequest):
    """3003: not JSON, or a value in the wrong form."""

    code = 3003


class ValueOutOfRange(InvalidRequest):
    """3004: a value, a page or a body is too small or too large."""

    code = 3004


class DuplicateValue(InvalidRequest):
    """3005: a value that must be unique is there twice."""

    code = 3005


class SchemaValidationFailed(InvalidRequest):
    """3006: the object does not obey its JSON Schema."""

    code = 3006


class BusinessRuleViolation(InvalidRequest):
    """3007: a rule of the protocol forbids it, such as a cycle of dependencies."""

    code = 3007


class DataIntegrityError(InvalidRequest):
    """3008: the object refers to something that is not there."""

    code = 3008


class ResourceError(ProtocolError):
    """4xxx: the object, or the state it is in."""


class NotFound(ResourceError):
    """4001: no object has this id, or no endpoint this path."""

    code = 4001


class ResourceLocked(ResourceError):
    """4002: somebody else holds the object now."""

    code = 4002


class Conflict(ResourceError):
    """4003: the same id or Idempotency-Key was used with another body."""

    code = 4003


class QuotaExceeded(ResourceError):
    """4004: too many requests; see `retry_after`."""

    code = 4004


class OperationNotAllowed(ResourceError):
    """4005: the state of the object, or the HTTP method, does not allow it."""

    code = 4005


class ContextInvalid(ResourceError):
    """4006: the context is missing or in no state to be used."""

    code = 4006


class PlanExecutionFailed(ResourceError):
    """4007: a plan failed while running. Retried only under the same Idempotency-Key."""

    code = 4007


class ConfirmationRequired(ResourceError):
    """4008: somebody must approve first. An error that comes with HTTP 202."""

    code = 4008


class ExtensionError(ProtocolError):
    """5xxx: an extension."""


class ExtensionNotFound(ExtensionError):
    """5001: no such extension."""

    code = 5001


class ExtensionLoadFailed(ExtensionError):
    """5002: the extension could not be loaded."""

    code = 5002


class ExtensionExecutionError(ExtensionError):
    """5003: the extension raised."""

    code = 5003


class PluginCompatibilityError(ExtensionError):
    """5004: the plugin does not fit this server."""

    code = 5004


class ThirdPartyServiceError(ExtensionError):
    """5005: a service behind the extension failed."""

    code = 5005


_CATALOGUE = (
    ErrorCode(1001, "INTERNAL_SERVER_ERROR", 500, True),
    ErrorCode(1002, "SERVICE_UNAVAILABLE", 503, True),
    ErrorCode(1003, "DATABASE_ERROR", 500, True),
    ErrorCode(1004, "CACHE_ERROR", 500, True),
    ErrorCode(1005, "NETWORK_ERROR", 502, True),
    ErrorCode(1006, "TIMEOUT_ERROR", 408, True),
    ErrorCode(1007, "CONFIGURATION_ERROR", 500, False),
    ErrorCode(1008, "DEPENDENCY_ERROR", 502, True),
    ErrorCode(2001, "AUTHENTICATION_REQUIRED", 401, False),
    ErrorCode(2002, "INVALID_TOKEN", 401, False),
    ErrorCode(2003, "TOKEN_EXPIRED", 401, False),
    ErrorCode(2004, "INSUFFICIENT_PERMISSIONS", 403, False),
    ErrorCode(2005, "ACCOUNT_LOCKED", 403, False),
    ErrorCode(2006, "INVALID_CREDENTIALS", 401, False),
    ErrorCode(2007, "TOKEN_REVOKED", 401, False),
    ErrorCode(2008, "SESSION_EXPIRED", 401, False),
    ErrorCode(3001, "VALIDATION_ERROR", 400, False),
    ErrorCode(3002, "REQUIRED_FIELD_MISSING", 400, False),
    ErrorCode(3003, "INVALID_FORMAT", 400, False),
    ErrorCode(3004, "VALUE_OUT_OF_RANGE", 400, False),
    ErrorCode(3005, "DUPLICATE_VALUE", 409, False),
    ErrorCode(3006, "SCHEMA_VALIDATION_FAILED", 400, False),
    ErrorCode(3007, "BUSINESS_RULE_VIOLATION", 400, False),
    ErrorCode(3008, "DATA_INTEGRITY_ERROR", 400, False),
    ErrorCode(4001, "RESOURCE_NOT_FOUND", 404, False),
    ErrorCode(4002, "RESOURCE_LOCKED", 423, True),
    ErrorCode(4003, "RESOURCE_CONFLICT", 409, False),
    ErrorCode(4004, "QUOTA_EXCEEDED", 429, True),
    ErrorCode(4005, "OPERATION_NOT_ALLOWED", 405, False),
    ErrorCode(4006, "CONTEXT_INVALID", 400, False),
    ErrorCode(4007, "PLAN_EXECUTION_FAILED", 500, True),
    ErrorCode(4008, "CONFIRMATION_REQUIRED", 202, False),
    ErrorCode(5001, "EXTENSION_NOT_FOUND", 404, False),
    ErrorCode(5002, "EXTENSION_LOAD_FAILED", 500, True),
    ErrorCode(5003, "EXTENSION_EXECUTION_ERROR", 500, True),
    ErrorCode(5004, "PLUGIN_COMPATIBILITY_ERROR", 400, False),
    ErrorCode(5005, "THIRD_PARTY_SERVICE_ERROR", 502, True),
)

CODES: Mapping[int, ErrorCode] = MappingProxyType({row.number: row for row in _CATALOGUE})
"""The 37 codes of the protocol, by number."""

# Words that the Context-messages document uses for the same things; the others are the catalogue's own.
_CONTEXT_MESSAGE_WORDS = {
    "CONTEXT_NOT_FOUND": 4001,
    "PARTICIPANT_NOT_FOUND": 4001,
    "PERMISSION_DENIED": 2004,
    "CONFLICT_ERROR": 4003,
    "RATE_LIMIT_EXCEEDED": 4004,
}
_WORDS: Mapping[str, int] = {row.name: row.number for row in _CATALOGUE} | _CONTEXT_MESSAGE_WORDS

# Answers without an MPLP body: what a proxy or a broken connection says by its status alone.
_BODYLESS_STATUS = {
    400: 3001,
    401: 2001,
    403: 2004,
    404: 4001,
    405: 4005,
    408: 1006,
    409: 4003,
    413: 3004,
    423: 4002,
    429: 4004,
    500: 1001,
    502: 1005,
    503: 1002,
    504: 1006,
}


def _classes_below(cls: type[ProtocolError]) -> dict[int, type[ProtocolError]]:
    found: dict[int, type[ProtocolError]] = {}
    for child in cls.__subclasses__():
        if child.code is not None:
            found[child.code] = child
        found |= _classes_below(child)
    return found


_CLASSES: Mapping[int, type[ProtocolError]] = _classes_below(ProtocolError)
_FAMILIES: Mapping[int, type[ProtocolError]] = {
    1: SystemFailure,
    2: AuthenticationError,
    3: InvalidRequest,
    4: ResourceError,
    5: ExtensionError,
}


def find_code(raw: str | int | None) -> int | None:
    """Number of the catalogue for what a server wrote: 4001, "4001", "E4001" or a word; None if unknown.

    Spec: protocol §2.2, "On the wire".
    """
    if isinstance(raw, bool) or raw is None:
        return None
    if isinstance(raw, int):
        return raw if raw in CODES else None
    text = raw.strip().upper()
    if text in _WORDS:
        return _WORDS[text]
    digits = text.removeprefix("E")
    number = int(digits) if digits.isascii() and digits.isdigit() else None
    return number if number in CODES else None


def code_for_status(status: int | None) -> int | None:
    """Code that an HTTP status stands for when no code came with it; None for a status that says nothing.

    Spec: protocol §2.2, "No body".
    """
    if status is None:
        return None
    if status in _BODYLESS_STATUS:
        return _BODYLESS_STATUS[status]
    if 400 <= status < 500:
        return 3001
    return 1001 if status >= 500 else None


def error_class(code: int | None, status: int | None = None) -> type[ProtocolError]:
    """Class for a code of the catalogue; for None, the family that the HTTP status belongs to."""
    if code is not None:
        return _CLASSES[code]
    mapped = code_for_status(status)
    return _FAMILIES[mapped // 1000] if mapped is not None else ProtocolError


def from_code(
    raw: str | int | None,
    message: str,
    *,
    status: int | None = None,
    name: str | None = None,
    details: Mapping[str, Any] | None = None,
    request_id: str | None = None,
    retry_after: float | None = None,
) -> ProtocolError:
    """The error for what a server wrote.

    Args:
        raw: the code, in any spelling `find_code` reads. An unknown one is kept in `raw_code`, and the
            class is the family of the HTTP status. None maps by the status alone.
        status: HTTP status; None when no answer came.
        retry_after: seconds.
    """
    number = find_code(raw) if raw is not None else code_for_status(status)
    return error_class(number, status)(
        message,
        raw_code=raw,
        name=name,
        status=status,
        details=details,
        request_id=request_id,
        retry_after=retry_after,
    )

"""What schemathesis cannot know: how to send lines of JSON, and which refusals no document could announce.

Loaded by schemathesis itself, as `schemathesis.toml` says.
"""

import json

import schemathesis
from schemathesis.core.failures import ServerError
from schemathesis.openapi.checks import RejectedPositiveData

# Of an object's state, of what is stored beside it, and of rules between members JSON Schema cannot tell.
NOT_ABOUT_FORM = {"2006", "3005", "3007", "3008", "4002", "4004", "4005", "4006", "4008", "5004"}
# Failures that the protocol answers with a 5xx, though the server did all it could.
NOT_THE_SERVERS = {"4007", "5002", "5003", "5005"}
# What is beyond a schema in a member that has one:
BEYOND = {
    ("ingest", "X-MPLP-Stream"),  # comes with X-MPLP-Sequence, or not at all
    ("ingest", "X-MPLP-Sequence"),
    ("createExtension", "interface.input_schema"),  # must be a JSON Schema itself
    ("createExtension", "interface.output_schema"),
    ("executeExtension", "timeout"),  # at most five minutes, in whatever unit
    ("createExecution", "status"),  # not with a plan, whose carrying-out decides on it
    ("executePlan", "notification_webhook"),  # only to hosts that the settings allow
    ("decideConfirmation", "approver_id"),  # needed where several were asked
    ("removeDependency", "from_task"),  # in the body, or else in the query
    ("removeDependency", "to_task"),
}


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    """One value a line; text as it is."""
    if isinstance(value, str | bytes):
        return value if isinstance(value, bytes) else value.encode()
    return "\n".join(json.dumps(one) for one in (value if isinstance(value, list) else [value])).encode()


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keep a failure, unless no document could have announced it."""
    if isinstance(failure, ServerError):
        return _error(response)["code"] not in NOT_THE_SERVERS
    if isinstance(failure, RejectedPositiveData):
        if case.headers.get("If-Match") == "0":
            return False  # schemathesis 4.32 puts 0 into a header that stands alone, whatever its pattern
        return not _is_beyond_schemas(case.operation.definition.raw["operationId"], _error(response))
    return True


def _is_beyond_schemas(operation, error):
    if error["code"] in NOT_ABOUT_FORM | NOT_THE_SERVERS:
        return True
    field = error["details"].get("field", "")
    # The parameters of an action are judged by the action, which is named in the request.
    of_an_action = operation == "rpc" and field not in {"module", "action", "version", "options"}
    return of_an_action or (operation, field) in BEYOND


def _error(response):
    return response.json()["error"]

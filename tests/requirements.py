"""What the product promises, one testable sentence an entry; `test_requirements.py` holds the tests to it.

A test names what it proves with `@pytest.mark.requirement("ID", …)`. An entry that no test names fails the
run, and so does a name that is not here. What is not there yet says in `planned` which capability brings it;
a test that proves such an entry takes the mark away.

"protocol" is the project's reading of the MPLP wire protocol, "recording" its description of how runs become
MPLP objects and are delivered. In parentheses stands the source document that a sentence comes from. Ids
are stable and grouped by area:

    HTTP WIRE LIST EP LIMIT     requests, envelopes, lists, endpoints, limits
    ERR VALID                   error codes and retries, validation
    OBJ ID TIME DIALECT FROZEN  objects and their spellings
    INGEST WS ADMIN             delivery to the server, real time, test controls
    REC LC AG SPOOL             what a run becomes, LangChain, AutoGen and AG2, delivery from the process
"""

from dataclasses import dataclass

__all__ = ["REQUIREMENTS", "SECTIONS", "Requirement"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One sentence that is either proved by a test or planned."""

    id: str
    """Stable name that tests use: upper-case words joined by hyphens, the area first."""
    source: str
    """Where the sentence comes from: a key of `SECTIONS`, then the source document in parentheses."""
    text: str
    """What holds, such that a test can tell whether it does."""
    planned: str | None = None
    """The later capability that brings it; None: it holds now, and a test says so."""


SECTIONS: dict[str, str] = {
    "protocol §1.1": "One canonical model",
    "protocol §1.2": "Dialects",
    "protocol §1.3": "Inputs are not objects",
    "protocol §1.4": "Ids and versions",
    "protocol §1.5": "Times and durations",
    "protocol §2": "HTTP",
    "protocol §2.1": "Endpoints",
    "protocol §2.2": "Errors",
    "protocol §3": "Objects",
    "protocol §4": "Validation",
    "protocol §5": "WebSocket",
    "protocol §6": "Ingest",
    "protocol §7": "Limits and defaults",
    "protocol §8": "Test controls of the server",
    "protocol §9": "The frozen dialect",
    "recording §1": "The mapping, whatever the framework",
    "recording §2": "LangChain and LangGraph",
    "recording §3": "AutoGen, AG2 Classic and AG2",
    "recording §3.1": "Context variables and generators",
    "recording §3.2": "When a turn and a run end",
    "recording §3.3": "Events that are yielded again",
    "recording §3.4": "Tool results without a run",
    "recording §3.5": "Messages as they were",
    "recording §3.6": "Beside other instrumentations",
    "recording §3.7": "Harmless to the run",
    "recording §3.8": "Open spans",
    "recording §3.9": "Unknown usage",
    "recording §4": "Delivery",
    "recording §4.1": "The caller's thread",
    "recording §4.2": "Streams",
    "recording §4.3": "Segments and budget",
    "recording §4.4": "Sync",
    "recording §4.5": "Shipping",
    "recording §4.6": "One transaction on the server",
    "recording §4.7": "Exit",
    "recording §4.8": "No server",
    "recording §4.9": "Redaction",
    "recording §4.10": "Statistics",
}
"""Every section that an entry may name, with what it is about."""

_AUTOGEN = "autogen adapters"
_GRAPHQL = "GraphQL queries"
_LANGCHAIN = "LangChain in full"
_LIVE = "real time"
_RECORDER = "hardened recorder"
_REST = "whole REST protocol"
_TESTING = "offline testing"
_VIEWER = "web viewer"

# A table to be read from top to bottom: two or three lines an entry, which the formatter would make six.
# fmt: off
REQUIREMENTS: tuple[Requirement, ...] = (
    # Principles
    Requirement("OBJ-UNKNOWN-MEMBERS", "protocol §1.1",
        "Members that no model names survive reading and writing unchanged, at every depth."),
    Requirement("OBJ-UNKNOWN-STORED", "protocol §1.1",
        "The server stores members it does not know and sends them back unchanged."),
    Requirement("OBJ-CANONICAL-SCHEMAS", "protocol §1.1",
        "Every object we emit is accepted by each JSON Schema printed in the source "
        "documents for its module."),
    Requirement("DIALECT-CANONICAL-IDENTITY", "protocol §1.2",
        "A canonical object converted to a dialect and back is equal to the first one "
        "wherever the dialect can say it."),
    Requirement("DIALECT-BAG", "protocol §1.2",
        'A member with no home in the target travels in metadata["x-mplp-<dialect>"] and '
        "comes home on the way back."),
    Requirement("DIALECT-LOSSES-NAMED", "protocol §1.2",
        "A conversion that cannot keep something returns the list of paths it lost."),
    Requirement("DIALECT-RFC", "protocol §1.2",
        "A camelCase object of RFC reads as the canonical object and converts back to "
        "itself."),
    Requirement("DIALECT-DRAFT", "protocol §1.2",
        "An object of Design-draft reads as the canonical object and converts back to "
        "itself."),
    Requirement("DIALECT-CONTEXT-MESSAGE", "protocol §1.2",
        "A payload of Context-messages reads as the canonical object and converts back "
        "to itself."),
    Requirement("DIALECT-RECOGNISED", "protocol §1.2",
        "Reading without naming a dialect recognises which of them the data is written in."),
    Requirement("OBJ-CREATE-INPUTS", "protocol §1.3",
        "A create input needs no id, version or timestamp, in nested tasks and approvers neither, and "
        "refuses unknown members."),
    Requirement("OBJ-CREATE-FILLED", "protocol §1.3",
        "The server fills in the ids, versions and timestamps that a create input leaves "
        "out, nested ones too."),
    Requirement("OBJ-CREATE-OWN-ID", "protocol §1.3",
        "The id that a caller sends with a create input is the id of the stored object."),
    Requirement("ID-MADE", "protocol §1.4",
        "Ids that we make are lower-case UUIDs of version 4."),
    Requirement("ID-AGENT", "protocol §1.4",
        "An agent's id is the UUIDv5 of its name, the same in every process, and the name stays in "
        "metadata.tags.agent."),
    Requirement("ID-VERSION-MADE", "protocol §1.4",
        "Versions that we make are written x.y.z."),
    Requirement("ID-READ-LENIENT", "protocol §1.4",
        "Reading takes any non-empty string as id, and versions with two or three numbers and an optional "
        "suffix; nothing else."),
    Requirement("ID-STRICT-FORMATS", "protocol §1.4",
        "Strict validation refuses ids, times and versions that miss the format their "
        "schema names."),
    Requirement("TIME-WRITTEN", "protocol §1.5",
        "Times are written in UTC with milliseconds or finer and a Z; a time read with "
        "another offset is the same instant."),
    Requirement("TIME-DURATION-READ", "protocol §1.5",
        "Durations read from 150ms, 8h, 2d, PT1.5S and a number of seconds, and from nothing else."),
    Requirement("TIME-DURATION-SPELLING", "protocol §1.5",
        "A duration is written as it was spelled unless its value changed."),

    # HTTP
    Requirement("HTTP-BASE-PATHS", "protocol §2",
        "/v1.0 and /api/v1/mplp answer the same for every endpoint."),
    Requirement("HTTP-CONTENT-TYPE", "protocol §2",
        "Bodies are application/json in UTF-8, in both directions, with characters outside ASCII intact."),
    Requirement("HTTP-BARE-ENDPOINTS", "protocol §2",
        "Only 204 answers, streams, health, readiness, metrics and schemas, the OpenAPI document among them, "
        "have no envelope."),
    Requirement("WIRE-ENVELOPE-SUCCESS", "protocol §2 (RFC §3.2.1, §4.2)",
        "A success is {success: true, data, metadata} and metadata tells timestamp, requestId, version and "
        "processingTime in milliseconds."),
    Requirement("WIRE-ENVELOPE-ERROR", "protocol §2 (RFC §3.2.1, §4.2)",
        "An error is {success: false, error: {code, name, message, details}, metadata}, "
        "whatever went wrong."),
    Requirement("WIRE-ACCEPT-META", "protocol §2 (RFC §3.2.1, §4.2)",
        "The client reads an envelope that says meta for metadata."),
    Requirement("WIRE-ACCEPT-SNAKE-CASE", "protocol §2 (RFC §3.2.1, §4.2)",
        "The client reads an envelope whose members are written in snake_case."),
    Requirement("WIRE-ACCEPT-DATA-RESULT", "protocol §2 (RFC §3.2.1, §4.2)",
        "The client takes data.result as the data."),
    Requirement("WIRE-ACCEPT-BARE", "protocol §2 (RFC §3.2.1, §4.2)",
        "The client takes a bare object or array, without an envelope, as the data."),
    Requirement("HTTP-HEADERS-AUTH", "protocol §2",
        "A call carries its bearer token in Authorization, or its key in X-API-Key, and "
        "neither where none is set."),
    Requirement("HTTP-HEADERS-REQUEST-ID", "protocol §2",
        "X-Request-ID is a UUID, one a logical call and the same on its retries; the server answers it in "
        "metadata.requestId."),
    Requirement("HTTP-HEADERS-CLIENT-VERSION", "protocol §2",
        "Every call names the client's version in X-Client-Version."),
    Requirement("HTTP-HEADERS-TRACE-ID", "protocol §2",
        "A call made inside a trace names it in X-Trace-ID."),
    Requirement("HTTP-HEADERS-IDEMPOTENCY-KEY", "protocol §2",
        "Every POST carries an Idempotency-Key, the same on its retries, new for each logical call."),
    Requirement("HTTP-HEADERS-TRACEPARENT", "protocol §2",
        "A call carries the W3C traceparent when one is active."),
    Requirement("HTTP-HEADERS-SIGNATURE", "protocol §2 (Context-messages §security)",
        "With a signing key set, X-Signature is sha256= and the hex HMAC of the body as "
        "sent."),
    Requirement("HTTP-ETAG", "protocol §2",
        "One object that is read or changed comes with its ETag, and a change under If-Match with another "
        "one answers 4003 and changes nothing."),
    Requirement("HTTP-AUTH-ROLES", "protocol §2.2 (Design-draft, permission model)",
        "A key or token of a built-in role does what its permissions allow; anything else answers 2004 and "
        "changes nothing."),
    Requirement("HTTP-AUTH-LOCK", "protocol §2.2 (RFC appendix A)",
        "After ten wrong keys within five minutes a client is answered 2005 until they are past."),
    Requirement("LIST-PAGINATION", "protocol §2 (RFC §3.2.2)",
        "A list answers items and pagination with page, pageSize, total, totalPages, hasNext and hasPrev, "
        "all true to the data."),
    Requirement("LIST-PAGE-SIZE", "protocol §2 (RFC §3.2.2)",
        "pageSize is 50 unless told, and 1 to 1000; a page or a size out of range answers 3004."),
    Requirement("LIST-SORT", "protocol §2 (RFC §3.2.2)",
        "sort names a member, a leading minus turns the order round, and equal keys keep "
        "one order over all pages."),
    Requirement("LIST-FILTERS", "protocol §2 (RFC §3.2.2)",
        "Members named in the query keep only the objects that have those values."),

    # Endpoints
    Requirement("EP-CONTEXTS-CREATE", "protocol §2.1 (Design, Context API)",
        "POST /contexts stores a context and answers 201 with it."),
    Requirement("EP-CONTEXTS-GET", "protocol §2.1 (Design, Context API)",
        "GET /contexts/{id} answers the context, or 4001."),
    Requirement("EP-CONTEXTS-STATUS", "protocol §2.1 (Design, Context API)",
        "PUT /contexts/{id}/status makes one legal move with a reason and answers the context."),
    Requirement("EP-CONTEXTS-SYNC", "protocol §2.1 (Design, Context API)",
        "POST /contexts/{id}/sync with target_nodes and full or incremental answers "
        "versions and checksums per node."),
    Requirement("EP-CONTEXTS-LIST", "protocol §2.1",
        "GET /contexts answers a page of contexts."),
    Requirement("EP-CONTEXTS-STATE", "protocol §2.1",
        "GET /contexts/{id}/state answers the state's version and checksum."),
    Requirement("EP-CONTEXTS-VARIABLES-LIST", "protocol §2.1",
        "GET /contexts/{id}/variables answers every shared variable."),
    Requirement("EP-CONTEXTS-VARIABLES-DELETE", "protocol §2.1",
        "DELETE /contexts/{id}/variables/{key} removes one shared variable."),
    Requirement("EP-CONTEXTS-SNAPSHOTS-LIST", "protocol §2.1",
        "GET /contexts/{id}/snapshots answers the snapshots taken."),
    Requirement("EP-CONTEXTS-PARTICIPANTS-LIST", "protocol §2.1",
        "GET /contexts/{id}/participants answers who takes part."),
    Requirement("EP-CONTEXTS-PARTICIPANTS-ADD", "protocol §2.1",
        "POST /contexts/{id}/participants adds a participant."),
    Requirement("EP-CONTEXTS-PARTICIPANTS-UPDATE", "protocol §2.1",
        "PUT /contexts/{id}/participants/{participant_id} changes a participant."),
    Requirement("EP-CONTEXTS-PARTICIPANTS-REMOVE", "protocol §2.1",
        "DELETE /contexts/{id}/participants/{participant_id} removes a participant."),
    Requirement("EP-CONTEXTS-UPDATE", "protocol §2.1 (Design-draft)",
        "PUT /contexts/{id} replaces what is sent, keeps the id and answers the context."),
    Requirement("EP-CONTEXTS-DELETE", "protocol §2.1 (Design-draft)",
        "DELETE /contexts/{id} removes the context; reading it again answers 4001."),
    Requirement("EP-CONTEXTS-VARIABLES-SET", "protocol §2.1 (Design-draft)",
        "POST /contexts/{id}/variables with key and value sets one shared variable."),
    Requirement("EP-CONTEXTS-VARIABLES-GET", "protocol §2.1 (Design-draft)",
        "GET /contexts/{id}/variables/{key} answers one shared variable, or 4001."),
    Requirement("EP-CONTEXTS-SNAPSHOTS-CREATE", "protocol §2.1 (Design-draft)",
        "POST /contexts/{id}/snapshots keeps the state as it is and answers the "
        "snapshot's id."),
    Requirement("EP-CONTEXTS-RESTORE", "protocol §2.1 (Design-draft)",
        "POST /contexts/{id}/restore with a snapshot_id brings that state back."),
    Requirement("EP-PLANS-CREATE", "protocol §2.1 (Design, Plan API)",
        "POST /plans stores a plan with its tasks and dependencies and answers 201 with it."),
    Requirement("EP-PLANS-EXECUTE", "protocol §2.1 (Design, Plan API)",
        "POST /plans/{id}/execute answers 202 with an execution, runs it sync or async, and calls the "
        "webhook when done."),
    Requirement("EP-PLANS-STATUS", "protocol §2.1 (Design, Plan API)",
        "GET /plans/{id}/status answers the plan's status and its tasks'."),
    Requirement("EP-PLANS-LIST", "protocol §2.1",
        "GET /plans answers a page of plans."),
    Requirement("EP-PLANS-GET", "protocol §2.1 (Design-draft)",
        "GET /plans/{id} answers the plan with its tasks in order, or 4001."),
    Requirement("EP-PLANS-UPDATE", "protocol §2.1 (Design-draft)",
        "PUT /plans/{id} replaces what is sent, keeps the id and answers the plan."),
    Requirement("EP-PLANS-DELETE", "protocol §2.1 (Design-draft)",
        "DELETE /plans/{id} removes the plan; reading it again answers 4001."),
    Requirement("EP-PLANS-TASKS-ADD", "protocol §2.1 (Design-draft)",
        "POST /plans/{id}/tasks adds a task."),
    Requirement("EP-PLANS-TASKS-UPDATE", "protocol §2.1 (Design-draft)",
        "PUT /plans/{id}/tasks/{task_id} changes a task."),
    Requirement("EP-PLANS-TASKS-REMOVE", "protocol §2.1 (Design-draft)",
        "DELETE /plans/{id}/tasks/{task_id} removes a task and its dependencies."),
    Requirement("EP-PLANS-DEPENDENCIES-ADD", "protocol §2.1 (Design-draft)",
        "POST /plans/{id}/dependencies adds an edge and refuses one that closes a cycle."),
    Requirement("EP-PLANS-DEPENDENCIES-REMOVE", "protocol §2.1 (Design-draft)",
        "DELETE /plans/{id}/dependencies removes an edge."),
    Requirement("EP-PLANS-VALIDATE", "protocol §2.1 (Design-draft)",
        "POST /plans/{id}/validate answers the validation result of the stored plan."),
    Requirement("EP-PLANS-OPTIMIZE", "protocol §2.1 (Design-draft)",
        "POST /plans/{id}/optimize reorders by time, cost, quality or resource and says "
        "what it changed."),
    Requirement("EP-PLANS-TIMELINE", "protocol §2.1 (Design-draft)",
        "GET /plans/{id}/timeline answers the critical-path schedule from durations and "
        "dependencies."),
    Requirement("EP-CONFIRMATIONS-CREATE", "protocol §2.1 (Design, Confirm API)",
        "POST /confirmations stores a pending confirmation and answers 201 with it."),
    Requirement("EP-CONFIRMATIONS-DECIDE", "protocol §2.1 (Design, Confirm API)",
        "POST /confirmations/{id}/decide adds an approver's decision with comments and "
        "signature and answers the outcome."),
    Requirement("EP-CONFIRMATIONS-LIST", "protocol §2.1",
        "GET /confirmations answers a page of confirmations."),
    Requirement("EP-CONFIRMATIONS-GET", "protocol §2.1",
        "GET /confirmations/{id} answers the confirmation with its decisions, or 4001."),
    Requirement("EP-TRACES-CREATE", "protocol §2.1 (Design, Trace API)",
        "POST /traces stores one span and answers 201 with it."),
    Requirement("EP-TRACES-SPANS", "protocol §2.1 (Design, Trace API)",
        "GET /traces/{trace_id}/spans answers every span of the trace, or 4001."),
    Requirement("EP-TRACES-STREAM", "protocol §2.1 (Design, Trace API)",
        "GET /traces/stream sends new spans of an agent or context as SSE, or as NDJSON "
        "when asked.", planned=_LIVE),
    Requirement("EP-TRACES-BATCH", "protocol §2.1",
        "POST /traces/batch stores several spans in one request."),
    Requirement("EP-TRACES-LIST", "protocol §2.1",
        "GET /traces answers one row a trace: root, status, start, end, span count, error count and tokens."),
    Requirement("EP-TRACES-GET", "protocol §2.1",
        "GET /traces/{trace_id} answers the trace's row, or 4001."),
    Requirement("EP-ROLES-CREATE", "protocol §2.1 (Design, Role API)",
        "POST /roles stores a role and answers 201 with it."),
    Requirement("EP-ROLES-INHERIT", "protocol §2.1 (Design, Role API)",
        "POST /roles/{id}/inherit adds a parent role with overrides and refuses a cycle."),
    Requirement("EP-ROLES-LIST", "protocol §2.1",
        "GET /roles answers a page of roles, the built-in ones among them."),
    Requirement("EP-ROLES-GET", "protocol §2.1",
        "GET /roles/{id} answers the role, or 4001."),
    Requirement("EP-ROLES-UPDATE", "protocol §2.1",
        "PUT /roles/{id} replaces what is sent and answers the role."),
    Requirement("EP-ROLES-DELETE", "protocol §2.1",
        "DELETE /roles/{id} removes the role."),
    Requirement("EP-ROLES-CHECK", "protocol §2.1",
        "POST /roles/{id}/check of a resource and an action answers whether it is "
        "allowed and because of what."),
    Requirement("EP-EXTENSIONS-CREATE", "protocol §2.1 (Design, Extension API)",
        "POST /extensions registers an extension and answers 201 with it."),
    Requirement("EP-EXTENSIONS-EXECUTE", "protocol §2.1 (Design, Extension API)",
        "POST /extensions/{id}/execute runs the registered handler on checked input, "
        "within its timeout."),
    Requirement("EP-EXTENSIONS-RELOAD", "protocol §2.1 (Design, Extension API)",
        "PUT /extensions/{id}/reload moves to another version by the named strategy."),
    Requirement("EP-EXTENSIONS-LIST", "protocol §2.1",
        "GET /extensions answers a page of extensions."),
    Requirement("EP-EXTENSIONS-GET", "protocol §2.1",
        "GET /extensions/{id} answers the extension, or 5001."),
    Requirement("EP-EXTENSIONS-DELETE", "protocol §2.1",
        "DELETE /extensions/{id} removes the extension."),
    Requirement("EP-EXECUTIONS-LIST", "protocol §2.1",
        "GET /executions answers a page of executions."),
    Requirement("EP-EXECUTIONS-CREATE", "protocol §2.1 (Design-draft)",
        "POST /executions starts an execution and answers 201 with it."),
    Requirement("EP-EXECUTIONS-GET", "protocol §2.1 (Design-draft)",
        "GET /executions/{id} answers the execution with its progress, or 4001."),
    Requirement("EP-EXECUTIONS-PAUSE", "protocol §2.1 (Design-draft)",
        "POST /executions/{id}/pause stops a running execution before its next task."),
    Requirement("EP-EXECUTIONS-RESUME", "protocol §2.1 (Design-draft)",
        "POST /executions/{id}/resume goes on with a paused execution where it stopped."),
    Requirement("EP-EXECUTIONS-CANCEL", "protocol §2.1 (Design-draft)",
        "POST /executions/{id}/cancel ends an execution for good."),
    Requirement("EP-EXECUTIONS-LOGS", "protocol §2.1 (Design-draft)",
        "GET /executions/{id}/logs answers the execution's log lines in order."),
    Requirement("EP-EXECUTIONS-LOGS-STREAM", "protocol §2.1 (Design-draft)",
        "GET /executions/{id}/logs/stream sends log lines as they are written, as SSE.", planned=_LIVE),
    Requirement("EP-EXECUTIONS-COMMANDS", "protocol §2.1 (Design-draft)",
        "POST /executions/{id}/commands hands a command to a running execution."),
    Requirement("EP-EXECUTIONS-WORKSPACE", "protocol §2.1 (Design-draft)",
        "GET /executions/{id}/workspace answers what the execution left behind."),
    Requirement("EP-INGEST", "protocol §2.1",
        "POST /ingest takes newline-delimited records of every kind and answers what it accepted."),
    Requirement("EP-STREAMS-LIST", "protocol §2.1",
        "GET /streams answers every stream with its high-water mark and gaps."),
    Requirement("EP-STREAMS-GET", "protocol §2.1",
        "GET /streams/{id} answers one stream's high-water mark and gaps, or 4001."),
    Requirement("EP-SCHEMAS-LIST", "protocol §2.1",
        "GET /schemas answers the names of all JSON Schemas."),
    Requirement("EP-SCHEMAS-GET", "protocol §2.1",
        "GET /schemas/{module} answers one JSON Schema without an envelope."),
    Requirement("EP-SCHEMAS-VALIDATE", "protocol §2.1",
        "POST /schemas/{module}/validate answers the validation result of the body."),
    Requirement("EP-AUTH-TOKEN", "protocol §2.1",
        "POST /auth/token trades credentials for a token, or answers 2006."),
    Requirement("EP-AUTH-REFRESH", "protocol §2.1",
        "POST /auth/refresh trades a refresh token for a new token, or answers 2003 or 2007."),
    Requirement("EP-HEALTH", "protocol §2.1",
        "GET /health, outside the base paths, answers while the process is alive."),
    Requirement("EP-READY", "protocol §2.1",
        "GET /ready, outside the base paths, answers 200 only when the store can be used."),
    Requirement("EP-METRICS", "protocol §2.1",
        "GET /metrics answers the monitoring metrics in Prometheus' text format.", planned=_LIVE),
    Requirement("EP-OPENAPI", "protocol §2.1",
        "GET /openapi.json answers an OpenAPI 3.1 document that names every endpoint that is served."),
    Requirement("EP-OPENAPI-TRUE", "protocol §2.1",
        "What the document allows the server takes, what it forbids the server refuses, and "
        "every answer is one that it describes."),
    Requirement("EP-OPENAPI-EXAMPLES", "protocol §2.1",
        "Its examples are what the server was asked and answered, and are valid by their schemas."),
    Requirement("EP-WEB-PAGE", "protocol §2.1",
        "GET / answers a page that shows contexts and runs to a person.", planned=_VIEWER),
    Requirement("EP-GRAPHQL", "protocol §2.1",
        "/graphql answers the queries of Design-draft over the same objects.", planned=_GRAPHQL),
    Requirement("EP-RPC", "protocol §2.1 (RFC §4.1.2)",
        "POST /rpc runs the named action of a module and answers what its endpoint would."),
    Requirement("HTTP-CREATE-201", "protocol §2.1",
        "Creating answers 201."),
    Requirement("HTTP-DELETE-204", "protocol §2.1",
        "Deleting answers 204 with no body."),
    Requirement("HTTP-REPEAT-BY-ID", "protocol §2.1",
        "Creating again with the same id and the same body answers the first result and stores nothing."),
    Requirement("HTTP-REPEAT-BY-KEY", "protocol §2.1",
        "Creating again with the same Idempotency-Key and the same body answers the "
        "first result and stores nothing."),
    Requirement("HTTP-REPEAT-CONFLICT", "protocol §2.1",
        "Creating again with the same id or Idempotency-Key and another body answers 4003."),

    # Errors
    Requirement("ERR-TABLE", "protocol §2.2 (RFC appendix A)",
        "All 37 codes are known with the word, HTTP status and retryability of the catalogue."),
    Requirement("ERR-CLASSES", "protocol §2.2 (RFC appendix A)",
        "Each code is raised as its own class, below the class of its family, with code, name, status, "
        "details and request id."),
    Requirement("ERR-1007-NOT-RETRIED", "protocol §2.2 (RFC appendix A)",
        "CONFIGURATION_ERROR is a 500 that is sent once and raised."),
    Requirement("ERR-4008-ON-202", "protocol §2.2 (RFC appendix A)",
        "CONFIRMATION_REQUIRED is raised although it comes on a 202: success decides, not the status."),
    Requirement("ERR-4007-SAME-KEY", "protocol §2.2 (RFC appendix A)",
        "PLAN_EXECUTION_FAILED is retried only by a call that keeps its Idempotency-Key."),
    Requirement("ERR-ALL-REACHABLE", "protocol §2.2 (RFC appendix A)",
        "The server answers each of the 37 codes for a real cause or an injected fault, "
        "and both clients raise it.", planned=_REST),
    Requirement("ERR-WIRE-FORM", "protocol §2.2",
        "The server writes the code as a string of its number and the name as the word."),
    Requirement("ERR-UNKNOWN-ROUTE", "protocol §2.2",
        "A path that is not served answers 4001, and a method that a path does not take answers 4005, both "
        "in the envelope."),
    Requirement("ERR-ACCEPT-SPELLINGS", "protocol §2.2",
        'The client reads a code as the number, "4001", "E4001" or the word.'),
    Requirement("ERR-ACCEPT-UNKNOWN", "protocol §2.2",
        "An unknown code raises the class of its HTTP status and keeps the raw code."),
    Requirement("ERR-RETRY-BY-CODE", "protocol §2.2",
        "Whether a call is repeated follows from the code in the body, over any HTTP "
        "status that carries it."),
    Requirement("ERR-STATUS-FALLBACK", "protocol §2.2",
        "Without a readable body the status maps: 408 to 1006, 429 to 4004, 502 to 1005, "
        "503 to 1002, 504 to 1006."),
    Requirement("ERR-BROKEN-CONNECTION", "protocol §2.2",
        "A refused or broken connection raises 1005 and a timeout 1006, with the cause attached."),
    Requirement("ERR-RETRY-AFTER", "protocol §2.2",
        "retry_after in milliseconds and Retry-After in seconds or as a date set when a retry comes; "
        "nonsense values are ignored."),
    Requirement("ERR-RETRY-AFTER-NEVER-WHETHER", "protocol §2.2",
        "No retry_after or Retry-After makes an error that may not be retried be retried."),
    Requirement("ERR-ACCEPT-CONTEXT-WORDS", "protocol §2.2 (Context-messages §errors)",
        "The client reads each of the eight error words of Context-messages as the code they stand for."),

    # Objects
    Requirement("OBJ-CONTEXT", "protocol §3",
        "A context reads and writes every member of its definition, and misses none that is required."),
    Requirement("OBJ-GOAL", "protocol §3",
        "A goal has a description of 1 to 1000 characters, a priority of 1 to 10 and one of four statuses."),
    Requirement("OBJ-PARTICIPANT", "protocol §3",
        "A participant reads and writes every member of its definition."),
    Requirement("OBJ-STATUS-MOVES-CONTEXT", "protocol §3",
        "A context moves between active and suspended and from either to completed or "
        "failed; any other move answers 4005."),
    Requirement("OBJ-PLAN", "protocol §3",
        "A plan reads and writes every member of its definition, its workflow, "
        "validation and optimisation included."),
    Requirement("OBJ-DEPENDENCY", "protocol §3",
        "A dependency names two tasks and one of three edge types."),
    Requirement("OBJ-TASK", "protocol §3",
        "A task reads and writes every member of its definition; its name has 1 to 100 characters, its "
        "description 500 at most."),
    Requirement("OBJ-STATUS-MOVES-PLAN", "protocol §3",
        "A plan moves draft, approved, executing, completed or failed, and is cancelled before its end; any "
        "other move answers 4005."),
    Requirement("OBJ-CONFIRMATION", "protocol §3",
        "A confirmation reads and writes every member of its definition, with target, criteria, approvers "
        "and decisions."),
    Requirement("OBJ-CONFIRMATION-REQUIRED", "protocol §3",
        "With required approvers a confirmation is approved when all of them approved, and rejected at the "
        "first of them who rejects."),
    Requirement("OBJ-CONFIRMATION-ANY", "protocol §3",
        "Without required approvers one approval approves, and it is rejected when all approvers rejected."),
    Requirement("OBJ-CONFIRMATION-CLOSED", "protocol §3",
        "A decision on a confirmation that has ended answers 4005 and changes nothing."),
    Requirement("OBJ-CONFIRMATION-EXPIRES", "protocol §3",
        "A pending confirmation is expired once expires_at has passed by the server's clock."),
    Requirement("OBJ-TRACE", "protocol §3",
        "A span reads and writes every member of its definition, open (no end) and closed."),
    Requirement("OBJ-TRACE-OUTPUT", "protocol §3",
        'result.output is an object; a bare value is stored as {"value": …}.'),
    Requirement("OBJ-TRACE-CLOSED-WINS", "protocol §3",
        "A closed span wins over the open one in either order of arrival."),
    Requirement("OBJ-ROLE", "protocol §3",
        "A role reads and writes every member of its definition, with capabilities, "
        "permissions and inheritance."),
    Requirement("OBJ-ROLE-INHERITANCE", "protocol §3",
        "A role's effective capabilities follow its parents, then its overrides."),
    Requirement("OBJ-EXTENSION", "protocol §3",
        "An extension reads and writes every member of its definition."),
    Requirement("OBJ-EXECUTION", "protocol §3",
        "An execution reads and writes every member of its definition."),
    Requirement("OBJ-EXECUTION-LOG", "protocol §3",
        "A log line has an id, its execution, a timestamp, one of four levels, a message "
        "and details."),
    Requirement("OBJ-ENUMS-CLOSED", "protocol §3",
        "Strict reading refuses a value outside an enumeration; ordinary reading keeps it."),
    Requirement("OBJ-JSON-SCHEMAS", "protocol §3",
        "Each object has a JSON Schema (2020-12) made from its model that accepts what we emit and refuses "
        "what misses a required member."),
    Requirement("OBJ-ROLE-BUILT-IN", "protocol §3 (Design-draft)",
        "admin, developer and viewer exist without being created, with the permissions "
        "of Design-draft."),

    # Validation
    Requirement("VALID-LAYERS", "protocol §4 (RFC §7; Design, Validation Engine)",
        "Validation runs schema, business rules, data integrity, security, performance "
        "and compatibility, in this order."),
    Requirement("VALID-RESULT", "protocol §4 (RFC §7; Design, Validation Engine)",
        "The result tells valid, errors, warnings and metadata, and each finding its level, code, rule, "
        "message, path and value."),
    Requirement("VALID-SUGGESTION", "protocol §4 (RFC §7; Design, Validation Engine)",
        "Each finding carries a suggestion that a person can act on."),
    Requirement("VALID-CODES", "protocol §4 (RFC §7; Design, Validation Engine)",
        "Errors are numbered V0xx and warnings W0xx: V001 for goals_not_empty, V002 for cycles, W001 for "
        "resource_usage_high."),
    Requirement("VALID-CONTEXT-RULES", "protocol §4 (RFC §7; Design, Validation Engine)",
        "goals_not_empty, environment_platform_valid and timestamp_valid find what they "
        "name."),
    Requirement("VALID-PLAN-STEPS", "protocol §4 (RFC §7; Design, Validation Engine)",
        "steps_not_empty, unique_step_ids, all_dependencies_exist and "
        "plan_matches_context find what they name."),
    Requirement("VALID-PLAN-CYCLES", "protocol §4 (RFC §7; Design, Validation Engine)",
        "no_circular_dependencies finds a cycle and names the tasks on it."),
    Requirement("VALID-PLAN-FEASIBLE", "protocol §4 (RFC §7; Design, Validation Engine)",
        "resource_constraints_met, deadline_feasible and prerequisites_met find what "
        "they name."),
    Requirement("VALID-ACCESS", "protocol §4 (RFC §7; Design, Validation Engine)",
        "execution_authorized, user_authenticated, user_authorized and "
        "resource_accessible find what they name."),
    Requirement("VALID-SENSITIVE", "protocol §4 (RFC §7; Design, Validation Engine)",
        "no_sensitive_data_exposure and data_encryption_valid find what they name."),
    Requirement("VALID-USAGE", "protocol §4 (RFC §7; Design, Validation Engine)",
        "resource_usage_high warns and leaves the object valid."),
    Requirement("VALID-RFC-ONLY", "protocol §4 (RFC §7; Design, Validation Engine)",
        "goals_not_empty and environment_platform_valid pass over canonical contexts that "
        "declare neither."),

    # Real time
    Requirement("WS-AUTH", "protocol §5",
        "A connection authenticates by header or by a first auth frame; failing closes it with 4401, lacking "
        "the right with 4403.", planned=_LIVE),
    Requirement("WS-FAMILIES", "protocol §5",
        "One connection carries monitoring, event and message frames, told apart by one "
        "member.", planned=_LIVE),
    Requirement("WS-EVENTS-SUBSCRIBE", "protocol §5",
        "A subscriber gets the events of the types, context and agent it asked for, and "
        "no others.", planned=_LIVE),
    Requirement("WS-RESUME", "protocol §5",
        "Asking after an epoch and sequence gives every event since, once and in order.", planned=_LIVE),
    Requirement("WS-GAP", "protocol §5",
        "A resume from before the log's beginning is answered with a gap frame.", planned=_LIVE),
    Requirement("WS-MESSAGES", "protocol §5",
        "All 28 message types and context.error.response are answered in the full envelope.", planned=_LIVE),
    Requirement("WS-MESSAGES-CORRELATION", "protocol §5",
        "A response's correlation_id is the message_id of its request.", planned=_LIVE),
    Requirement("WS-MESSAGES-VARIANTS", "protocol §5",
        "Un-prefixed and dotted names of message types are understood; the names of "
        "Context-messages are sent.", planned=_LIVE),
    Requirement("WS-STATE-CHECKSUM", "protocol §5",
        "A state sync carries its version and the SHA-256 of its canonical (RFC 8785) form.", planned=_LIVE),
    Requirement("WS-STATE-CONFLICT", "protocol §5",
        "A write against an older version answers a conflict with both states, and a "
        "resolution settles it.", planned=_LIVE),
    Requirement("WS-MONITOR-FRAMES", "protocol §5 (RFC §8.3)",
        "Monitoring sends connection_established, metric_update and alert in the shapes of RFC, and "
        "acknowledges what a client asks.", planned=_LIVE),
    Requirement("WS-MONITOR-SUBSCRIBE", "protocol §5 (RFC §8.3)",
        "Subscribing to metrics pushes their current values at once.", planned=_LIVE),
    Requirement("WS-MONITOR-ALERTS", "protocol §5 (RFC §8.3)",
        "A crossed threshold raises one alert in 300 seconds, warning or critical.", planned=_LIVE),
    Requirement("WS-EVENTS-FORM", "protocol §5 (RFC §4.3)",
        "An event has the members of RFC, a sequence that grows by one, and the epoch of "
        "its log.", planned=_LIVE),
    Requirement("WS-EVENTS-TYPES", "protocol §5 (RFC §4.3)",
        "Changes of objects are told under the event types of RFC and our five more.", planned=_LIVE),

    # Ingest
    Requirement("INGEST-KINDS", "protocol §6",
        "A record of each of the seven kinds is stored as the object it holds."),
    Requirement("INGEST-ENCODINGS", "protocol §6",
        "Bodies come as they are, in gzip or in zstd; another encoding is refused."),
    Requirement("INGEST-UPSERT", "protocol §6",
        "The same records, any number of times and in any order, end in the same state: newer "
        "metadata.updated_at wins."),
    Requirement("INGEST-NO-MOVES", "protocol §6",
        "A record is stored whatever status the object had before."),
    Requirement("INGEST-FORWARD-REFERENCES", "protocol §6",
        "An object that refers to one not seen yet is kept."),
    Requirement("INGEST-BAD-LINE", "protocol §6",
        "A bad line is rejected by its number with an error; every good line of the body is stored."),
    Requirement("INGEST-MARK", "protocol §6",
        "Numbered lines and the stream's high-water mark are committed together, and the "
        "answer tells the mark."),
    Requirement("INGEST-REPEAT", "protocol §6",
        "Lines at or below the mark are skipped without effect, however late they come."),
    Requirement("INGEST-GAP", "protocol §6",
        "A batch that starts above mark + 1 is stored and the hole is told as a gap."),
    Requirement("INGEST-BODY-LIMIT", "protocol §6",
        "A body that is over 8 MiB once decompressed answers 3004, stores nothing, and "
        "is not decompressed further."),

    # Limits
    Requirement("LIMIT-BIND", "protocol §7",
        "The server binds to 127.0.0.1 by default and refuses any other address without "
        "an authentication setting."),
    Requirement("LIMIT-BODY", "protocol §7",
        "A request body over 8 MiB answers 3004 in the envelope and changes nothing."),
    Requirement("LIMIT-JSON-DEPTH", "protocol §7",
        "JSON nested deeper than 64 levels is refused in the envelope; 64 levels are taken."),
    Requirement("LIMIT-HOST", "protocol §7",
        "A server that listens on a loopback address and asks for no key refuses a request "
        "whose Host is not a name of this machine with 2004."),
    Requirement("LIMIT-STRICT-JSON", "protocol §7",
        "A member that is there twice, NaN, a number beyond a double and half a character are "
        "refused with 3003, in a body and in a line alike."),
    Requirement("LIMIT-WS-MESSAGE", "protocol §7",
        "A WebSocket message over 1 MiB is refused.", planned=_LIVE),
    Requirement("LIMIT-SLOW-SUBSCRIBER", "protocol §7",
        "A subscriber more than 1,000 events behind is closed with 4429 and can resume.", planned=_LIVE),

    # Administration of the reference server
    Requirement("ADMIN-OFF-BY-DEFAULT", "protocol §8",
        "/_mock/* is not served unless asked for.", planned=_TESTING),
    Requirement("ADMIN-FAULTS", "protocol §8",
        "POST /_mock/faults makes matching requests fail in each of the named ways, by count or probability; "
        "DELETE ends it.", planned=_TESTING),
    Requirement("ADMIN-REQUESTS", "protocol §8",
        "GET /_mock/requests answers what was received.", planned=_TESTING),
    Requirement("ADMIN-RESET", "protocol §8",
        "POST /_mock/reset leaves an empty server.", planned=_TESTING),
    Requirement("ADMIN-CLOCK", "protocol §8",
        "POST /_mock/clock sets and advances the time that the server uses.", planned=_TESTING),
    Requirement("ADMIN-SEED", "protocol §8",
        "POST /_mock/seed makes the ids that follow deterministic.", planned=_TESTING),

    # The frozen dialect
    Requirement("FROZEN-IDENTITY", "protocol §9",
        "A frozen object imported and exported again is equal to the first one."),
    Requirement("FROZEN-META", "protocol §9",
        "Every exported object carries meta with protocol 1.0.0 and schema 2.0.0."),
    Requirement("FROZEN-IDS", "protocol §9",
        "Exported ids have the form of version 4, and an id of another version maps to "
        "the same one each time."),
    Requirement("FROZEN-CLOSED", "protocol §9",
        "An exported object has no member beyond the named ones."),
    Requirement("FROZEN-CONTEXT", "protocol §9",
        "A context exports with root, title and one of five statuses."),
    Requirement("FROZEN-PLAN", "protocol §9",
        "A plan exports with an objective and at least one step with its dependencies "
        "and status."),
    Requirement("FROZEN-CONFIRM", "protocol §9",
        "A confirmation exports with its target, requester's role and decisions."),
    Requirement("FROZEN-ROLE-EXTENSION", "protocol §9",
        "Roles export with capabilities as strings, extensions with their context, type "
        "and status."),
    Requirement("FROZEN-TRACE", "protocol §9",
        "A run exports as one object: a root span and one segment a span."),

    # What a run becomes
    Requirement("REC-CONTEXT-KEY", "recording §1",
        "Runs with the same thread, session or team key share one Context, in any process; another project's "
        "equal key does not."),
    Requirement("REC-CONTEXT-PER-RUN", "recording §1",
        "A run without a key has a Context of its own."),
    Requirement("REC-CONTEXT-VARIABLES", "recording §1",
        "The framework's shared state is kept in shared_state.variables."),
    Requirement("REC-CONTEXT-GOALS", "recording §1",
        "Goals given with a run are kept in shared_state.goals."),
    Requirement("REC-PLAN-BEFORE", "recording §1",
        "A plan that is known beforehand is recorded before the first of its tasks starts."),
    Requirement("REC-PLAN-AS-IT-HAPPENS", "recording §1",
        "Tasks that become known during a run are added to its plan."),
    Requirement("REC-TASK-STATES", "recording §1",
        "A task moves from pending to running to completed, failed or skipped, as its spans do."),
    Requirement("REC-REPLAN", "recording §1",
        "A new plan in a run is the next version, and the open tasks of the old one are cancelled."),
    Requirement("REC-PLAN-AGAINST-REALITY", "recording §1",
        "Plan and spans laid side by side tell done, failed, skipped, never started, "
        "unplanned and out of order.", planned=_LANGCHAIN),
    Requirement("REC-TRACE", "recording §1",
        "A top-level run is one trace and each step one span below its caller, with none mixed up between "
        "concurrent runs."),
    Requirement("REC-SPAN-TASK", "recording §1",
        "A span that carries out a planned task names it in task_id."),
    Requirement("REC-CONFIRM-REQUEST", "recording §1",
        "Asking a person or a policy is recorded as a pending Confirmation at once."),
    Requirement("REC-CONFIRM-DECISION", "recording §1",
        "The decision is recorded in the same Confirmation with approver, time, comments and metadata."),
    Requirement("REC-CONFIRM-OTHER-PROCESS", "recording §1",
        "A decision that comes in another process is recorded in the Confirmation of the "
        "first."),
    Requirement("REC-CONFIRM-EDIT-RESPOND", "recording §1",
        "Edit and respond are recorded as approved, with the edit or text in comments "
        "and metadata."),
    Requirement("REC-ROLE", "recording §1",
        "Each agent seen has one Role with its name, description and tools as capabilities."),
    Requirement("REC-ACTION-TYPES", "recording §1",
        "Agents, models and retrievers are invoke, tools and code execute, routing, "
        "parsing and approvals validate."),
    Requirement("REC-ACTION-COMPLETE", "recording §1",
        "The step that gives the final answer is of type complete."),
    Requirement("REC-ACTION-NAME", "recording §1",
        "A span bears the framework's own name of its step."),
    Requirement("REC-AGENT-NEAREST", "recording §1",
        "A span's agent_id belongs to the nearest agent above it, or to the root where there is none."),
    Requirement("REC-INPUT-OUTPUT", "recording §1",
        "Inputs go to action.parameters and outputs to result.output as objects; a bare "
        'value becomes {"value": …}.'),
    Requirement("REC-ERROR", "recording §1",
        "An error is recorded with its type, message and stack, and goes on to the caller unchanged."),
    Requirement("REC-METRICS", "recording §1",
        "Token counts, time to first token in seconds and model are recorded as result.metrics; what is "
        "unknown is absent."),
    Requirement("REC-METRICS-COST", "recording §1",
        "The cost of a model call is recorded where the framework tells it."),
    Requirement("REC-TAGS", "recording §1",
        "What a framework calls tags, metadata, run id, thread, checkpoint, node or step is in metadata.tags "
        "under a prefixed name."),
    Requirement("REC-ODD-TYPES", "recording §1",
        "pydantic models, dataclasses, bytes, sets, NaN and keys that are no strings are recorded as "
        "something readable."),
    Requirement("REC-ODD-SHAPES", "recording §1",
        "Circular and very deep values are cut and marked."),
    Requirement("REC-ODD-SIZE", "recording §1",
        "A value of 10 MB is cut to a bounded size and marked."),
    Requirement("REC-ODD-REPR", "recording §1",
        "An object whose repr raises is recorded as a mark; the record is kept and counted."),

    # LangChain and LangGraph
    Requirement("LC-HANDLER", "recording §2",
        "MPLPCallbackHandler in the callbacks of one run records that run, sync or "
        "async, on the caller's thread."),
    Requirement("LC-COST", "recording §2",
        "A run costs the caller at most 15 µs of CPU an event.", planned=_LANGCHAIN),
    Requirement("LC-INSTRUMENT", "recording §2",
        "instrument() records every run of the process with no change to its code."),
    Requirement("LC-INSTRUMENT-THREADS", "recording §2",
        "instrument() in one thread is seen by runs in threads that start later."),
    Requirement("LC-INSTRUMENT-ENV", "recording §2",
        "MPLP_TRACING=1 records like instrument()."),
    Requirement("LC-SHARED-RECORDER", "recording §2",
        "Handlers that the framework makes anew for each run write to one recorder."),
    Requirement("LC-ONCE", "recording §2",
        "A handler that is both in the list and in the hook, or twice in one list, records each event once."),
    Requirement("LC-INTERRUPT-LIST", "recording §2",
        "With the handler in the callbacks list an interrupt is a pending Confirmation and no error."),
    Requirement("LC-INTERRUPT-HOOK", "recording §2",
        "Through instrument() an interrupt is a pending Confirmation and no error."),
    Requirement("LC-RESUME", "recording §2",
        "Resuming with a Command records the decision, in a new trace of the same Context."),
    Requirement("LC-RESUME-OTHER-PROCESS", "recording §2",
        "A resume in another process finds the Confirmation by thread, interrupt id "
        "and checkpoint."),
    Requirement("LC-PLAN-INSTRUMENT", "recording §2",
        "With instrument() a graph's nodes are the plan's tasks and its edges the "
        "dependencies, before it runs."),
    Requirement("LC-PLAN-HANDLER", "recording §2",
        "MPLPCallbackHandler(graph=…) gives the same plan."),
    Requirement("LC-PLAN-CONDITIONAL", "recording §2",
        "Conditional edges are marked as such in the plan."),
    Requirement("LC-PLAN-LOOPS", "recording §2",
        "A graph with loops has a plan without cycles: tasks count their visits and "
        "workflow names the back edges."),
    Requirement("LC-PLAN-SUBGRAPHS", "recording §2",
        "A subgraph is a composite task with its own tasks."),
    Requirement("LC-PLAN-TODOS", "recording §2",
        "Each call of a to-do tool is a new version of the plan."),
    Requirement("LC-METADATA", "recording §2",
        "Node, step, path, triggers, checkpoint, thread, model and provider reach the span's tags."),
    Requirement("LC-RETRIED-NODES", "recording §2",
        "The attempts of a retried node are numbered."),
    Requirement("LC-SEND-BRANCHES", "recording §2",
        "Parallel Send branches of one node are told apart."),
    Requirement("LC-SNAPSHOT", "recording §2",
        "What a step changes in its inputs later does not change what was recorded at its start."),
    Requirement("LC-END-STREAM-LEFT", "recording §2",
        "A stream that its reader leaves ends as cancelled, whenever and whether or not "
        "the framework says so.", planned=_LANGCHAIN),
    Requirement("LC-END-CANCELLED", "recording §2",
        "A cancelled task is recorded as cancelled, not as an error."),
    Requirement("LC-END-PARENT-COMMAND", "recording §2",
        "ParentCommand ends a step neutrally."),
    Requirement("LC-END-MISSING", "recording §2",
        "A span whose end never comes is closed and marked when its root ends."),
    Requirement("LC-NEVER-RAISES", "recording §2",
        "Nothing that goes wrong while recording, a BaseException included, reaches the run."),
    Requirement("LC-CHAT-MESSAGES", "recording §2",
        "Chat messages are recorded one by one with their roles, not as one flattened text."),
    Requirement("LC-TOOL-CALL-ID", "recording §2",
        "A tool's span carries the id of the call that asked for it where the framework tells it."),
    Requirement("LC-CUSTOM-EVENTS", "recording §2",
        "Custom events and retries are annotations of the enclosing span."),
    Requirement("LC-FIRST-TOKEN", "recording §2",
        "The first streamed token sets time_to_first_token; tokens are not recorded one by one."),
    Requirement("LC-FIRST-TOKEN-V3", "recording §2",
        "The first stream event of streaming v3 sets time_to_first_token."),
    Requirement("LC-USAGE", "recording §2",
        "Token counts come from usage_metadata, else llm_output, cached and reasoning tokens included."),
    Requirement("LC-USAGE-STREAM", "recording §2",
        "Token counts of a stream come from its last chunk."),
    Requirement("LC-DEEPCOPY", "recording §2",
        "A deep-copied handler is the same handler."),
    Requirement("LC-PICKLE", "recording §2",
        "An unpickled handler writes to its process's recorder."),
    Requirement("LC-RUN-IDS", "recording §2",
        "Span ids are ours; the framework's run id is a tag."),
    Requirement("LC-RUN-ID-REUSED", "recording §2",
        "A run id that is used twice gives two spans."),
    Requirement("LC-PARENTS", "recording §2",
        "A span's parent is found by parent_run_id only."),
    Requirement("LC-STATE-LIMIT", "recording §2",
        "State kept for runs that never end is dropped after a time.", planned=_LANGCHAIN),
    Requirement("LC-PLAIN-TEXT-ASYNC", "recording §2",
        "Async runs of plain-text models keep their start beside handlers that are not "
        "inline."),
    Requirement("LC-MULTIPROCESSING", "recording §2",
        "What a multiprocessing child records is delivered though atexit never ran.", planned=_LANGCHAIN),
    Requirement("LC-ORPHANS", "recording §2",
        "A model called from a thread of the user's own is attached where its context was copied, else a "
        "trace of its own, marked.", planned=_LANGCHAIN),

    # AutoGen, AG2 Classic and AG2
    Requirement("AG-DETECTION", "recording §3",
        "The framework is told by the module that imports, not by the name of its "
        "distribution.", planned=_AUTOGEN),
    Requirement("AG-INSTRUMENT", "recording §3",
        "instrument() records teams built before and after it, with no change to user "
        "code.", planned=_AUTOGEN),
    Requirement("AG-SCOPED", "recording §3",
        "record() instruments for a block and undoes it at its end.", planned=_AUTOGEN),
    Requirement("AG-UNINSTRUMENT", "recording §3",
        "uninstrument() restores every attribute.", planned=_AUTOGEN),
    Requirement("AG-TEAM", "recording §3",
        "A team's run is one trace, with stop reason and hand-off to the user.", planned=_AUTOGEN),
    Requirement("AG-TURNS", "recording §3",
        "Each agent turn is one span, in agent classes defined later and in nested "
        "agents too.", planned=_AUTOGEN),
    Requirement("AG-MODELS", "recording §3",
        "Each model call is one span with prompt, output, usage, finish reason and first "
        "token.", planned=_AUTOGEN),
    Requirement("AG-TOOLS", "recording §3",
        "Each tool call is one span with its call id and the real exception, in executor threads and "
        "workbenches too.", planned=_AUTOGEN),
    Requirement("AG-RUNTIME", "recording §3",
        "On a shared runtime every span has the right parent, selector and orchestrator "
        "calls included.", planned=_AUTOGEN),
    Requirement("AG-CODE", "recording §3",
        "Code execution is a span and its approval a Confirmation.", planned=_AUTOGEN),
    Requirement("AG-STATE", "recording §3",
        "Saving, loading and resetting state are events of the Context.", planned=_AUTOGEN),
    Requirement("AG-PLAN-GRAPHFLOW", "recording §3",
        "A GraphFlow is a plan: nodes, conditional edges, skipped nodes, counted back "
        "edges.", planned=_AUTOGEN),
    Requirement("AG-PLAN-MAGENTIC", "recording §3",
        "A Magentic plan's bullets are tasks with assignees, its ledger their progress, "
        "a stall a new version.", planned=_AUTOGEN),
    Requirement("AG-PLAN-TURNS", "recording §3",
        "Round robin, selector and swarm give a chained task a turn.", planned=_AUTOGEN),
    Requirement("AG-CONFIRM-USER", "recording §3",
        "UserProxyAgent gives a Confirmation that its reply decides, cancelled when it "
        "raises.", planned=_AUTOGEN),
    Requirement("AG-CONFIRM-HANDOFF", "recording §3",
        "A hand-off to no participant is pending until the team's next run answers it.", planned=_AUTOGEN),
    Requirement("AG-CLASSIC", "recording §3",
        "AG2 Classic chats, replies, models, tools, code, people and speakers are "
        "recorded, in async chats too.", planned=_AUTOGEN),
    Requirement("AG-CLASSIC-ATTACH", "recording §3",
        "attach(agent) records one AG2 Classic agent by its hooks.", planned=_AUTOGEN),
    Requirement("AG-AG2", "recording §3",
        "AG2 1.x turns, models, tools, human input, tasks and hub channels are recorded.", planned=_AUTOGEN),
    Requirement("AG-RULE-CONTEXTVAR", "recording §3.1",
        "Interleaved generators keep their own parents.", planned=_AUTOGEN),
    Requirement("AG-RULE-ENDS", "recording §3.2",
        "A turn ends at its Response and a run at its TaskResult, though the caller "
        "stops iterating there.", planned=_AUTOGEN),
    Requirement("AG-RULE-INNERMOST", "recording §3.3",
        "An event that nested wrappers yield again is recorded once, in the innermost.", planned=_AUTOGEN),
    Requirement("AG-RULE-LOST-CALLS", "recording §3.4",
        "A tool result without a tool run is an error span.", planned=_AUTOGEN),
    Requirement("AG-RULE-SNAPSHOT", "recording §3.5",
        "Messages are recorded as they were at the call.", planned=_AUTOGEN),
    Requirement("AG-RULE-POLITE", "recording §3.6",
        "Another instrumentation under or over ours works, in either order of installing.", planned=_AUTOGEN),
    Requirement("AG-RULE-HARMLESS", "recording §3.7",
        "Recording neither raises into a run nor awaits in it.", planned=_AUTOGEN),
    Requirement("AG-RULE-OPEN-SPANS", "recording §3.8",
        "Spans still open are exported.", planned=_AUTOGEN),
    Requirement("AG-RULE-ZERO-USAGE", "recording §3.9",
        "A usage of 0/0 from a streaming client is recorded as unknown.", planned=_AUTOGEN),

    # Delivery
    Requirement("SPOOL-KILL", "recording §4",
        "Every record that record() returned for survives kill -9 of the process."),
    Requirement("SPOOL-NEVER-RAISES", "recording §4",
        "record() never raises; what it cannot keep is counted."),
    Requirement("SPOOL-ONCE-IN-ORDER", "recording §4",
        "The server ends with every record once and in order, or with a named gap."),
    Requirement("SPOOL-REDACTED-FIRST", "recording §4.1",
        "What is redacted never reaches the disk."),
    Requirement("SPOOL-CRC", "recording §4.1",
        "A torn or damaged record is recognised and skipped by a reader; the records before it are read."),
    Requirement("SPOOL-NO-SYSTEM-CALL", "recording §4.1",
        "An append makes no system call and does not release the GIL.", planned=_RECORDER),
    Requirement("SPOOL-CALLER-COST", "recording §4.1",
        "A 700-byte record costs its caller at most 20 µs at p50, 50 µs on average "
        "beside a CPU-bound thread.", planned=_RECORDER),
    Requirement("SPOOL-STREAM-FOLDER", "recording §4.2",
        "A process writes one folder under spool/ named by a UUID, mode 0700, its files "
        "0600, numbers from 1."),
    Requirement("SPOOL-STREAM-LOCK", "recording §4.2",
        "A stream is locked while its writer lives, and no other process adopts it."),
    Requirement("SPOOL-STREAM-FORK", "recording §4.2",
        "A forked child writes a stream of its own, and parent and child lose nothing."),
    Requirement("SPOOL-STREAM-ADOPT", "recording §4.2",
        "A later process delivers a dead process's stream, and writes nothing to it."),
    Requirement("SPOOL-STREAM-DRAIN", "recording §4.2",
        "mplp spool drain and a local server deliver the streams whose lock is free.", planned=_RECORDER),
    Requirement("SPOOL-SEGMENTS", "recording §4.3",
        "Segments have their blocks allocated before they are mapped and appear whole, by rename."),
    Requirement("SPOOL-DROP-NUMBERED", "recording §4.3",
        "A dropped record is counted by reason and consumes its number, so that the server tells the gap."),
    Requirement("SPOOL-DISK-FULL", "recording §4.3",
        "On a full disk records are dropped and counted, and the host goes on."),
    Requirement("SPOOL-DISK-BROKEN", "recording §4.3",
        "A read-only, deleted or truncated spool, or no file handles: records are "
        "counted, and the host goes on.", planned=_RECORDER),
    Requirement("SPOOL-BUDGET", "recording §4.3",
        "A spool that has reached its budget of 512 MiB, or what was set, drops the newest."),
    Requirement("SPOOL-BUDGET-AGE", "recording §4.3",
        "Records older than seven days, or what was set, leave the spool and are "
        "counted.", planned=_RECORDER),
    Requirement("SPOOL-POLICIES", "recording §4.3",
        "drop_oldest makes room, and block(timeout) waits for it."),
    Requirement("SPOOL-SYNC", "recording §4.4",
        "Records reach the disk in the background without being asked; flush(durable=True) returns true only "
        "when they have."),
    Requirement("SPOOL-SHIP-BATCHES", "recording §4.5",
        "The shipper sends at most 512 records or 1 MiB a request, compressed, with stream and first number "
        "in the headers."),
    Requirement("SPOOL-SHIP-RETRIES", "recording §4.5",
        "Failing deliveries are retried without end with full jitter, later when Retry-After says so."),
    Requirement("SPOOL-SHIP-DEAD-LETTERS", "recording §4.5",
        "What the server refuses for good is kept in a dead-letter file and counted, and "
        "does not hold up the rest."),
    Requirement("SPOOL-SHIP-SPLIT", "recording §4.5",
        "A batch that answers 413 is split and delivered in parts."),
    Requirement("SPOOL-SHIP-KEEP-ALIVE", "recording §4.5",
        "The shipper's idle connection expires before the server's does."),
    Requirement("SPOOL-REPEAT", "recording §4.6",
        "A batch whose answer was lost is sent again without effect."),
    Requirement("SPOOL-EXIT", "recording §4.7",
        "At exit delivery is tried for at most 2 s, or what was set, with no thread "
        "started; the rest waits in the spool."),
    Requirement("SPOOL-EXIT-WORKERS", "recording §4.7",
        "Workers of gunicorn and celery, closed event loops and interpreter shutdown "
        "lose nothing.", planned=_RECORDER),
    Requirement("SPOOL-NO-SERVER", "recording §4.8",
        "Without a server, or with one that is down, records wait in the spool and nothing fails."),
    Requirement("SPOOL-NO-SERVER-VIEW", "recording §4.8",
        "mplp ui shows what waits in the spool.", planned=_VIEWER),
    Requirement("SPOOL-REDACT-KEYS", "recording §4.9",
        "Values under secret keys such as authorization, api_key and password are masked "
        "by default, at every depth."),
    Requirement("SPOOL-REDACT-VALUES", "recording §4.9",
        "Provider keys, bearer tokens, private keys and connection strings are masked "
        "wherever they stand in a text."),
    Requirement("SPOOL-REDACT-NESTED", "recording §4.9",
        "Secrets in nested JSON strings, URLs, headers and stack traces are masked."),
    Requirement("SPOOL-REDACT-CLOSED", "recording §4.9",
        "When redaction fails, the value is withheld, not sent."),
    Requirement("SPOOL-REDACT-OWN", "recording §4.9",
        "A user's own masks apply, and inputs or outputs can be dropped altogether."),
    Requirement("SPOOL-STATS", "recording §4.10",
        "stats() tells recorded, stored, delivered, waiting and dropped by reason, and the numbers add up."),
    Requirement("SPOOL-STATS-METRIC", "recording §4.10",
        "The server tells the same numbers as a metric.", planned=_LIVE),
)
# fmt: on

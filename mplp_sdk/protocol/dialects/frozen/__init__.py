"""The protocol's own later line, "MPLP v1.0.0 frozen": closed objects that other MPLP tools read.

    from mplp_sdk.protocol.dialects import convert, frozen

    convert(plan, to="frozen").object                          one object
    frozen.export_run(context, plans, confirmations, spans)    a whole run
    frozen.schema("plan")                                      the JSON Schema, draft-07

Spec: protocol §9.
"""

from mplp_sdk.protocol.dialects.frozen._ids import v4
from mplp_sdk.protocol.dialects.frozen._objects import schema
from mplp_sdk.protocol.dialects.frozen._run import ExportedRun, export_run

__all__ = ["ExportedRun", "export_run", "schema", "v4"]

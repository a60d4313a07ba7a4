"""Recording: what agents do, as MPLP objects, on disk at once and on the server soon.

    recorder = Recorder()                      # MPLP_BASE_URL, MPLP_HOME, … or arguments
    with recorder.start_run("answer", input=question) as run:
        with run.start_span("search", input=query) as span:
            span.end(output=search(query))

`Recorder.record` keeps single objects; `Run`, `OpenSpan`, `LivePlan` and `OpenConfirmation` make them.
`mplp_sdk.recording.spool` reads what waits on disk, and `drain` delivers it.
"""

from mplp_sdk.recording._confirmation import OpenConfirmation
from mplp_sdk.recording._plan import LivePlan, PlannedDependency, PlannedTask
from mplp_sdk.recording._recorder import Recorder, get_recorder, set_recorder
from mplp_sdk.recording._redaction import Redaction
from mplp_sdk.recording._run import Run
from mplp_sdk.recording._shipper import DrainReport, Transport, drain
from mplp_sdk.recording._snapshot import SnapshotLimits
from mplp_sdk.recording._span import OpenSpan
from mplp_sdk.recording._stats import Stats
from mplp_sdk.recording.spool import SpoolLimits

__all__ = [
    "DrainReport",
    "LivePlan",
    "OpenConfirmation",
    "OpenSpan",
    "PlannedDependency",
    "PlannedTask",
    "Recorder",
    "Redaction",
    "Run",
    "SnapshotLimits",
    "SpoolLimits",
    "Stats",
    "Transport",
    "drain",
    "get_recorder",
    "set_recorder",
]

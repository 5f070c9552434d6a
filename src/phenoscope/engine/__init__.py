"""The only place with processes, devices and clocks: run a phenomenon, load what was run."""

from phenoscope.engine.diagnosing import Diagnosis, Unjudged, diagnose
from phenoscope.engine.executor import Executor, Local, Serial
from phenoscope.engine.measuring import measure
from phenoscope.engine.readings import Line, Panel
from phenoscope.engine.run import resume, run

__all__ = [
    "Diagnosis",
    "Executor",
    "Line",
    "Local",
    "Panel",
    "Serial",
    "Unjudged",
    "diagnose",
    "measure",
    "resume",
    "run",
]

"""Members and experiments as folders: writing, finding, reading."""

from phenoscope.store.experiment import ArmResult, Experiment
from phenoscope.store.experiments import find_experiment, read_experiment, write_experiment
from phenoscope.store.files import NewerSchema, read_json, write_json
from phenoscope.store.journal import Journal, read_journal
from phenoscope.store.loading import Member, load
from phenoscope.store.members import (
    KeptPoint,
    MemberFolder,
    finished,
    member_seconds,
    read_member,
    read_point,
    read_points,
    rule_name,
)
from phenoscope.store.pairs import read_pairs, write_pairs
from phenoscope.store.survey import SingleRun, Survey, Unreadable, read_single, survey
from phenoscope.store.watched import (
    DEPARTURE,
    DIAGNOSIS,
    RATE,
    WatchedFolder,
    is_watched,
    last_step,
    read_diagnosis,
    read_watched,
)

__all__ = [
    "DEPARTURE",
    "DIAGNOSIS",
    "RATE",
    "ArmResult",
    "Experiment",
    "Journal",
    "KeptPoint",
    "Member",
    "MemberFolder",
    "NewerSchema",
    "SingleRun",
    "Survey",
    "Unreadable",
    "WatchedFolder",
    "find_experiment",
    "finished",
    "is_watched",
    "last_step",
    "load",
    "member_seconds",
    "read_diagnosis",
    "read_experiment",
    "read_journal",
    "read_json",
    "read_member",
    "read_pairs",
    "read_point",
    "read_points",
    "read_single",
    "read_watched",
    "rule_name",
    "survey",
    "write_experiment",
    "write_json",
    "write_pairs",
]

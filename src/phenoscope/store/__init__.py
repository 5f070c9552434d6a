"""Members and experiments as folders: writing, finding, reading."""

from phenoscope.store.asked import Asked, find_asked, read_asked, write_asked
from phenoscope.store.checkpoints import (
    Checkpoint,
    Maker,
    checkpoint_step,
    read_checkpoint,
    remove_checkpoint,
    write_checkpoint,
)
from phenoscope.store.experiment import ArmResult, Experiment
from phenoscope.store.experiments import REQUEST, find_experiment, read_experiment, write_experiment
from phenoscope.store.files import NewerSchema, read_json, swept, write_json
from phenoscope.store.journal import Journal, read_journal
from phenoscope.store.loading import Member, load
from phenoscope.store.locks import awaited, held, locked
from phenoscope.store.members import (
    POINTS,
    KeptPoint,
    MemberFolder,
    cohort_of,
    finished,
    journal_bytes,
    leftovers,
    member_seconds,
    read_member,
    read_point,
    read_points,
    rule_name,
    tidied,
)
from phenoscope.store.pairs import read_pairs, write_pairs
from phenoscope.store.survey import SingleRun, Survey, Unreadable, read_single, survey
from phenoscope.store.watched import (
    DEPARTURE,
    DIAGNOSIS,
    FULL_BATCH,
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
    "FULL_BATCH",
    "POINTS",
    "RATE",
    "REQUEST",
    "ArmResult",
    "Asked",
    "Checkpoint",
    "Experiment",
    "Journal",
    "KeptPoint",
    "Maker",
    "Member",
    "MemberFolder",
    "NewerSchema",
    "SingleRun",
    "Survey",
    "Unreadable",
    "WatchedFolder",
    "awaited",
    "checkpoint_step",
    "cohort_of",
    "find_asked",
    "find_experiment",
    "finished",
    "held",
    "is_watched",
    "journal_bytes",
    "last_step",
    "leftovers",
    "load",
    "locked",
    "member_seconds",
    "read_asked",
    "read_checkpoint",
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
    "remove_checkpoint",
    "rule_name",
    "survey",
    "swept",
    "tidied",
    "write_asked",
    "write_checkpoint",
    "write_experiment",
    "write_json",
    "write_pairs",
]

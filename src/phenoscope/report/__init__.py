"""Reports: verdicts and panels as a page, as figures and as text; nothing here computes a measurement."""

from phenoscope.report.comparison import print_comparison, write_comparison
from phenoscope.report.diagnosis import print_diagnosis
from phenoscope.report.falsification import Falsification, falsification_json, falsifications, is_plain
from phenoscope.report.figures import data_csv, draw
from phenoscope.report.page import write_page
from phenoscope.report.rows import outcome_counts
from phenoscope.report.site import Site, write_report, write_site
from phenoscope.report.standalone import write_figure
from phenoscope.report.strips import interval_strip
from phenoscope.report.survival import Survival, survival_rows, survivals
from phenoscope.report.text import markdown_table, print_verdicts, verdict_table
from phenoscope.report.words import tally

__all__ = [
    "Falsification",
    "Site",
    "Survival",
    "data_csv",
    "draw",
    "falsification_json",
    "falsifications",
    "interval_strip",
    "is_plain",
    "markdown_table",
    "outcome_counts",
    "print_comparison",
    "print_diagnosis",
    "print_verdicts",
    "survival_rows",
    "survivals",
    "tally",
    "verdict_table",
    "write_comparison",
    "write_figure",
    "write_page",
    "write_report",
    "write_site",
]

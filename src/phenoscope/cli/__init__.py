"""The command: a few lines for each verb; errors become one sentence and exit code 1."""

from phenoscope.cli.main import main

__all__ = ["main"]

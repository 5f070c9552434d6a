"""Watching somebody's own training loop: nothing in it changes but one `with`."""

from phenoscope.watching.effective import preconditioned
from phenoscope.watching.listening import Watch, WatchStopped
from phenoscope.watching.starting import DEFAULT, watch

__all__ = ["DEFAULT", "Watch", "WatchStopped", "preconditioned", "watch"]

"""What everything else stands on: errors, specs and their ids, random streams, flat points."""

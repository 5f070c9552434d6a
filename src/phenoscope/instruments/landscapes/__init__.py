"""The loss away from the point: along lines and paths, over planes, inside of simplexes."""

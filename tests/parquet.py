"""Parquet files as an earlier version wrote them, and as no reader survives them."""

from phenoscope.store.seals import MARK


def unsealed(content: bytes) -> bytes:
    """The file as an earlier version wrote it."""
    start, _, end = content.rpartition(MARK)
    return start + end[64:]


def deadly(content: bytes) -> bytes:
    """The same with a page of -n values: a header's number is a zigzag varint, so its lowest bit is its sign.

    The header of a page of data holds a structure (0x2c: its fifth field) whose first field (0x15: an i32) counts the
    values.
    """
    place = content.index(b"\x2c\x15") + 2
    assert not content[place] & 1
    return content[:place] + bytes([content[place] | 1]) + content[place + 1 :]

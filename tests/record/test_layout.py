"""The sizes and offsets of docs/recorder.md."""

import mmap

from obsv.record import layout
from obsv.record.about import About, boot_id, process_start


def test_fixed_parts_are_as_long_as_specified():
    """A reader of another version would lose its place."""
    assert layout.HEAD_SIZES == {1: 72, 2: 32, 3: 80, 4: 16, 5: 16, 6: 24}
    assert (layout.READ_BEGIN.size, layout.READ_END.size, layout.READ_CALL.size) == (72, 32, 80)


def test_ids_are_slices_of_a_record():
    """The store keeps ids as bytes, so readers need no numbers."""
    head = layout.BEGIN_HEAD.pack(72, 1, 1, 3, 1, 7, 1 << 63, 2, 3, 4, 5, 6, 7, 8, 0)
    assert layout.READ_BEGIN.unpack(head)[6:9] == (
        ((1 << 127) + 2).to_bytes(16, "big"),
        (3).to_bytes(8, "big"),
        (4).to_bytes(8, "big"),
    )
    assert head[16:32] == layout.READ_BEGIN.unpack(head)[6]


def test_a_position_only_grows():
    """The next segment's first offset is behind everything in this one."""
    assert layout.position(3, 64) > layout.position(2, layout.MAX_SEGMENT)
    assert layout.place(layout.position(7, 4_711)) == (7, 4_711)


def test_about_says_who_records():
    """The page identifies a running process, distinct from another with its ID."""
    about = About(mmap.mmap(-1, layout.PAGE))
    assert not about.is_ours
    about.fill(-5)
    assert about.is_ours
    assert (about.offset, about.boot_id, about.process_start) == (-5, boot_id(), process_start())
    about.calls_position = 1 << 40
    assert about.calls_position == 1 << 40

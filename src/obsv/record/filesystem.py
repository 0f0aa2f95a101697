"""File systems on which a mapped file is not shared memory."""

import os
from pathlib import Path

# The keeper may run on another machine than the program, and a mapping is local to a machine.
_NETWORK = frozenset(
    (
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "ncpfs",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "beegfs",
        "gfs2",
        "ocfs2",
        "9p",
    )
)
_MOUNTS = Path("/proc/self/mountinfo")


def refuse_network(directory: Path) -> None:
    """Check that a directory is on a local file system, as far as the system says.

    Raises:
        OSError: it is on a network file system.
    """
    kind = _kind(os.path.realpath(directory))
    if kind in _NETWORK:
        raise OSError(f"{directory} is on a network file system ({kind})")


def _kind(path: str) -> str:
    """Return the type of the file system at a path; "" if unknown."""
    try:
        lines = _MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    found, kind = "", ""
    for line in lines:
        front, _, back = line.partition(" - ")
        fields = front.split(" ")
        if len(fields) < 5 or not back:
            continue
        place = fields[4].replace("\\040", " ")
        # The longest match wins; of equal ones, the last covers the others.
        if len(place) >= len(found) and (path == place or path.startswith(place.rstrip("/") + "/")):
            found, kind = place, back.split(" ")[0]
    return kind

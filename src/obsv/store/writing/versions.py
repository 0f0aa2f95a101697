"""The version of a service that made a call, in the order in which this file first saw the versions.

A service states it itself (`service.version`), or it is the commit of its checked-out sources. Otherwise two programs
have the same version if no function that both have called has different source. That becomes known only call by call,
so a program may be counted as the previous version until it calls the first changed function.
"""

from __future__ import annotations

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from obsv.store.ground import Signature, Source, attributes_of
from obsv.work_tree import WorkTree, work_tree

VERSION, COMMIT, CODE = "version", "commit", "code"
_MOST_CHARS = 200
_MOST_PROGRAMS = 1_000
_MOST_FUNCTIONS = 5_000
# The sources of this many versions of a service are remembered; going back to an older one is a new version.
KNOWN_VERSIONS = 20
_AMBIGUOUS = b""

_UPSERT = """
insert into version(service, name, kind, first_ns, last_ns) values (?, ?, ?, ?, ?)
on conflict(service, name) do update set first_ns = min(first_ns, excluded.first_ns),
  last_ns = max(last_ns, excluded.last_ns) returning id
"""
_TOUCH = "update version set first_ns = min(first_ns, ?), last_ns = max(last_ns, ?) where id = ?"
# Stands for no function with different known source.
_SAME = """
select v.id from version v where v.service = :service and v.kind = :kind and v.name glob :base
  and exists (select 1 from version_code c where c.version_id = v.id)
  and not exists (select 1 from json_each(:names) j join version_code c on c.version_id = v.id and c.name = j.key
    where hex(c.digest) <> j.value and c.digest <> x'' and j.value <> '')
order by v.id = :now desc, v.last_ns desc limit 1
"""
_KNOW = """
insert into version_code(version_id, name, digest) values (?, ?, ?)
on conflict do update set digest = iif(excluded.digest = x'', x'', digest)
"""
_FORGET = """
delete from version_code where version_id in (
  select id from version v where service = ? and exists (select 1 from version_code c where c.version_id = v.id)
  order by last_ns desc limit -1 offset ?)
"""
# By the semantic conventions; the first one present decides.
_ATTRIBUTES = (("service.version", VERSION), ("vcs.ref.head.revision", COMMIT))


class Unversioned(NamedTuple):
    """Functions that a program had not called before, and when they first ran."""

    source: Source
    signatures: Sequence[Signature]
    start_ns: int


class _Place(NamedTuple):
    digest: bytes
    file: str
    first: int
    last: int

    def is_beside(self, other: _Place) -> bool:
        """Return whether both are in one file, one below the other: then they are two functions, not two versions."""
        return self.file == other.file and (self.last < other.first or other.last < self.first)


class _Program:
    """The data about one recording process."""

    __slots__ = ("began_ns", "is_clean", "is_named", "names", "seen", "tree", "version")

    def __init__(self, source: Source) -> None:
        self.is_named = _named(source.resource) is not None
        self.seen: set[Signature] = set()
        self.names: dict[str, _Place] = {}
        self.tree: WorkTree | None = None
        self.is_clean = True
        self.version = 0
        self.began_ns = 0  # or when it defined a function anew


class Versions:
    """The versions of the programs that write to a file."""

    def __init__(self) -> None:
        self._programs: OrderedDict[Source, _Program] = OrderedDict()

    def new(self, groups: Iterable[tuple[Signature, Sequence[Source], Sequence[int]]]) -> list[Unversioned]:
        """Return the parts of a batch that may determine a version and have not been examined.

        Args:
            groups: signatures, with origin and start of each of their calls.
        """
        found: dict[Source, tuple[list[Signature], int]] = {}
        for signature, sources, starts in groups:
            if signature.code is None or not signature.code.source_text:
                continue
            for source in {sources[0], sources[-1]} if not sources[0].received else set(sources):
                program = self._programs.get(source)
                if program is not None and (program.is_named or signature in program.seen):
                    continue
                known = found.get(source)
                found[source] = ([signature], min(starts)) if known is None else (known[0] + [signature], known[1])
        return [Unversioned(source, *what) for source, what in found.items()]

    def learn(
        self, connection: sqlite3.Connection, new: Iterable[Unversioned], began: Callable[[Source], int], now_ns: int
    ) -> dict[Source, int]:
        """The versions of programs by their sources, in the transaction that is open.

        Args:
            connection: of the file.
            new: functions that were called for the first time.
            began: when a program began, as far as is known, Unix time.
            now_ns: Unix time.
        """
        found = {}
        for source, signatures, start_ns in new:
            program = self._programs.get(source) or _Program(source)
            self._programs[source] = program
            self._programs.move_to_end(source)
            if program.is_named:
                continue
            names = program.names.copy()
            fresh, is_anew = _learned(program, signatures)
            if is_anew:
                program.began_ns = start_ns
            elif not program.version or began(source) < program.began_ns:
                program.began_ns = began(source)
            if not source.received:
                _look_at_files(program, signatures, start_ns)
            if fresh or not program.version or names != program.names:
                times = program.began_ns, now_ns
                found[source] = program.version = _version_of(connection, source, program, fresh, times)
        while len(self._programs) > _MOST_PROGRAMS:
            self._programs.popitem(last=False)
        return found

    def of(self, connection: sqlite3.Connection, source: Source, began: Callable[[Source], int], now_ns: int) -> int:
        """Return the version that a program names, or had; 0 if unknown. In the open transaction."""
        named = _named(source.resource)
        if named is not None:
            return _upserted(connection, source.service, *named, (began(source), now_ns))
        program = self._programs.get(source)
        if program is None or not program.version:
            return 0
        connection.execute(_TOUCH, (program.began_ns, now_ns, program.version))
        return program.version

    def forget(self) -> None:
        """Forget everything: the results have not been stored."""
        self._programs.clear()


def _named(resource: str) -> tuple[str, str] | None:
    if not any(f'"{key}"' in resource for key, _ in _ATTRIBUTES):
        return None
    values = attributes_of(resource)
    for key, kind in _ATTRIBUTES:
        if values.get(key) is not None and str(values[key]).strip():
            return str(values[key]).strip()[:_MOST_CHARS], kind
    return None


def _learned(program: _Program, signatures: Iterable[Signature]) -> tuple[dict[str, bytes], bool]:
    """Remember the sources of functions; returns those that were new, by name, and whether one was defined anew."""
    fresh: dict[str, bytes] = {}
    is_anew = False
    for signature in signatures:
        program.seen.add(signature)
        # Many functions may have such a name, and which one is called first is arbitrary.
        if signature.code is None or "<" in signature.name or len(program.names) >= _MOST_FUNCTIONS:
            continue
        path, first, text = signature.code
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        place = _Place(digest, path, first, first + max(0, len(text.splitlines()) - 1))
        known = program.names.get(signature.name)
        if known is not None and known.digest in (digest, _AMBIGUOUS):
            continue
        if known is not None and known.is_beside(place):
            place = place._replace(digest=_AMBIGUOUS)
        elif known is not None:
            is_anew = True
        program.names[signature.name] = place
        fresh[signature.name] = place.digest
    return fresh, is_anew


def _look_at_files(program: _Program, signatures: Iterable[Signature], start_ns: int) -> None:
    for path in {each.code.file_path for each in signatures if each.code is not None}:
        tree = work_tree(path, program.tree)
        program.tree = program.tree or tree
        if tree is not None and tree is program.tree and tree.is_clean(path, start_ns) is False:
            program.is_clean = False


def _version_of(
    connection: sqlite3.Connection, source: Source, program: _Program, fresh: dict[str, bytes], times: tuple[int, int]
) -> int:
    commit = "" if program.tree is None else program.tree.commit[:12]
    if commit and program.is_clean:
        return _upserted(connection, source.service, commit, COMMIT, times)
    kind, base = (COMMIT, f"{commit}+*") if commit else (CODE, "*")
    all_names = {name: place.digest for name, place in program.names.items()}
    if not all_names:
        return program.version
    asked = {"service": source.service, "kind": kind, "base": base, "now": program.version}
    row = connection.execute(_SAME, {**asked, "names": _hex(all_names)}).fetchone()
    if row is None:
        name = blake2b(_hex(dict(sorted(all_names.items()))).encode(), digest_size=4).hexdigest()
        found = _upserted(connection, source.service, f"{commit}+{name}" if commit else name, kind, times)
        fresh = all_names
        connection.execute(_FORGET, (source.service, KNOWN_VERSIONS - 1))
    else:
        found = int(row[0])
        connection.execute(_TOUCH, (*times, found))
        fresh = fresh if found == program.version else all_names
    connection.executemany(_KNOW, [(found, name, digest) for name, digest in fresh.items()])
    return found


def _hex(names: dict[str, bytes]) -> str:
    return json.dumps({name: digest.hex().upper() for name, digest in names.items()})


def _upserted(connection: sqlite3.Connection, service: str, name: str, kind: str, times: tuple[int, int]) -> int:
    row = connection.execute(_UPSERT, (service, name, kind, *times)).fetchall()
    return int(row[0][0])

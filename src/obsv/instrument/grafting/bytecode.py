"""CPython's bytecode, decoded and encoded: instructions, jumps, the tables of lines and of exceptions.

For 3.11 to 3.14, whose code objects share a layout: jumps are relative and counted in units of two bytes, caches follow
their instruction, and handlers are in a table beside the code (Objects/exception_handling_notes.txt), as are source
positions (Objects/locations.md).
"""

import dis
import opcode
from bisect import bisect_left
from collections.abc import Iterator
from types import CodeType
from typing import Any, NamedTuple

_EXTENDED_ARG = dis.EXTENDED_ARG
_caches: Any = getattr(opcode, "_inline_cache_entries", {})
_JUMPS = frozenset(dis.hasjrel)
_BACKWARD = frozenset(op for op in _JUMPS if "BACKWARD" in dis.opname[op])


def caches_of(op: int) -> int:
    """Return the number of cache units after an instruction."""
    # 3.13 has them by name, and only for instructions that have some.
    return int(_caches.get(dis.opname[op], 0) if isinstance(_caches, dict) else _caches[op])


class Instruction:
    """One instruction.

    Args:
        op: its number.
        arg: its argument; for a jump it is computed from `target` when encoding.
        target: the target instruction of a jump.

    Attributes:
        offset: its position in units, after encoding.
        guard: its exception handler.
    """

    __slots__ = ("arg", "guard", "offset", "op", "target")

    def __init__(self, op: int, arg: int = 0, target: "Instruction | None" = None) -> None:
        self.op, self.arg, self.target = op, arg, target
        self.offset = 0
        self.guard: Guard | None = None

    def units(self) -> int:
        """Return its size in units, including the prefixes of a large argument and its caches."""
        return 1 + (self.arg > 0xFF) + (self.arg > 0xFFFF) + (self.arg > 0xFFFFFF) + caches_of(self.op)

    def emit(self, out: bytearray) -> None:
        for shift in (24, 16, 8):
            if self.arg >> shift:
                out += bytes((_EXTENDED_ARG, self.arg >> shift & 0xFF))
        out += bytes((self.op, self.arg & 0xFF)) + bytes(2 * caches_of(self.op))


def make(name: str, arg: int = 0, target: Instruction | None = None) -> Instruction:
    """Return an instruction by its name."""
    return Instruction(dis.opmap[name], arg, target)


def decode(code: CodeType) -> tuple[list[Instruction], dict[int, Instruction]]:
    """Return a code's instructions, and each by its first unit, including prefixes."""
    instructions: list[Instruction] = []
    by_unit: dict[int, Instruction] = {}
    jumps: list[tuple[Instruction, int]] = []
    units = code.co_code
    position = arg = 0
    start = 0
    while position < len(units) // 2:
        op, arg = units[2 * position], arg << 8 | units[2 * position + 1]
        position += 1
        if op == _EXTENDED_ARG:
            continue
        instruction = Instruction(op, arg)
        by_unit[start] = instruction
        position += caches_of(op)
        if op in _JUMPS:
            jumps.append((instruction, position - arg if op in _BACKWARD else position + arg))
        instructions.append(instruction)
        start, arg = position, 0
    for jump, unit in jumps:
        jump.target = by_unit[unit]
    return instructions, by_unit


def encode(instructions: list[Instruction]) -> bytes:
    """Return the bytes of instructions; set the offset of each, in units."""
    has_grown = True
    while has_grown:
        position = 0
        for each in instructions:
            each.offset = position
            position += each.units()
        has_grown = _aim(instructions)
    out = bytearray()
    for each in instructions:
        each.emit(out)
    return bytes(out)


def _aim(instructions: list[Instruction]) -> bool:
    """Set the arguments of jumps; return True if one takes more units than before, so that all offsets change.

    This terminates: instructions are only inserted between others, so that distances grow.
    """
    has_grown = False
    for each in instructions:
        if each.target is not None:
            units = each.units()
            each.arg = abs(each.target.offset - (each.offset + units))
            has_grown = has_grown or each.units() != units
    return has_grown


class Guard(NamedTuple):
    """An entry of the exception table.

    Args:
        handler: where execution continues after an exception.
        depth: number of values that stay on the stack.
        lasti: whether the position of the raising instruction is pushed.
    """

    handler: Instruction
    depth: int
    lasti: bool


def read_guards(code: CodeType, instructions: list[Instruction], by_unit: dict[int, Instruction]) -> None:
    """Give each instruction its guard from the exception table."""
    starts = sorted(by_unit)
    numbers = _read_varints(code.co_exceptiontable)
    for start in numbers:
        length, target, depth = next(numbers), next(numbers), next(numbers)
        guard = Guard(by_unit[target], depth >> 1, bool(depth & 1))
        first, last = bisect_left(starts, start), bisect_left(starts, start + length)
        for each in instructions[first:last]:
            each.guard = guard


def write_guards(instructions: list[Instruction], total: int) -> bytes:
    """Return the exception table, after `encode` has set the offsets.

    Args:
        total: the length of the code in units.
    """
    out = bytearray()
    start, guard = 0, None
    for offset, following in (*((each.offset, each.guard) for each in instructions), (total, None)):
        if following != guard:
            if guard is not None:
                _write_guard(out, start, offset - start, guard)
            start, guard = offset, following
    return bytes(out)


def _write_guard(out: bytearray, start: int, length: int, guard: Guard) -> None:
    first = len(out)
    for number in (start, length, guard.handler.offset, guard.depth << 1 | guard.lasti):
        _write_varint(out, number)
    out[first] |= 0x80


def _read_varints(table: bytes) -> Iterator[int]:
    numbers = iter(table)
    for byte in numbers:
        value = byte & 0x3F
        while byte & 0x40:
            byte = next(numbers)
            value = value << 6 | byte & 0x3F
        yield value


def _write_varint(out: bytearray, value: int) -> None:
    shift = 24
    while shift and not value >> shift:
        shift -= 6
    while shift:
        out.append(value >> shift & 0x3F | 0x40)
        shift -= 6
    out.append(value & 0x3F)


def move_lines(
    code: CodeType, by_unit: dict[int, Instruction], nowhere: tuple[int, int], end: int, total: int
) -> bytes:
    """Return the table of positions, after `encode` has set the offsets: inserted instructions have the preceding
    position.

    Args:
        nowhere: the range of units without a position: tracing reports no line there.
        end: the new end of the old code; everything after it has no position either.
        total: the length of the code in units.
    """
    out = bytearray()
    moved = [*_moved(by_unit, len(code.co_code) // 2), end]
    begin = old = 0
    for kind, payload, units in _positions(code.co_linetable):
        old += units
        until = moved[old]
        if begin <= nowhere[0] < until:
            _write_position(out, kind, payload, nowhere[0] - begin)
            _write_position(out, _NOWHERE, b"", nowhere[1] - nowhere[0])
            begin = nowhere[1]
        _write_position(out, kind, payload, until - begin)
        begin = until
    _write_position(out, _NOWHERE, b"", total - end)
    return bytes(out)


def _moved(by_unit: dict[int, Instruction], total: int) -> Iterator[int]:
    """Yield the new position of each unit; an entry for more than 8 units may end within an instruction."""
    offset = 0
    for unit in range(total):
        offset = by_unit[unit].offset if unit in by_unit else offset + 1
        yield offset


# Kinds of entries in the table of positions: up to 9 the line is unchanged, from 10 to 12 it is 0 to 2 more.
_ONE_LINE, _NO_COLUMNS, _LONG, _NOWHERE = 10, 13, 14, 15


def _positions(table: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield the entries of a table of positions: kind, the bytes after its first, and its number of units."""
    start = 0
    for index in range(1, len(table) + 1):
        if index == len(table) or table[index] & 0x80:
            first = table[start]
            yield first >> 3 & 0x0F, table[start + 1 : index], (first & 7) + 1
            start = index


def _write_position(out: bytearray, kind: int, payload: bytes, units: int) -> None:
    """Write an entry, as several if it is for more than 8 units: those after the first stay on its line."""
    while units > 0:
        length = min(units, 8)
        out.append(0x80 | kind << 3 | length - 1)
        out += payload
        units -= length
        if _ONE_LINE <= kind < _NO_COLUMNS:
            kind = _ONE_LINE
        elif kind in (_NO_COLUMNS, _LONG):
            payload = b"\0" + payload[_length_of_number(payload) :]


def _length_of_number(payload: bytes) -> int:
    length = 1
    while payload[length - 1] & 0x40:
        length += 1
    return length

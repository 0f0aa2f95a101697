"""The forms that values had, on their way into the file: a row for each that is new, none for what is known.

All values of a variable that has few are looked at, of others a few, later one in some batches, and all for None: a
form that is rare may be seen late. To look at all of them would take a tenth of the time of writing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from obsv.store.ground import MANY, MOST_VALUES, VALUE, Rollups, form_of, value_form

# Kind of rows of the view `rollup`.
FORM = 9
_WRITE = """
insert into value_form(process_id, name, data_type, form, first_ns) values (new.a, new.b, new.c, new.d, new.e)
on conflict do update set first_ns = min(first_ns, excluded.first_ns)
"""
_KNOWN = """
select j.key, f.form from json_each(:keys) j
join value_form f on f.process_id = j.value ->> 0 and f.name = j.value ->> 1 and f.data_type = j.value ->> 2
"""
# A variable of many values: so many of a batch, until so many batches have been looked at, then one of each fourth.
_MOST_LOOKED_AT, _SETTLED, _EVERY = 16, 32, 4
_MOST_TEXTS = 64
_MOST_FORMS = 40
_MOST_VARIABLES = 20_000
_NONES = ("None", None)

Key = tuple[int, str, str]


class _Variable:
    """A known variable. `texts`: values with known forms; `forms`: the stored forms."""

    __slots__ = ("forms", "looks", "texts", "values")

    def __init__(self) -> None:
        self.texts: set[Any] = set()
        self.forms: set[str] = set()
        self.values = self.looks = 0

    @property
    def is_full(self) -> bool:
        return len(self.forms) >= _MOST_FORMS

    def unknown(self, values: Sequence[Any], *, has_none: bool) -> Iterable[Any]:
        """Values of a batch that may be of a new form; `has_none`: None may be among them."""
        if self.values <= MOST_VALUES:
            return set(values).difference(self.texts)
        if self.is_full:
            return ()
        self.looks += 1
        found = [none for none in _NONES if none not in self.texts and none in values] if has_none else []
        if self.looks <= _SETTLED:
            return set(found).union(values[:: len(values) // _MOST_LOOKED_AT + 1]).difference(self.texts)
        if self.looks % _EVERY == 0 and values[-1] not in self.texts:
            found.append(values[-1])
        return found

    def add(self, value: Any) -> list[str]:
        """Forms of a value that are new."""
        if len(self.texts) < _MOST_TEXTS:
            self.texts.add(value)
        value = _decoded(value)
        wanted = [form_of(value)]
        if self.values <= MOST_VALUES:
            own = value_form(value)
            wanted.append(MANY if own is None or (own not in self.forms and self.values == MOST_VALUES) else own)
        new = [form for form in wanted if form not in self.forms]
        for form in new:
            self.take(form)
        return new

    def take(self, form: str) -> None:
        """Take a form as known."""
        self.forms.add(form)
        self.values += form.startswith(VALUE)
        if form == MANY:
            self.values = MOST_VALUES + 1


class ValueForms:
    """Remembers the forms that are in a file."""

    def __init__(self) -> None:
        self._variables: dict[Key, _Variable] = {}

    def forget(self) -> None:
        """Forget everything: what was taken for stored is not."""
        self._variables.clear()

    def rows(self, connection: sqlite3.Connection, rollups: Rollups) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Yield the changes by a batch, as kinds and rows, in the open transaction.

        Args:
            connection: of the file.
            rollups: with the columns of values of the batch.
        """
        if len(self._variables) > _MOST_VARIABLES:
            self.forget()
        self._read(connection, list({column.key for column in rollups.columns if column.key not in self._variables}))
        for column in rollups.columns:
            variable = self._variables[column.key]
            for value in variable.unknown(column.values, has_none=column.has_none):
                for form in variable.add(value):
                    yield FORM, (*column.key, form, column.starts[column.values.index(value)])

    def _read(self, connection: sqlite3.Connection, keys: list[Key]) -> None:
        if not keys:
            return
        self._variables.update((key, _Variable()) for key in keys)
        for at, form in connection.execute(_KNOWN, {"keys": json.dumps(keys)}).fetchall():
            self._variables[keys[at]].take(form)


def prepare_forms(connection: sqlite3.Connection) -> None:
    """Let rows of this kind be written to the view `rollup` of this connection."""
    connection.execute(
        f"create temp trigger rollup_{FORM} instead of insert on rollup when new.kind = {FORM} begin {_WRITE}; end"
    )


# Most texts come as they stand in JSON.
def _decoded(value: Any) -> Any:
    if not isinstance(value, str) or "\\" not in value:
        return value
    try:
        return json.loads(f'"{value}"')
    except ValueError:
        return value

"""`obsv.Event`: events with a schema, checked when they are recorded (pydantic, the extra `decisions`)."""

from __future__ import annotations

import re
import sys
from typing import Any, ClassVar, Literal

from obsv.capture import is_from_signal
from obsv.errors import ConfigurationError, InvalidEvent
from obsv.events.emit import emit
from obsv.events.severity import INFO, WARN, name_of, number_of
from obsv.gating import LEAK_NS

try:
    from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
except ImportError as error:
    raise ConfigurationError("Events with a schema need pydantic: pip install 'obsv[decisions]'.") from error

OnInvalid = Literal["record", "raise"]
VIOLATION = "obsv.violation"
"""The name of an event that breaks its schema: a reader of valid ones never meets it."""
_MOST = 50


class Input(BaseModel):
    """A value that was used, and the time as of which it held."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: Any
    as_of: AwareDatetime


class Event(BaseModel):
    """Base of events with a schema; a class is a kind of event, its fields are the attributes.

        class Signal(obsv.Event, version=2):
            symbol: str
            strength: float

        Signal.record(symbol="ETH-USD", strength=0.7, decision_time=now, inputs=[...])

    Times have a time zone. `decision_time` is not after `label_cutoff`, nor before any input's `as_of`.

    Class arguments:
        version: of the schema, kept with each event.
        name: of the event; default: the class's own name in lower case, words separated by points.
        severity: of the events.
        on_invalid: what `record` does with fields that break the schema: "record" stores them as an event named
            `obsv.violation`, of severity WARN, with what is wrong; "raise" raises InvalidEvent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision_time: AwareDatetime | None = None
    label_cutoff: AwareDatetime | None = None
    inputs: tuple[Input, ...] = Field(default=())

    schema_name: ClassVar[str] = "event"
    schema_version: ClassVar[int] = 1
    schema_severity: ClassVar[int] = INFO
    schema_on_invalid: ClassVar[OnInvalid] = "record"

    def __init_subclass__(cls, **_: Any) -> None:
        super().__init_subclass__()  # the arguments are read below, when the fields are known

    @classmethod
    def __pydantic_init_subclass__(
        cls,
        version: int = 1,
        name: str = "",
        severity: int | str = INFO,
        on_invalid: OnInvalid = "record",
        **rest: Any,
    ) -> None:
        super().__pydantic_init_subclass__(**rest)
        cls.schema_name = name or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", ".", cls.__name__).lower()
        cls.schema_version, cls.schema_severity = version, number_of(severity)
        if on_invalid not in ("record", "raise"):
            raise ConfigurationError(f'on_invalid is "record" or "raise", not {on_invalid!r:.100}.')
        cls.schema_on_invalid = on_invalid

    @model_validator(mode="after")
    def _keeps_the_rules_of_time(self) -> Event:
        decided, cutoff = self.decision_time, self.label_cutoff
        if decided is not None and cutoff is not None and cutoff < decided:
            raise ValueError("label_cutoff is before decision_time")
        if decided is not None:
            for each in self.inputs:
                if (each.as_of - decided).total_seconds() > LEAK_NS / 1e9:
                    raise ValueError(f"input {each.name}: as_of is after decision_time")
        return self

    @classmethod
    def record(cls, *, on_invalid: OnInvalid | None = None, **fields: Any) -> Event | None:
        """Check fields and record the event; return it, or None if it broke the schema and was recorded as such.

        Args:
            on_invalid: instead of the class's.
            fields: of the schema.

        Raises:
            InvalidEvent: they break the schema, and `on_invalid` is "raise".
        """
        try:
            event = cls(**fields)
        except ValidationError as error:
            told = [_told(each) for each in error.errors(include_url=False, include_input=False)[:_MOST]]
            if (on_invalid or cls.schema_on_invalid) == "raise":
                raise InvalidEvent(f"{cls.schema_name} is not recorded: {'; '.join(told)}.") from error
            about = {"schema": cls.schema_name, "schema.version": cls.schema_version, "violations": told}
            emit(_caller(), WARN, "WARN", VIOLATION, None, {**about, "fields": fields}.items())
            return None
        event._emit(_caller())
        return event

    def emit(self) -> None:
        """Record an event that was made, and so checked, before."""
        self._emit(_caller())

    def _emit(self, logger: str) -> None:
        severity = self.schema_severity
        about = {**self._dumped(), "schema.version": self.schema_version}
        emit(logger, severity, name_of(severity), self.schema_name, None, about.items())

    def _dumped(self) -> dict[str, Any]:
        try:
            return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        except Exception as error:
            if is_from_signal(error):
                raise
            # JSON has no form for one of the values; what `emit` keeps of them needs none.
            fields = {name: value for name, value in dict(self).items() if value is not None}
            inputs = [dict(each) for each in fields.pop("inputs", ())]
            return {**fields, "inputs": inputs} if inputs else fields


def _caller() -> str:
    return str(sys._getframe(2).f_globals.get("__name__", ""))


def _told(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message

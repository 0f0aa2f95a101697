"""A decision in progress: its inputs, its gates and what came of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any

from obsv.capture import is_from_signal
from obsv.decisions.carrier import carry, frozen, frozen_fields, plain_text
from obsv.decisions.moments import ns_of
from obsv.decisions.policy import Policy
from obsv.decisions.results import OnInvalid, counterfactual, outcome
from obsv.decisions.spans import recorder_of
from obsv.errors import ConfigurationError, InvalidEvent
from obsv.events.emit import current_shown
from obsv.gating import OPERATORS, late_inputs
from obsv.own_time import ticks
from obsv.trace.clock import clock
from obsv.trace.context import SPAN_KEY, get_context
from obsv.trace.failure import freeze
from obsv.trace.ids import new_trace_id

MOST_GATES = MOST_INPUTS = 200
_TEXT_CHARS = 2_000
PASS, BLOCK, ERROR = "pass", "block", "error"


class Decision:
    """A decision: made by `obsv.decide`, used as a context manager, `with` or `async with`.

    Attributes:
        id: 32 hex digits, by which its outcome is told later.
        kind, subject, mode: as given, as texts.
        action: what was done; may be set.
        refused_by: name of the first gate that refused; empty while none has.
    """

    __slots__ = (
        "_actor",
        "_began",
        "_fields",
        "_gates",
        "_inputs",
        "_is_shadow",
        "_left_out",
        "_mark",
        "_offset",
        "_on_invalid",
        "_place",
        "_policy",
        "_shown",
        "_span",
        "_verdict",
        "_violations",
        "action",
        "id",
        "kind",
        "mode",
        "refused_by",
        "subject",
    )

    def __init__(
        self,
        kind: str,
        subject: str,
        mode: str,
        actor: str,
        policy: Policy | None,
        is_shadow: bool,
        on_invalid: OnInvalid,
        fields: Mapping[str, Any],
    ) -> None:
        self.kind, self.subject, self.mode = plain_text(kind), plain_text(subject), plain_text(mode)
        self.id = f"{new_trace_id():032x}"
        self.action = self.refused_by = ""
        self._actor, self._policy, self._is_shadow = plain_text(actor), policy, is_shadow
        self._on_invalid, self._fields = on_invalid, fields
        self._gates: list[tuple[Any, ...]] = []
        self._inputs: list[tuple[str, Any, int | None]] = []
        self._violations: list[str] = []
        self._verdict = ""
        self._left_out = 0
        # By which an input was found to be in time; one that is set back later does not make it late.
        self._offset = -sys.maxsize
        self._place = 0, 0
        self._span: Any = None
        self._shown = current_shown()
        self._began = self._mark = ticks()

    # -- what the program says of it -----------------------------------------------------------------------------------

    @property
    def verdict(self) -> str:
        """Return `pass` or `block`: what was set, else what the gates say."""
        return self._verdict or (BLOCK if self.refused_by else PASS)

    @verdict.setter
    def verdict(self, verdict: str) -> None:
        self._verdict = plain_text(verdict)

    @property
    def passed(self) -> bool:
        """Return whether the verdict is `pass`."""
        return self.verdict == PASS

    def gate(
        self,
        name: str,
        observed: Any,
        op: str | None = None,
        threshold: Any = None,
        *,
        version: str = "",
        text: str = "",
    ) -> bool:
        """Evaluate a gate and keep it; return whether it holds.

        A gate after one that refused is kept as `shadow`: it no longer decides. One that cannot be evaluated refuses.

        Args:
            name: of the gate.
            observed: the value that it looks at.
            op: `<=`, `<`, `>=`, `>`, `==`, `!=`, `in`, `not in` or `between`; left out, operator and threshold are
                those of the policy.
            threshold: what it is compared with; of `between`, `(low, high)`.
            version: of the gate's definition.
            text: template of the explanation; `{observed}`, `{threshold}`, `{op}`, `{gate}`, `{verdict}` are filled in.
        """
        try:
            rule = None
            if op is None:
                assert self._policy is not None, "no policy"  # caught below: the gate refuses
                rule = self._policy.rule(name, self.mode)
                op, threshold, version = rule.op, rule.threshold, version or self._policy.version
            passed = bool(OPERATORS[op](observed, threshold))
            if rule is not None:
                text = text or (rule.passed_text if passed else rule.refused_text)
        except Exception as error:
            if is_from_signal(error):
                raise
            passed = False
            text = f"{{gate}}: {{observed}} {{op}} {{threshold}} cannot be evaluated: {type(error).__name__}"
        self._keep_gate(name, version, observed, op or "", threshold, passed, text)
        return passed

    def evaluate(self, values: Mapping[str, Any]) -> bool:
        """Evaluate the gates of the policy in their order; return whether the verdict is `pass`.

        After a refusal the others are kept as shadows, unless the policy stops there (`short_circuit` without
        `log_all_gates`). A value that is missing refuses.

        Args:
            values: what is observed, by the names of the gates.
        """
        if self._policy is not None:
            for name in self._policy.gates(self.mode):
                self.gate(name, values.get(name))
                if self.refused_by and self._policy.short_circuit and not self._policy.log_all:
                    break
        return self.passed

    def _keep_gate(
        self, name: str, version: str, observed: Any, op: str, threshold: Any, passed: bool, text: str
    ) -> None:
        now = ticks()
        took, self._mark = now - self._mark, now
        if not (type(name) is type(version) is type(op) is type(text) is str):
            name, version, op, text = map(plain_text, (name, version, op, text))
        is_after = self.refused_by != ""
        if not passed and not is_after:
            self.refused_by = name or "?"
        if len(self._gates) >= MOST_GATES:
            self._left_out += 1
            return
        try:
            observed = frozen(name, observed, self._shown)
            if type(threshold) is not float:
                threshold = frozen(name, threshold, self._shown)
            self._gates.append((name, version, observed, op, threshold, passed, is_after, took, text))
        except Exception as error:
            if is_from_signal(error):
                raise
            self._left_out += 1

    def input(self, name: str, value: Any, as_of: datetime | None = None) -> Any:
        """Keep a value that the decision rests on; return the value.

        Args:
            as_of: the time as of which it held, with a time zone; not after the decision.

        Raises:
            InvalidEvent: the time breaks a rule, and the decision was made with `on_invalid="raise"`.
        """
        told: list[str] = []
        name = plain_text(name)
        try:
            as_of_ns = ns_of(f"input {name}: as_of", as_of, told)
            self._mark = ticks()
            if late_inputs(self._mark + clock.offset, ((name, as_of_ns),)):
                clock.calibrate()  # the machine's clock may have been set since it was looked at last
            told += late_inputs(self._mark + clock.offset, ((name, as_of_ns),))
            if as_of_ns is not None and not told:
                self._offset = max(self._offset, clock.offset)
            if len(self._inputs) < MOST_INPUTS:
                self._inputs.append((name, frozen(name, value, self._shown), as_of_ns))
            else:
                self._left_out += 1
        except Exception as error:
            if is_from_signal(error):
                raise
            self._left_out += 1
        if told:
            self._violations += told[: MOST_INPUTS - len(self._violations)]
            if self._on_invalid == "raise":
                raise InvalidEvent(f"Decision {self.kind} rests on what was not known: {'; '.join(told)}.")
        return value

    def outcome(self, **about: Any) -> None:
        """Record how it turned out; see `obsv.outcome`."""
        outcome(self.id, **about)

    def counterfactual(self, method: str, **about: Any) -> None:
        """Record how the other way would have turned out, judged by the policy; see `obsv.counterfactual`."""
        if self._policy is not None:
            about.setdefault("judgement", self._policy.judge(about))
        counterfactual(self.id, method, **about)

    # -- the block -----------------------------------------------------------------------------------------------------

    def __enter__(self) -> Decision:
        self._began = self._mark = ticks()
        self._span = recorder_of(self.kind).begin(self.subject, self.mode)
        span: Any = get_context().get(SPAN_KEY)
        if span is not None:
            try:
                self._place = span.trace_id, span.span_id
            except AttributeError:
                context = span.get_span_context()
                self._place = context.trace_id, context.span_id
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        verdict = self.verdict if error is None else ERROR
        now = ticks()
        if self._mark == self._began:
            self._mark = now
        took = now - self._began
        span, self._span = self._span, None
        if span is not None:
            recorder = recorder_of(self.kind)
            if error is None:
                recorder.finish(span, verdict)
            else:
                recorder.fail(span, error)
        try:
            self._carry(verdict, took, error)
        except Exception as problem:
            if is_from_signal(problem):
                raise

    def _carry(self, verdict: str, took: int, error: BaseException | None) -> None:
        more: tuple[tuple[str, Any], ...] = ()
        if error is not None:
            name, message, *_ = freeze(error, None)
            more = (("exception", self._shown.redactor.redact_text(f"{name}: {message}"[:_TEXT_CHARS])),)
        if self._fields or self._left_out:
            fields = frozen_fields(self._fields, self._shown)
            if self._left_out:
                fields["obsv.left_out"] = self._left_out
            more = (*more, ("fields", fields))
        if self._violations:
            more = (*more, ("violations", tuple(self._violations)))
        if self._inputs:
            more = (*more, ("inputs", tuple(self._inputs)))
        attributes = (
            ("id", self.id),
            ("kind", plain_text(self.kind)),
            ("subject", plain_text(self.subject)),
            ("mode", plain_text(self.mode)),
            ("verdict", verdict),
            ("action", plain_text(self.action)),
            ("actor", self._actor),
            ("policy", self._policy.id if self._policy is not None else ""),
            ("shadow", self._is_shadow),
            ("refused_by", self.refused_by),
            ("duration_ns", took),
            ("gates", tuple(self._gates)),
            *more,
        )
        carry("obsv.decision", attributes, self._mark + max(self._offset, clock.offset), self._place)

    async def __aenter__(self) -> Decision:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, frames)


def decide(
    kind: str,
    /,
    subject: str = "",
    mode: str = "",
    *,
    actor: str = "",
    policy: Policy | None = None,
    shadow: bool = False,
    on_invalid: OnInvalid = "record",
    **fields: Any,
) -> Decision:
    """Begin a decision, a span whose gates, inputs and verdict are kept for 90 days.

        with obsv.decide("entry", subject="ETH-USD", mode="scalp") as d:
            d.gate("spread", spread_bps, "<=", 5.0)
            if d.passed:
                d.action = "enter"

    It is a row of the view `decision`, each gate one of `gate_result`; nothing of it is dropped under load. Its time
    is that of its last gate or input.

    Args:
        kind: of decision; its process is `decision.<kind>`. `entry` and `trade` are trades in the views.
        subject: about what is decided.
        mode: the context, by which policies have different thresholds.
        actor: ID of the artifact that decides: a model, a configuration.
        policy: the rules of its gates, from `obsv.load_gates`.
        shadow: it is made for comparison and not acted upon.
        on_invalid: "record" stores a violated rule of time with the decision, "raise" raises InvalidEvent.
        fields: further values; the views of trades read `side`, `quantity` and `price`.

    Raises:
        ConfigurationError: the kind is not a text or empty, or `on_invalid` is neither.
    """
    if not isinstance(kind, str) or not kind:
        raise ConfigurationError(f"decide takes the kind of the decision first, a text, not {kind!r:.100}.")
    if on_invalid not in ("record", "raise"):
        raise ConfigurationError(f'on_invalid is "record" or "raise", not {on_invalid!r:.100}.')
    return Decision(kind, subject, mode, actor, policy, shadow, on_invalid, fields)

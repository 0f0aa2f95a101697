"""Spans in Jaeger's words."""

import json
from typing import Any

import pytest

from obsv.api.jaeger.form import _plain
from obsv.wire.plan import resource_of


@pytest.mark.parametrize("number", [0, -5, 2**53 - 1, -(2**53) + 1])
def test_numbers_that_javascript_knows(number: int) -> None:
    """Are numbers."""
    assert _plain({"intValue": str(number)}) == ("int64", number)


@pytest.mark.parametrize("number", [2**53, 2**63 - 1, -(2**63)])
def test_numbers_that_javascript_would_round(number: int) -> None:
    """Are texts, of the same type, as Jaeger sends them."""
    assert _plain({"intValue": str(number)}) == ("int64", str(number))


@pytest.mark.parametrize("value", [{"stringValue": ""}, {"intValue": "5"}, {"boolValue": True}, {}])
def test_names_of_services_that_are_none(value: dict[str, Any]) -> None:
    """The resource says what the service is called everywhere else."""
    pairs = [{"key": "a", "value": {"intValue": "1"}}, {"key": "service.name", "value": value}]
    service, text = resource_of({"attributes": pairs}, json.dumps)
    assert service == "unknown_service"
    assert json.loads(text)["attributes"] == [pairs[0], {"key": "service.name", "value": {"stringValue": service}}]

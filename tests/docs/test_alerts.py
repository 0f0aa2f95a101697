"""The page on alerts: its examples are read, and all kinds, types and keys are in it."""

import re
from pathlib import Path

import pytest

from obsv.alerts import parse
from obsv.alerts.kinds import ALERTS, COMMON, KINDS, RECEIVER, SLO, TYPES

PAGE = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text()
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_files_of_rules(example: str) -> None:
    config = parse(example)
    assert config.rules or len(config.notifiers) > 1


def test_every_kind_type_and_key_is_named() -> None:
    for name in (*KINDS, *TYPES, *COMMON, *ALERTS, *RECEIVER, *SLO):
        assert re.search(rf"\b{name}\b", PAGE), name
    for kind in (*KINDS.values(), *TYPES.values()):
        for name in kind.keys:
            assert f"`{name}`" in PAGE, name

"""`ai_routing.yaml`: which language models may phrase a report, by task and cost."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

from obsv.errors import ConfigurationError
from obsv.own_files import read_settings

FILE_NAME = "ai_routing.yaml"
_EXAMPLE = "docs/reports.md has an example"


class Route(NamedTuple):
    """A language model.

    Attributes:
        name: its name in the file.
        url: address of an OpenAI-compatible API: `http://127.0.0.1:11434/v1`.
        model: name of the model there.
        key_env: name of the variable with the key; empty for none.
        cost: of a million tokens, in any one currency.
        timeout_s: seconds for an answer.
    """

    name: str
    url: str
    model: str
    key_env: str = ""
    cost: float = 0.0
    timeout_s: float = 30.0


def routes(path: Path, task: str, tokens: int) -> list[Route]:
    """Return the models for a task, the cheapest first; none if there is no file.

    Args:
        path: the file.
        task: `daily` or `weekly`.
        tokens: number of tokens of question and answer, to keep `most_cost`.

    Raises:
        ConfigurationError: the file is invalid.
    """
    try:
        text = read_settings(path).decode("utf-8-sig")
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.") from None
    document = _parsed(text, path)
    models, tasks = _mapping(document.get("models"), path, "models"), _mapping(document.get("tasks"), path, "tasks")
    wanted = _mapping(tasks.get(task) or {}, path, f"tasks.{task}")
    found = []
    for name in wanted.get("models") or ():
        if name not in models:
            raise ConfigurationError(f"{path}: tasks.{task} names the model {name!r:.100}, which is not in models.")
        found.append(_route(str(name), _mapping(models[name], path, f"models.{name}"), path))
    most = wanted.get("most_cost")
    if most is not None and not isinstance(most, int | float):
        raise ConfigurationError(f"{path}: tasks.{task}.most_cost is a number.")
    affordable = [each for each in found if most is None or each.cost * tokens / 1e6 <= most]
    return sorted(affordable, key=lambda each: each.cost)


def _route(name: str, given: dict[str, Any], path: Path) -> Route:
    unknown = given.keys() - set(Route._fields)
    if unknown or not {"url", "model"} <= given.keys():
        raise ConfigurationError(
            f"{path}: models.{name} has url and model, and may have key_env, cost and timeout_s; {_EXAMPLE}."
        )
    try:
        texts = {field: str(given[field]) for field in ("url", "model", "key_env") if field in given}
        numbers = {field: float(given[field]) for field in ("cost", "timeout_s") if field in given}
    except (TypeError, ValueError):
        raise ConfigurationError(f"{path}: models.{name}: cost and timeout_s are numbers.") from None
    return Route(name, **texts, **numbers)  # type: ignore[arg-type]


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        import yaml
    except ImportError:
        raise ConfigurationError(f"{path} needs an extra package: pip install 'obsv[decisions]'.") from None
    try:
        return _mapping(yaml.safe_load(text), path, "it")
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not YAML: {error}.") from None


def _mapping(value: Any, path: Path, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigurationError(f"{path}: {what} must be a mapping; {_EXAMPLE}.")
    return value


def file_beside(db: Path) -> Path:
    """Return where the routing of a database is: `OBSV_AI_ROUTING`, else `ai_routing.yaml` beside it."""
    chosen = os.environ.get("OBSV_AI_ROUTING")
    return Path(chosen) if chosen else db.with_name(FILE_NAME)

"""Functions of the interpreter as they were before gevent or eventlet put their own in place.

The keeper's thread is a thread of the system also where `threading` makes green ones: it waits and writes without
the program's hub, and the hub never waits for it.
"""

from __future__ import annotations

import sys
from typing import Any


def original(module: str, name: str) -> Any:
    """`module.name` as the interpreter has it.

    Args:
        module: name of a loaded module.
        name: of its function or class.
    """
    gevent: Any = sys.modules.get("gevent.monkey")
    if gevent is not None:
        return gevent.get_original(module, name)
    eventlet: Any = sys.modules.get("eventlet.patcher")
    if eventlet is not None:
        return getattr(eventlet.original(module), name)
    return getattr(sys.modules.get(module) or __import__(module), name)

"""The pipeline of the process: starts with the first recorded call, ends with the program."""

import atexit
import concurrent.futures.thread  # noqa: F401  (acts at forks: not to be loaded by a start that a fork waits for)
import contextlib
import logging
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.environment_variables import OTEL_SDK_DISABLED

from obsv.own_time import monotonic
from obsv.trace.recording import recording

# The pipeline's modules are loaded when it starts: `import obsv` takes 10 ms instead of 30.
if TYPE_CHECKING:
    from typing_extensions import Unpack

    from obsv.config import Arguments, Settings
    from obsv.pipeline import Pipeline

logger = logging.getLogger("obsv")

# At interpreter exit, if a thread of this process stores: a longer wait with a stuck disk would keep the program from
# ending. The rest stays in files.
_EXIT_TIMEOUT_S = 10.0
_EXIT_STORE_S = 0.8 * _EXIT_TIMEOUT_S
# If the keeper stores the rest.
_EXIT_REST_S = 1.0
# If the program requests the end.
_SHUTDOWN_S = 30.0
# Starting takes a tenth of a second; a start that hangs must not keep the program from forking.
_FORK_TIMEOUT_S = 5.0


_lock = threading.RLock()  # guards the next three; the thread that starts the pipeline may make monitored calls
_starter: int | None = None  # the thread, or green thread, that is starting it
_pipeline: "Pipeline | None" = None
_settings: "Settings | None" = None
_forking = threading.local()  # several threads may fork at once: whether this one holds the lock


def configure(**settings: "Unpack[Arguments]") -> None:
    """Set how calls are recorded, and start the pipeline. Without it, the first recorded call starts one with the
    defaults.

    If a pipeline is running, it stores what it holds and ends, and a new one starts.

    Args:
        settings: the fields of `obsv.config.Settings`: db, service_name, resource, otlp_endpoint, on_full, …

    Raises:
        ConfigurationError: a setting is unknown or invalid.
    """
    global _pipeline, _settings
    from obsv.config import settings_from
    from obsv.instrument.options import set_process_settings

    chosen = settings_from(settings)
    with _lock:
        if _pipeline is not None:
            _say_left_out()
            _pipeline.shutdown(_SHUTDOWN_S)
        _settings, _pipeline = chosen, None
        set_process_settings(chosen)
        _start()


def force_flush(timeout_s: float = 30.0) -> bool:
    """Wait until everything recorded so far is stored.

    Args:
        timeout_s: the maximum time to wait, in seconds.

    Returns:
        False if time ran out, or if the database cannot be written at the moment.
    """
    pipeline = _pipeline
    if pipeline is None:
        return True
    _say_left_out()
    return pipeline.force_flush(timeout_s)


def shutdown() -> None:
    """Store everything and stop recording, as at interpreter exit. Monitored functions keep working, unrecorded."""
    _shutdown(_SHUTDOWN_S)


def _say_left_out() -> None:
    from obsv.instrument.left_out import say_left_out

    if not recording.off:
        with contextlib.suppress(Exception):
            say_left_out()


def _shutdown(timeout_s: float) -> None:
    global _pipeline
    if _pipeline is not None:
        _say_left_out()
    with _lock:
        pipeline, _pipeline = _pipeline, None
        recording.off = recording.bypass = True
        recording.start = None
    if pipeline is not None:
        pipeline.shutdown(timeout_s)


def stats() -> dict[str, Any]:
    """Return counters of the pipeline: recorded, stored, dropped, errors, waiting, state.

    The result is empty before the first recorded call.
    """
    pipeline = _pipeline
    return {} if pipeline is None else pipeline.stats()


def start() -> None:
    """Start the pipeline unless it is running.

    The first recorded call does this, and others wait for it. Never raises.
    """
    with _lock:
        # A lock that was created before threads became green sees all green threads as one thread.
        deadline = monotonic() + _FORK_TIMEOUT_S
        while _starter not in (None, threading.get_ident()) and monotonic() < deadline:
            time.sleep(0.001)
        if recording.start is not None and _starter is None:
            _start()


def _start() -> None:
    global _starter
    _starter = threading.get_ident()
    try:
        _open()
    finally:
        _starter = None
        recording.start = None


def _open() -> None:
    global _pipeline
    if os.environ.get(OTEL_SDK_DISABLED, "").strip().lower() == "true":
        recording.off = recording.bypass = True
        return
    try:
        from obsv.config import settings_from
        from obsv.instrument.options import set_process_settings
        from obsv.pipeline import Pipeline

        chosen = _settings or settings_from({})
        if not chosen.db.is_absolute():
            raise OSError(f"the working directory was removed, and {chosen.db} is no absolute path; set OBSV_DB to one")
        set_process_settings(chosen)
        _pipeline = Pipeline(chosen)
        if chosen.follow_threads:
            from obsv.instrument.threads import follow_threads

            follow_threads()
        _flush_at_exit()
    except OSError as error:  # no descriptors are left, or nobody knows where the database is to be
        recording.off = recording.bypass = True
        logger.error("obsv could not start; the program runs on, its calls are not recorded: %s.", error)
    except Exception:
        recording.off = recording.bypass = True
        logger.exception("obsv could not start. The program continues, but its calls are not recorded.")


def _shutdown_at_exit() -> None:
    pipeline = _pipeline
    if pipeline is not None:
        _say_left_out()
        deadline = monotonic() + (_EXIT_REST_S if pipeline.leaves_rest else _EXIT_TIMEOUT_S)
        if not pipeline.leaves_rest:
            pipeline.store_all(_EXIT_STORE_S)
        _shutdown(max(0.0, deadline - monotonic()))
        pipeline.end()


def _flush_at_exit() -> None:
    atexit.unregister(_shutdown_at_exit)
    atexit.register(_shutdown_at_exit)
    _flush_at_process_end()
    _flush_at_end_of_child()


def _flush_at_process_end() -> None:
    """Flush in a child of `multiprocessing`: it ends with `os._exit`, which skips atexit but not multiprocessing's
    finalizers.
    """
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.Finalize(None, _shutdown_at_exit, exitpriority=0)


def _flush_at_end_of_child() -> None:
    """Register the flush in a child of `multiprocessing`, which clears its finalizers before it calls these hooks."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None and _pipeline is not None:
        util.register_after_fork(_pipeline, lambda _: _flush_at_process_end())


def _before_fork() -> None:
    """Let a start in another thread finish: a child with half a pipeline, or a half-done import, would hang."""
    _forking.has_lock = _lock.acquire(timeout=_FORK_TIMEOUT_S)
    # If that start loaded the store, this fork does not know yet that it must wait for the store's writers.
    hold_writers = getattr(sys.modules.get("obsv.store.file.forks"), "hold_writers", None)
    if hold_writers is not None:
        hold_writers()


def _after_fork_in_parent() -> None:
    if _forking.has_lock:
        _lock.release()


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()
    _flush_at_end_of_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork)

recording.start = start

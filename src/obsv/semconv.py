"""Attribute keys: OpenTelemetry's semantic conventions where they exist, `obsv.*` otherwise."""

# The version of obsv; pyproject.toml reads it from here.
VERSION = "0.1.0"

CODE_FUNCTION_NAME = "code.function.name"
CODE_FILE_PATH = "code.file.path"
CODE_LINE_NUMBER = "code.line.number"
THREAD_ID = "thread.id"
THREAD_NAME = "thread.name"
SERVICE_NAME = "service.name"
SERVICE_INSTANCE_ID = "service.instance.id"
HOST_NAME = "host.name"
EXCEPTION_EVENT = "exception"
EXCEPTION_TYPE = "exception.type"
EXCEPTION_MESSAGE = "exception.message"
EXCEPTION_STACKTRACE = "exception.stacktrace"
EXCEPTION_ESCAPED = "exception.escaped"

INPUT_PREFIX = "obsv.input."
OUTPUT_PREFIX = "obsv.output."
PROCESS_GROUP = "obsv.process_group"
FEED = "obsv.feed"
# Of a log record that is sent on: the recorded call in which it was made.
LOG_PROCESS = "obsv.process"
CPU_TIME_NS = "obsv.cpu_time_ns"
MEMORY_GROWTH_BYTES = "obsv.memory_growth_bytes"
# On a span that stands for calls of its function that were counted, not recorded.
LEFT_OUT_CALLS = "obsv.left_out.calls"
LEFT_OUT_TOTAL_NS = "obsv.left_out.total_ns"
LEFT_OUT_MAX_NS = "obsv.left_out.max_ns"
# JSON: [[bucket of the store's histograms, calls], …]
LEFT_OUT_DURATIONS = "obsv.left_out.durations"
# The share of a function's calls that is recorded, on spans of another provider's tracer.
SAMPLE_RATE = "obsv.sample_rate"
# Only in the output of `obsv export` and `obsv forward`, so that a moved store still shows the code.
CODE_SOURCE_TEXT = "obsv.code.source_text"

# Only from obsv to a hub: a JSON object of the exact texts of a failing call's inputs.
EXACT_INPUTS = "obsv.exact_inputs"

INPUT = "INPUT"
OUTPUT = "OUTPUT"

# Row names of values that are not arguments.
RETURN = "return"
YIELD = "yield"
LOCAL_PREFIX = "local."

# A foreign attribute is OUTPUT when its key contains one of these.
OUTPUT_WORDS = ("response", "result", "output", "return", "status_code")

"""Attribute keys: OpenTelemetry's semantic conventions where they have one, `obsv.*` where they have none."""

# Of obsv itself; pyproject.toml reads it here.
VERSION = "0.1.0"

CODE_FUNCTION_NAME = "code.function.name"
CODE_FILE_PATH = "code.file.path"
CODE_LINE_NUMBER = "code.line.number"
THREAD_ID = "thread.id"
THREAD_NAME = "thread.name"
SERVICE_NAME = "service.name"
EXCEPTION_EVENT = "exception"
EXCEPTION_TYPE = "exception.type"
EXCEPTION_MESSAGE = "exception.message"
EXCEPTION_STACKTRACE = "exception.stacktrace"
EXCEPTION_ESCAPED = "exception.escaped"

INPUT_PREFIX = "obsv.input."
OUTPUT_PREFIX = "obsv.output."
PROCESS_GROUP = "obsv.process_group"
FEED = "obsv.feed"
CPU_TIME_NS = "obsv.cpu_time_ns"
MEMORY_GROWTH_BYTES = "obsv.memory_growth_bytes"
# Only in what `obsv export` and `obsv forward` send, so that a moved store still shows the code.
CODE_SOURCE_TEXT = "obsv.code.source_text"

INPUT = "INPUT"
OUTPUT = "OUTPUT"

# The row names of what is not an argument.
RETURN = "return"
YIELD = "yield"
LOCAL_PREFIX = "local."

# A foreign attribute is OUTPUT when its key contains one of these.
OUTPUT_WORDS = ("response", "result", "output", "return", "status_code")

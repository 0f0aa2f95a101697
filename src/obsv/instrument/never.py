"""Modules that are never recorded: those that obsv itself uses. A call inside the recorder would record itself."""

import sys

_OWN = "obsv opentelemetry typing_extensions importlib_metadata zipp psutil google grpc"

# Modules of the standard library that recording and writing load; a test compares the list with the loaded modules.
_STANDARD = """
__future__ abc annotationlib argparse ast atexit base64 bisect builtins bz2 codecs collections compression concurrent
contextlib contextvars copy copyreg dataclasses datetime decimal dis encodings enum fcntl fnmatch fractions functools
genericpath gettext glob hashlib heapq hmac importlib inspect io ipaddress json keyword linecache locale logging lzma
marshal math ntpath numbers opcode operator os pathlib pickle platform posixpath queue random re reprlib resource
runpy secrets select selectors shutil signal site socket sqlite3 sre_compile sre_constants sre_parse stat string
struct subprocess sys tempfile textwrap threading time token tokenize traceback types typing urllib uuid warnings
weakref zipfile zipimport zlib
"""

_NEVER = frozenset(f"{_OWN} {_STANDARD}".split())


def is_never_recorded(module_name: str) -> bool:
    """Return whether obsv itself uses a module, or the package that contains it."""
    top = module_name.partition(".")[0]
    return top in _NEVER or (top.startswith("_") and top in sys.stdlib_module_names)

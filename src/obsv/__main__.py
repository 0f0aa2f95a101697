"""`python -m obsv`: the command line, under the interpreter of your choice."""

import sys

from obsv.cli import main

if __name__ == "__main__":
    sys.exit(main())

"""`python -m obsv`: the command, under an interpreter of one's choice."""

import sys

from obsv.cli import main

if __name__ == "__main__":
    sys.exit(main())

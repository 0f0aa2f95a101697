import sys

from obsv.cli import main

sys.exit(main())

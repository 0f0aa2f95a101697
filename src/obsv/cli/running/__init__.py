"""`obsv run`: a program, its arguments and its children, recorded without a change."""

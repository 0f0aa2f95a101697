"""Recording put into a copy of a function's own bytecode."""

"""A small live market-data program, recorded: what `obsv demo` runs."""

"""A small live market-data program, recorded by `obsv demo`."""

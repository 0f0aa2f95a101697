"""HTTP serving: ports, connections, and their time limits."""

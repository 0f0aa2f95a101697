"""Serving HTTP: ports, connections, and how long they may take."""

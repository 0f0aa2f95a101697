"""What recorded calls say: trees, critical paths, lineage, comparisons, tests. Pure functions; nothing is read here."""

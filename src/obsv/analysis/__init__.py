"""Analysis of recorded calls: trees, critical paths, lineage, comparisons, tests. Pure functions without I/O."""

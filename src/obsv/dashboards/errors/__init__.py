"""The page of errors: groups of one cause each, and one group with what explains it."""

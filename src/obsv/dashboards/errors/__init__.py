"""The page of errors: groups with one cause each, and one group with its explanation."""

"""The page of a service level."""

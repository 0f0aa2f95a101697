"""The page Changes: differences since a deployment, a version or a point in time."""

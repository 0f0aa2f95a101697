"""What is otherwise than before a deployment, a version or an instant."""

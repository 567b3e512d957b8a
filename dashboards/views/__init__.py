"""Pages: each opens with the question it answers."""

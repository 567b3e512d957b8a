"""Three invented companies with two years of history, so that everything can be tried without a file."""

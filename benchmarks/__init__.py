"""What the product costs, always as a ratio against a named baseline measured in the same run."""

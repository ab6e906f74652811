"""What the lessons build around the sparse layer."""

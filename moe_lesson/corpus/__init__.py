"""A corpus in five languages and code, written by this project, with a label for every token."""

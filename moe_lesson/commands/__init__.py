"""What the command line can do: its options, what it keeps, how it speaks and ends."""

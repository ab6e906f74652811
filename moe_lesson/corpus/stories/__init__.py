"""What is told: people and towns of an invented world, plots, scenes, talk, letters, almanacs."""

"""Tasks over the corpus's own world: instructions, answers, and rules that judge any answer."""

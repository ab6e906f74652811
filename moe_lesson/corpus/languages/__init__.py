"""Five languages: lexicon, grammar, and the way from abstract sentences to text."""

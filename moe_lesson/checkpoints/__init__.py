"""A model on disk: our folder, Hugging Face's names, the models that are shipped."""

"""What the models read: texts and the tokenizer."""

"""From text to a trained model, and to disk and back."""

"""09_training_mixtral.ipynb: is it better than a dense model, and by which clock?"""

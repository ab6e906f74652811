"""08_mixtral_architecture.ipynb: what exactly is Mixtral?"""

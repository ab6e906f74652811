"""14_beyond_mixtral.ipynb: what came after Mixtral, and what of it shows at this size?"""

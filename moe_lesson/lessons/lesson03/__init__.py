"""03_sparsely_gated_layer.ipynb: a thousand experts at the price of four?"""

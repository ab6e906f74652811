"""05_moe_transformers.ipynb: what must give when experts have seats?"""

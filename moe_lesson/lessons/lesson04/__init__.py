"""04_keeping_experts_busy.ipynb: why does the same expert always win?"""

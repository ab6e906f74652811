"""00_start_here.ipynb: what will I have at the end?"""

"""01_adaptive_local_experts.ipynb: can a network divide its own work?"""

"""06_dropless_experts.ipynb: can nothing be dropped and nothing wasted?"""

"""12_measuring_a_model.ipynb: what is it good at, and in what is it biased?"""

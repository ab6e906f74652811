"""02_gates_and_conditional_computation.ipynb: why not one big network, or an ensemble?"""

"""11_instruction_tuning.ipynb: why did MoE need instruction tuning?"""

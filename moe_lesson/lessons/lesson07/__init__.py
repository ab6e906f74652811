"""07_experts_on_many_devices.ipynb: what if the experts do not fit?"""

"""13_inference_and_serving.ipynb: 6x faster: true when?"""

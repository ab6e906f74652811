"""10_reading_the_router.ipynb: what do experts specialise in?"""

"""What a reader moves: native controls, one picture, one computed sentence.

Without a kernel, or with the environment variable ``MOE_STATIC=1``, each shows a strip of
pictures with the same sentences instead.
"""

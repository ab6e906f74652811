"""The subject: routing, dispatch, experts and balance. Tokens in, tokens out."""

"""The writers behind `models.py` that ask a model, and what they need: chat, dialects, retries, replies, caps, prices, finished calls.

`o200k_base.tiktoken.gz` is the vocabulary that tokens are counted with (from tiktoken, MIT licence); `prices.yaml` holds list prices.
"""

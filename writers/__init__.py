"""The writers behind `models.py` that ask a model, and what they need: chat, dialects, retries, replies, caps, prices, finished calls."""

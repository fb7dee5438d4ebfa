"""Data that tokens and costs are counted with: the o200k_base vocabulary (from tiktoken, MIT licence) and a table of list prices."""

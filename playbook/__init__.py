"""Domain knowledge as data, and the reader of briefs: what lets a strategy be written without a language model."""

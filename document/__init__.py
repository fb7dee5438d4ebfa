"""A strategy as a document: markdown from typed values, read back and saved beside its twin."""

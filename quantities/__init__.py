"""Numbers with units, formulas and provenance: everything that keeps the figures of a strategy honest."""

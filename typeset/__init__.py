"""From typed values to markdown: safe text, formatted numbers, tables and diagrams. Knows no section."""

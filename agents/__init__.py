"""The agents. SECTIONS is the table of contents: a new section is its two files and one line here."""

from ai_data_strategy.agents import labelling
from ai_data_strategy.agents.section import Section

SECTIONS: tuple[Section, ...] = (labelling.SECTION,)
BY_KEY = {section.key: section for section in SECTIONS}

"""The agents. SECTIONS is the table of contents: a new section is its two files and one line here."""

from ai_data_strategy.agents import (
    benchmark,
    edge_cases,
    failures,
    feedback,
    flywheel,
    governance,
    inventory,
    labelling,
    logs,
    quality,
    retraining,
    rollout,
    use_case,
    versioning,
)
from ai_data_strategy.agents.section import Section

SECTIONS: tuple[Section, ...] = (
    use_case.SECTION,
    inventory.SECTION,
    quality.SECTION,
    labelling.SECTION,
    flywheel.SECTION,
    feedback.SECTION,
    governance.SECTION,
    benchmark.SECTION,
    retraining.SECTION,
    versioning.SECTION,
    logs.SECTION,
    failures.SECTION,
    edge_cases.SECTION,
    rollout.SECTION,
)
BY_KEY = {section.key: section for section in SECTIONS}

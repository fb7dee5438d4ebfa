"""The rubric's verdicts as text and as JSON."""

from __future__ import annotations

import json

from ai_data_strategy.document.scoring import Score


def as_json(score: Score) -> str:
    """All verdicts as JSON."""
    return json.dumps(
        {
            "accepted": score.accepted,
            "score": round(score.total(), 4),
            "check_score": round(score.total("check"), 4),
            "judge_score": round(score.total("judge"), 4),
            "gates_open": score.gates_open,
            "sections": {name: round(part, 4) for name, part in score.sections.items()},
            "criteria": [
                {
                    "id": m.criterion.id,
                    "section": m.criterion.section,
                    "kind": m.criterion.kind,
                    "gate": m.criterion.gate,
                    "outcome": m.outcome,
                    "why": m.why,
                }
                for m in score.marks
            ],
            "plan": [{"id": v.criterion, "section": v.section, "why": v.why} for v in score.plan],
        },
        indent=2,
        ensure_ascii=False,
    )


def as_text(score: Score) -> str:
    """A line a section, then what is open."""
    lines = [f"{name:14} {part:6.0%}" for name, part in score.sections.items()]
    judged = [m for m in score.marks if m.criterion.kind == "judge" and m.outcome in ("met", "not_met")]
    lines += [
        "",
        f"score {score.total():.0%} (checks {score.total('check'):.0%}, judged {len(judged)} of {sum(m.criterion.kind == 'judge' for m in score.marks)})",
    ]
    lines += [f"accepted: {'yes' if score.accepted else 'no'}; gates open: {', '.join(score.gates_open) or 'none'}"]
    lines += [f"not met  {m.criterion.id:5} {m.criterion.section:13} {m.why}" for m in score.open]
    lines += [f"plan     {v.criterion:5} {v.section:13} {v.why}" for v in score.plan]
    return "\n".join(lines)

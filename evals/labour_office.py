"""Assembles the data of the example `labour_office` from sets that others published. Nothing of them is kept in the repository.

python -m ai_data_strategy.evals.labour_office --out /tmp/labour_office

| file | from | made up |
| --- | --- | --- |
| predictions.parquet | nannyml: predictions of employment in Massachusetts, 2016 to 2018 | the hour within the year |
| outcomes.csv | nannyml: what turned out to be true | nothing |
| annotations.jsonl | vaderSentiment: twenty people rate 4,200 messages | the names of the raters (a number) |
| tickets.jsonl | SpamAssassin: 6,046 real e-mails, with personal data | nothing |
| events.csv | feedback of caseworkers on wrong predictions | everything: see FEEDBACK |
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
from collections.abc import Iterator
from email import message_from_string, policy
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from ai_data_strategy.evals import real_data

FEEDBACK = {"1": 0.30, "2": 0.18}
"""Made up: share of wrong predictions that a caseworker corrects, by the code of sex. The gap is there to be found."""
_LAG_HOURS = 40.0
_RATERS = 20
_SEED = 11

BRIEF = """Arbeta is a state labour office in Massachusetts. A model predicts from a survey whether a person is employed, and caseworkers see the prediction \
before they call. We want the model to learn from their corrections. We have about 250,000 predictions with the true outcome, roughly 190 new ones a day. \
Messages of citizens arrive by e-mail and twenty people have rated a sample of them. The survey holds sex, race and age. A caseworker can correct a prediction; \
we do not know who does. One data engineer, one data scientist and a product manager can work on it.
"""

SOURCES = """sources:
  - location: predictions.parquet
    name: predictions
    kind: predictions
    owner: Product manager
    access: read access to the archive
    agreement: state survey, public use file
    purpose: official statistics
    retention_days: 2000
    training: true
    roles: {id: id, decided_at: time, prediction: prediction, predicted_probability: confidence, sex: group, race: group, app: context, age: other}
  - location: outcomes.csv
    name: outcomes
    kind: reference
    owner: Product manager
    roles: {id: id, employed: outcome}
  - location: events.csv
    name: feedback events
    kind: feedback
    owner: Product manager
    roles: {id: id, feedback: feedback, given_at: feedback_time}
    failure: {feedback: [corrected]}
  - location: annotations.jsonl
    name: ratings of messages
    kind: annotations
    purpose: tone of incoming messages
    roles: {message: id, rater: annotator, tone: label}
  - location: tickets.jsonl
    name: e-mails
    kind: tickets
    access: mail archive
    consent: none asked
    roles: {mail: id, received: time, text: text, folder: label}
"""


def assemble(folder: Path) -> list[Path]:
    """Write the five sources, brief.md and sources.yaml into `folder`. Raises InputError where a package cannot be fetched."""
    folder.mkdir(parents=True, exist_ok=True)
    _employment(folder)
    _lines(folder / "annotations.jsonl", _ratings())
    _lines(folder / "tickets.jsonl", _mails())
    (folder / "brief.md").write_text(BRIEF, "utf-8")
    (folder / "sources.yaml").write_text(SOURCES, "utf-8")
    return sorted(folder.iterdir())


def _employment(folder: Path) -> None:
    """Predictions, outcomes and made-up feedback, the same in every run."""
    import duckdb

    source = real_data.employment()
    db = duckdb.connect()
    db.read_parquet(str(source / "employment_MA_analysis.pq")).create("predicted")
    db.read_parquet(str(source / "employment_MA_analysis_target.pq")).create("true_outcome")
    db.execute("""
        CREATE TABLE spread AS SELECT *, row_number() OVER (PARTITION BY year ORDER BY hash(id)) AS place, count(*) OVER (PARTITION BY year) AS of_year FROM predicted
    """)
    db.execute("""
        CREATE TABLE decisions AS SELECT id, make_timestamp(year, 1, 1, 0, 0, 0) + to_seconds(CAST(place * 31536000.0 / (of_year + 1) AS BIGINT)) AS decided_at,
        prediction, predicted_probability, SEX AS sex, RAC1P AS race, CAST(AGEP AS INTEGER) AS age, CASE WHEN hash(id, 7) % 3 = 0 THEN 'tablet' ELSE 'desktop' END AS app
        FROM spread ORDER BY decided_at
    """)
    shares = " ".join(f"WHEN '{code}' THEN {share}" for code, share in FEEDBACK.items())
    db.execute(f"""
        CREATE TABLE feedback AS SELECT id, 'corrected' AS feedback, date_trunc('second', decided_at) + to_seconds(CAST(-ln(1 - (hash(id, {_SEED}) % 100000) / 100001.0) * {_LAG_HOURS} * 3600 AS BIGINT)) AS given_at
        FROM decisions JOIN true_outcome USING (id) WHERE prediction <> employed AND (hash(id, {_SEED + 1}) % 100000) / 100000.0 < CASE sex {shares} ELSE 0 END ORDER BY given_at
    """)
    for name, query in (
        ("predictions.parquet", "decisions"),
        ("outcomes.csv", "(SELECT id, employed FROM true_outcome ORDER BY id)"),
        ("events.csv", "feedback"),
    ):
        target = str(folder / name).replace("'", "''")
        db.execute(f"COPY {query} TO '{target}'" + (" (HEADER)" if name.endswith(".csv") else ""))
    db.close()


def _ratings() -> Iterator[dict[str, Any]]:
    path = next(real_data.vader().rglob("tweets_anonDataRatings.txt"))
    for line in path.read_text("utf-8").splitlines():
        number, _, _, ratings = line.split("\t")
        for rater, rating in enumerate(ast.literal_eval(ratings)[:_RATERS], start=1):
            yield {"message": int(number), "rater": rater, "tone": "good" if rating > 0 else "bad" if rating < 0 else "neutral"}


def _mails() -> Iterator[dict[str, Any]]:
    for number, path in enumerate(sorted((real_data.spam() / "data").rglob("*.txt"))):
        message = message_from_string(path.read_text("latin-1"), policy=policy.compat32)
        try:
            received = parsedate_to_datetime(str(message["Date"])).isoformat()
        except (TypeError, ValueError):
            received = None
        part = next((part for part in message.walk() if part.get_content_type() == "text/plain"), message)
        text = part.get_payload(decode=False)
        yield {"mail": number, "received": received, "folder": path.parent.name, "text": str(text)[:4000] if isinstance(text, str) else ""}


def _lines(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    sys.stdout.write("".join(f"{path}\n" for path in assemble(parser.parse_args(arguments).out)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

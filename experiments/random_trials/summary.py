"""What many trials gave, on one screen and in a file."""

from collections import Counter
from pathlib import Path

import dag_gfn

MOST_LINES = 20


def write_summary(out: Path, records: list[dict], seed: int) -> str:
    """Write summary.md and return its text."""
    text = summary(records, seed)
    out.mkdir(parents=True, exist_ok=True)
    (out / "summary.md").write_text(text, encoding="utf-8", errors="backslashreplace")
    return text


def summary(records: list[dict], seed: int) -> str:
    """Return tables of outcomes, faults, refusals and warnings.

    Parameters
    ----------
    records : list of dict
        As `trials.record_of` makes them.
    seed : int
    """
    lines = [f"# Trials of dag_gfn {dag_gfn.__version__}, seed {seed}", ""]
    lines += ["| trials | outcome | number | with faults | CPU seconds |", "|---|---|--:|--:|--:|"]
    groups = Counter((record["kind"], record["outcome"].split(":")[0]) for record in records)
    for (kind, outcome), number in sorted(groups.items()):
        members = [r for r in records if (r["kind"], r["outcome"].split(":")[0]) == (kind, outcome)]
        bad = sum(bool(record["faults"]) for record in members)
        lines.append(f"| {kind} | {outcome} | {number} | {bad} | {sum(r['seconds'] for r in members):.0f} |")
    lines += ["", "## Faults", ""]
    by_kind: dict[str, list[dict]] = {}
    for record in records:
        for kind in dict.fromkeys(fault["kind"] for fault in record["faults"]):
            by_kind.setdefault(kind, []).append(record)
    for kind, members in sorted(by_kind.items(), key=lambda item: -len(item[1])):
        first = ", ".join(f"{record['kind']}-{record['number']:06d}" for record in members[:3])
        lines.append(f"- {len(members)} × {_one_line(kind)} ({first})")
    lines += [] if by_kind else ["None."]
    for title, counted in (
        ("Refusals", Counter(record["refusal"] for record in records if record["refusal"])),
        ("Warnings in results", Counter(kind for record in records for kind in record["told"])),
    ):
        lines += ["", f"## {title}", ""]
        lines += [f"- {number} × {_one_line(kind)}" for kind, number in counted.most_common(MOST_LINES)]
        if len(counted) > MOST_LINES:
            rest = counted.most_common()[MOST_LINES:]
            lines.append(f"- {sum(number for _, number in rest)} × {len(rest)} other kinds")
    return "\n".join(lines) + "\n"


def screen(text: str, *, height: int = 40) -> str:
    """Return the first lines of a summary, as many as a screen holds."""
    lines = text.splitlines()
    return "\n".join(
        lines if len(lines) <= height else [*lines[: height - 1], "... the rest is in summary.md"]
    )


def _one_line(text: str) -> str:
    return " ".join(text.split()).encode("ascii", errors="backslashreplace").decode()[:160]

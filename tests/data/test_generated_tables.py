"""Any table either is read or is refused in one line."""

import random
import warnings

import pytest

from dag_gfn.data import data_warnings, read_csv
from dag_gfn.errors import DataError

CELLS = [
    *(
        "1",
        "2",
        "3.5",
        "-4",
        "1,5",
        "1.234,5",
        "$3",
        "4%",
        "?",
        "NA",
        "",
        "yes",
        "no",
        "unknown",
        "-999",
        "99",
    ),
    *(
        "\u22121",
        "1e400",
        "1e-400",
        "inf",
        "nan",
        '"a,b"',
        '"',
        '"x\ny"',
        "1_0",
        "é",
        "=1+1",
        "9" * 400,
        "Total",
    ),
    *("01", "1.10", "\t", "a;b", "2020-01-01", "True", "0x1F", "1 234", "()", " ", "#DIV/0!", "🙂"),
]
NAMES = ["a", "b", "c", "x y", "", "1", "2", "1960", "0.5", "Unnamed: 0", "é", "n", "Freq", "id"]


def generated(choose):
    """Return the bytes of a table of odd cells, names, separators and encodings."""
    cells, columns = choose.sample(CELLS, choose.randint(1, 6)), choose.randint(1, 5)
    lines = [[choose.choice(NAMES) for _ in range(columns)]]
    for _ in range(choose.choice([0, 1, 2, 5, 12, 30])):
        lines.append(
            [
                choose.choice(cells) if choose.random() < 0.6 else f"{choose.gauss(0, 1):.3f}"
                for _ in range(columns)
            ]
        )
        if choose.random() < 0.02:
            lines[-1].append(choose.choice(["", "x"]))
    separator = choose.choice([",", ",", ",", ";", "\t", "|"])
    text = choose.choice(["\n", "\n", "\r\n"]).join(separator.join(line) for line in lines)
    text += choose.choice(["", "\n", "\n\n", ","])
    return text.encode(choose.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"]), errors="replace")


@pytest.mark.parametrize("tables", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_every_table_is_read_or_refused_in_one_line(tmp_path, tables):
    choose = random.Random(tables)
    path = tmp_path / "table.csv"
    read = 0
    for _ in range(tables):
        path.write_bytes(generated(choose))
        options = {
            "missing": choose.choice(["error", "drop"]),
            "discrete": choose.choice([(), "all"]),
            "na_values": choose.choice([(), ["-999", "?"]]),
        }
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                data = read_csv(path, **options)
                said = [*data.notes, *data_warnings(data)]
            except DataError as error:
                said = [str(error)]
            else:
                read += 1
        assert not any("\n" in sentence for sentence in said)
        assert all(len(sentence) < 2000 for sentence in said)
    assert read > tables / 100

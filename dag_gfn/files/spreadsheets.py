"""Text in CSV that spreadsheet programs do not take for a formula."""

from collections.abc import Iterable

_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n")


def spreadsheet_safe(text: str) -> str:
    """Return a CSV cell that stands for `text`: with an apostrophe in front where a spreadsheet would compute it.

    That is what begins with =, +, -, @, a tab or a line end, but for numbers. An apostrophe is put before apostrophes
    that such text begins with, too, so that `from_spreadsheet` finds every text again.
    """
    return f"'{text}" if _is_formula(text.lstrip("'")) else text


def from_spreadsheet(cell: str) -> str:
    """Return the text that a cell of `spreadsheet_safe` stands for."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell.lstrip("'")) else cell


def csv_line(values: Iterable[object]) -> str:
    r"""Return a line of CSV, each value as `spreadsheet_safe` text, in quotes where it needs them.

    The csv module leaves a lone carriage return bare where lines end in a newline.
    """
    cells = (spreadsheet_safe(str(value)) for value in values)
    return (
        ",".join('"' + c.replace('"', '""') + '"' if any(x in c for x in ',"\r\n') else c for c in cells)
        + "\n"
    )


def _is_formula(text: str) -> bool:
    if not text.startswith(_BEGINNINGS):
        return False
    try:
        float(text)
    except ValueError:
        return True
    return text[0] in "\t\r\n"

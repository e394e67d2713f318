"""CSV cells that spreadsheet programs do not execute as formulas."""

from collections.abc import Iterable

_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n")


def spreadsheet_safe(text: str) -> str:
    """Return a text as a CSV cell, with an apostrophe in front if a spreadsheet would treat it as a formula.

    A formula begins with =, +, -, @, a tab or a line end and is not a number. Text that begins with apostrophes
    followed by a formula gets one more apostrophe, so that `from_spreadsheet` is the exact inverse.

    Examples
    --------
    >>> from dag_gfn.files import spreadsheet_safe
    >>> [spreadsheet_safe(text) for text in ("=1+1", "-1.5", "age")]
    ["'=1+1", '-1.5', 'age']
    """
    return f"'{text}" if _is_formula(text.lstrip("'")) else text


def from_spreadsheet(cell: str) -> str:
    """Return the text of a cell that `spreadsheet_safe` wrote.

    Examples
    --------
    >>> from dag_gfn.files import from_spreadsheet
    >>> [from_spreadsheet(cell) for cell in ("'=1+1", "'tis")]
    ['=1+1', "'tis"]
    """
    return cell[1:] if cell.startswith("'") and _is_formula(cell.lstrip("'")) else cell


def csv_line(values: Iterable[object]) -> str:
    r"""Return a line of CSV, with each value as `spreadsheet_safe` text, quoted if necessary.

    The csv module is not used, because it does not quote a carriage return if lines end in a newline.

    Examples
    --------
    >>> from dag_gfn.files import csv_line
    >>> csv_line(["age", "a,b", "=1+1", 0.5])
    'age,"a,b",\'=1+1,0.5\n'
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

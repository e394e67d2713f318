"""The readers of files of Stata, SPSS and SAS; labels of values become categories."""

from collections.abc import Mapping
from os import PathLike
from typing import Any

import pandas as pd

from dag_gfn.data.messages import quoted
from dag_gfn.data.typed_files import library, reading_as, with_notes


def read_stata(path: str | PathLike) -> pd.DataFrame:
    """Return the table in a file of Stata (.dta); `labelled` says what becomes of labels.

    Raises
    ------
    DataError
        If the file cannot be read, or pyreadstat is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from dag_gfn.data.labelled_files import read_stata
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "t.dta"
    ...     pd.DataFrame({"age": [31, 25]}).to_stata(path, write_index=False)
    ...     read_stata(path).to_dict("list")
    {'age': [31, 25]}
    """
    return _read("read_dta", "a file of Stata", path)


def read_spss(path: str | PathLike) -> pd.DataFrame:
    """Return the table in a file of SPSS (.sav, .zsav); `labelled` says what becomes of labels.

    Values that the file declares as missing are missing.

    Raises
    ------
    DataError
        If the file cannot be read, or pyreadstat is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> import pyreadstat
    >>> from dag_gfn.data.labelled_files import read_spss
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "t.sav"
    ...     labels = {"sex": {1: "male", 2: "female"}}
    ...     pyreadstat.write_sav(pd.DataFrame({"sex": [2.0, 1.0]}), path, variable_value_labels=labels)
    ...     read_spss(path).to_dict("list")
    {'sex': ['female', 'male']}
    """
    return _read("read_sav", "a file of SPSS", path)


def read_spss_portable(path: str | PathLike) -> pd.DataFrame:
    """Return the table in a portable file of SPSS (.por), as `read_spss` does.

    Examples
    --------
    See `read_stata`.
    """
    return _read("read_por", "a portable file of SPSS", path)


def read_sas(path: str | PathLike) -> pd.DataFrame:
    """Return the table in a data set of SAS (.sas7bdat).

    Raises
    ------
    DataError
        If the file cannot be read, or pyreadstat is not installed.

    Examples
    --------
    See `read_stata`.
    """
    return _read("read_sas7bdat", "a data set of SAS", path)


def read_sas_transport(path: str | PathLike) -> pd.DataFrame:
    """Return the table in a transport file of SAS (.xpt), as `read_sas` does.

    Examples
    --------
    See `read_stata`.
    """
    return _read("read_xport", "a transport file of SAS", path)


def labelled(
    frame: pd.DataFrame, labels: Mapping[str, Mapping[Any, str]], measures: Mapping[str, str]
) -> pd.DataFrame:
    """Return a frame in which values with labels are categories.

    A column becomes categorical if every value in it has a label. The categories are in the order of the values; they
    count as ordered only if the file says that the column is ordinal. Then values without a label stand for
    themselves. Other columns with labels for some values, such as "refused" for -9, keep their numbers, with a note.

    Parameters
    ----------
    frame : DataFrame
    labels : mapping
        The labels of the values of columns.
    measures : mapping
        The level of measurement of columns: "nominal", "ordinal", "scale" or "unknown".

    Examples
    --------
    >>> import pandas as pd
    >>> from dag_gfn.data.labelled_files import labelled
    >>> frame = pd.DataFrame({"mood": [2.0, 1.0, None]})
    >>> mood = labelled(frame, {"mood": {1: "low", 2: "high"}}, {"mood": "ordinal"})["mood"]
    >>> list(mood.cat.categories), mood.cat.ordered, mood.tolist()
    (['low', 'high'], True, ['high', 'low', nan])
    """
    partly: dict[str, list[Any]] = {}
    columns = []
    for name in frame.columns:
        column, known = frame[name], labels.get(name, {})
        seen = sorted(column.dropna().unique().tolist(), key=lambda value: (isinstance(value, str), value))
        is_ordinal = measures.get(name) == "ordinal"
        with_label = [value for value in seen if value in known]
        if with_label and (is_ordinal or len(with_label) == len(seen)):
            texts = [
                str(known.get(value, f"{value:g}" if isinstance(value, float) else value)) for value in seen
            ]
            texts = [
                text if texts.count(text) == 1 else f"{text} ({value})"
                for text, value in zip(texts, seen, strict=True)
            ]
            kind = pd.CategoricalDtype(texts, ordered=is_ordinal)
            column = column.map(dict(zip(seen, texts, strict=True))).astype(kind)
        elif with_label:
            partly[name] = [
                f"{known[value]} ({value:g})" if isinstance(value, float) else known[value]
                for value in with_label
            ]
        columns.append(column)
    result = pd.concat(columns, axis=1) if columns else frame
    if partly:
        first, values = next(iter(partly.items()))
        result = with_notes(
            result,
            f"kept the numbers of {quoted(partly)}, where only some values have labels: in '{first}' "
            f"{quoted(values)}; --na-values makes them missing values",
        )
    return result


def _read(function: str, kind: str, path: str | PathLike) -> pd.DataFrame:
    with reading_as(kind, path) as file:
        pyreadstat = library("pyreadstat", "pyreadstat", path)
        read = getattr(pyreadstat, function)
        options = {"dates_as_pandas_datetime": True}
        try:
            frame, about = read(str(file), **options)
        except (UnicodeDecodeError, pyreadstat.ReadstatError) as error:
            # An old file may not name its encoding.
            if "encod" not in str(error).lower() and "convert" not in str(error).lower():
                raise
            frame, about = read(str(file), encoding="WINDOWS-1252", **options)
        return labelled(frame, about.variable_value_labels, about.variable_measure or {})

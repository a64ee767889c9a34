"""The one place where polars may fail on what people upload: its errors and panics become a refusal."""

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from releases.scores.refusals import FileBroken


@contextmanager
def polars_errors_refused(doing: str) -> Iterator[None]:
    """Turn any polars failure inside into FileBroken; ``doing`` completes "The table could not be …".

    A panic of the Rust side derives from BaseException and would otherwise end the worker.
    """
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise FileBroken(f"The table could not be {doing} ({type(error).__name__}).") from error

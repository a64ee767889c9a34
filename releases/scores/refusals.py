"""What an upload of scores, a stored table or a count can be refused for; one class per kind of mistake."""

from governance.errors import GovernanceError


class ScoreTableRefused(GovernanceError):
    """A score table that is not taken.

    ``rows`` holds the first row numbers concerned, counted as a spreadsheet counts them: the header is row 1.
    The rows of a Parquet file, which has no header row, are counted from 1.
    """

    code = "score_table_refused"
    status = 400
    title = "Score table refused"
    next_step = "Correct the file and upload it again; nothing of it was stored."

    def __init__(self, message: str, *, next_step: str = "", rows: tuple[int, ...] = ()) -> None:
        super().__init__(message, next_step=next_step)
        self.rows = rows


class FormatNotRead(ScoreTableRefused):
    """The bytes are neither CSV in UTF-8, plain or gzip, nor Parquet."""

    code = "score_file_format"
    status = 415
    next_step = "Upload a CSV file in UTF-8, plain or compressed with gzip, or a Parquet file."


class FileBroken(ScoreTableRefused):
    """A CSV, gzip or Parquet file that cannot be read to its end without guessing."""

    code = "score_file_broken"


class FileTooLarge(ScoreTableRefused):
    """A limit on bytes, rows, columns or cells is exceeded."""

    code = "score_file_too_large"
    status = 413
    next_step = "Upload a smaller file: keep only the columns that are mapped, or split it by dataset."


class ColumnMissing(ScoreTableRefused):
    """The mapping names a column that the file does not have."""

    code = "score_column_missing"
    next_step = "Correct the name in the mapping, or add the column to the file."


class ColumnTypeNotRead(ScoreTableRefused):
    """A mapped column of a Parquet file that holds neither text nor numbers nor yes and no."""

    code = "score_column_type"
    next_step = "Write the column as text or as numbers and upload the file again."


class RowsContradict(ScoreTableRefused):
    """Rows that cannot all be true, such as two with one sample id."""

    code = "score_rows_contradict"


class NoRowsLeft(ScoreTableRefused):
    """Not one row could be taken."""

    code = "score_no_rows_left"


class PolarityContradicted(ScoreTableRefused):
    """The scores order attacks and bona fide presentations against the declared polarity."""

    code = "score_polarity_contradicted"
    next_step = "Declare the other polarity, or check that the label values are mapped the right way round."


class BlobRefused(GovernanceError):
    """Bytes that are not kept or not handed out because they are not the ones their digest names."""

    code = "blob_refused"
    status = 409
    title = "Stored file refused"


class DigestMismatch(BlobRefused):
    """The bytes received are not those of the digest stated with them."""

    code = "blob_digest_mismatch"
    status = 400
    next_step = "State the digest of the file you send, or send the file again: it may have been cut short."


class BlobMissing(BlobRefused):
    """No blob of this digest is in the store."""

    code = "blob_missing"
    status = 404
    next_step = "Restore the blob directory from its backup, or upload the file again."


class BlobDamaged(BlobRefused):
    """The stored bytes no longer have the digest they are stored under."""

    code = "blob_damaged"
    status = 500
    next_step = "Check the disk, then restore the blob from its backup or upload the same file again."


class BlobTooLarge(BlobRefused):
    """More bytes arrive than the caller allows."""

    code = "blob_too_large"
    status = 413
    next_step = "Compress the file with gzip, or keep only the columns that are mapped."


class CountingRefused(GovernanceError):
    """Two tables, or a table and a threshold policy, that cannot be counted together."""

    code = "counting_refused"
    status = 409
    title = "Tables cannot be counted"


class PolaritiesDiffer(CountingRefused):
    """The threshold policy reads scores in the other direction than the table declares."""

    code = "polarities_differ"
    next_step = "Use a threshold policy with the polarity of the score table."


class TablesDisagree(CountingRefused):
    """Two tables of one dataset state different facts about one sample."""

    code = "tables_disagree"
    next_step = "Import both tables again with the same mapping from the same dataset version."


class TablesOverlap(CountingRefused):
    """Two tables of one stack hold the same sample: which of its scores counts cannot be known."""

    code = "tables_overlap"
    next_step = "The tables of one report hold different samples: register a new report and import each once."

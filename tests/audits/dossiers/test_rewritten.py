"""Who owns database, key and head writes the whole record anew: only what somebody else kept tells."""

from pathlib import Path

from pytest_django import Settings

from audits.verification.__main__ import main
from governance.ledger.heads import head_file
from governance.ledger.verifying import known_keys, verify_record
from tests.audits.dossiers.making import Signing, sealed, written
from tests.governance.ledger.reading import tamper

EVERYTHING = """
ALTER TABLE releases_vote DISABLE TRIGGER ledger_guard;
ALTER TABLE releases_approvalrequest DISABLE TRIGGER ledger_guard;
ALTER TABLE audits_dossier DISABLE TRIGGER ledger_guard;
UPDATE releases_vote SET reason = 'Rewritten';
UPDATE releases_approvalrequest SET closing_reason = 'Rewritten' WHERE closing_reason <> '';
DELETE FROM audits_dossier;
UPDATE entry SET body = convert_to(
    replace(convert_from(body, 'UTF8'), '"reason":"' || (document->>'reason') || '"', '"reason":"Rewritten"'),
    'UTF8') WHERE document->>'type' = 'vote.cast';
DELETE FROM leaf WHERE entry_id IN (SELECT id FROM entry WHERE stream LIKE 'dossier:%');
DELETE FROM entry WHERE stream LIKE 'dossier:%';
UPDATE leaf SET index = -1 - placed.place, hash = sha256('\\x00'::bytea || placed.body)
FROM (SELECT leaf.entry_id, entry.body, row_number() OVER (ORDER BY index) - 1 AS place
      FROM leaf JOIN entry ON entry.id = leaf.entry_id) AS placed WHERE placed.entry_id = leaf.entry_id;
UPDATE leaf SET index = -1 - index;
DELETE FROM signed_checkpoint; DELETE FROM checkpoint; DELETE FROM tile;
UPDATE tree_state SET tiled = 0, size = (SELECT count(*) FROM leaf);
ALTER TABLE releases_vote ENABLE ALWAYS TRIGGER ledger_guard;
ALTER TABLE releases_approvalrequest ENABLE ALWAYS TRIGGER ledger_guard;
ALTER TABLE audits_dossier ENABLE ALWAYS TRIGGER ledger_guard
"""


def test_a_history_written_anew_is_found_by_an_older_dossier_alone(
    signing: Signing, tmp_path: Path, settings: Settings
) -> None:
    kept = written(tmp_path, signing.made())
    tamper(EVERYTHING)
    settings.LEDGER_HEAD_FILE = tmp_path / "a-new-head"
    sealed()

    whole = verify_record(known_keys(), head_file())
    forged = written(tmp_path, signing.made())

    assert whole.findings == ()
    assert main([forged, "--vkey", signing.vkey]) == 0
    assert main([forged, "--vkey", signing.vkey, "--previous", kept]) == 1

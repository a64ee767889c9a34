-- What the product sends for a change: governance/ledger/entries.py. The guard asks at COMMIT.
\set n random(1, 1000)
BEGIN;
UPDATE governance_system SET name = 'Renamed' WHERE id = md5(:n::text)::uuid RETURNING 'system:' || id AS stream \gset
WITH last AS (
    SELECT stream_seq, at FROM entry WHERE stream = :stream ORDER BY stream_seq DESC LIMIT 1
), place AS (
    SELECT coalesce(max(stream_seq), 0) + 1 AS seq, greatest(clock_timestamp(), max(at)) AS at FROM last
), written AS (
    INSERT INTO entry (id, stream, stream_seq, body, at)
    SELECT gen_random_uuid(), :stream, seq, convert_to(
            '{"actor":{"auth":{"method":"session","mfa": true,"token": null},"id":"0198d1f0-5c1e-7c3a-9a55-0d6c5f1f5b11","kind":"user","username":"release.manager"},"after":{"name":"Remote onboarding"},"at":"', 'UTF8'
        ) || convert_to(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24":"MI":"SS.US"Z"'), 'UTF8') || convert_to(format(
            '","before":{"name":"Onboarding"},"id":"%s","on_behalf_of": null,"reason":"Renamed after the review of the quarter","refs":{"cause": null},"request_id":"%s","schema":"countersign.entry.v1","seq":', gen_random_uuid(), gen_random_uuid()
        ), 'UTF8') || convert_to(seq::text, 'UTF8') || convert_to(format(
            ',"stream":"%s","task_id": null,"type":"system.registered"}', :stream::text
        ), 'UTF8'), at
    FROM place
    RETURNING id, stream_seq, at, body
), queued AS (
    INSERT INTO pending (entry_id) SELECT id FROM written
)
SELECT stream_seq, at, body FROM written;
COMMIT;

-- What the product sends for a change: governance/ledger/entries.py. The guard asks at COMMIT.
\set n random(1, 1000)
BEGIN;
UPDATE governance_system SET name = 'Renamed' WHERE id = md5(:n::text)::uuid RETURNING 'system:' || id AS stream \gset
SELECT stream_seq + 1 AS seq, at FROM entry WHERE stream = :stream ORDER BY stream_seq DESC LIMIT 1 \gset
WITH written AS (
    INSERT INTO entry (id, stream, stream_seq, body, at)
    VALUES (gen_random_uuid(), :stream, :seq, convert_to(format(
        '{"actor":{"auth":{"method":"session","mfa": true,"token": null},"id":"0198d1f0-5c1e-7c3a-9a55-0d6c5f1f5b11","kind":"user","username":"release.manager"},"after":{"name":"Remote onboarding"},"at":"%s","before":{"name":"Onboarding"},"id":"%s","on_behalf_of": null,"reason":"Renamed after the review of the quarter","refs":{"cause": null},"request_id":"%s","schema":"countersign.entry.v1","seq":%s,"stream":"%s","task_id": null,"type":"system.registered"}',
        to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24":"MI":"SS.US"Z"'),
        gen_random_uuid(), gen_random_uuid(), :seq::bigint, :stream::text
    ), 'UTF8'), clock_timestamp())
    RETURNING id
)
INSERT INTO pending (entry_id) SELECT id FROM written;
COMMIT;

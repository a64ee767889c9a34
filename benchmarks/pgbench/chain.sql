-- What many systems keep in place of an outbox: each entry names the hash of the one before it, in the order of
-- the chain, so that its head stays locked from here to the COMMIT.
\set n random(1, 1000)
BEGIN;
UPDATE plain_system SET name = 'Renamed' WHERE id = md5(:n::text)::uuid RETURNING 'system:' || id AS stream \gset
WITH former AS (
    SELECT seq + 1 AS seq, hash FROM chain_head FOR UPDATE
), made AS (
    SELECT seq, hash AS former, convert_to(format(
        '{"actor":{"auth":{"method":"session","mfa": true,"token": null},"id":"0198d1f0-5c1e-7c3a-9a55-0d6c5f1f5b11","kind":"user","username":"release.manager"},"after":{"name":"Remote onboarding"},"at":"%s","before":{"name":"Onboarding"},"id":"%s","on_behalf_of": null,"reason":"Renamed after the review of the quarter","refs":{"cause": null},"request_id":"%s","schema":"countersign.entry.v1","seq":%s,"stream":"%s","task_id": null,"type":"system.registered"}',
        to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24":"MI":"SS.US"Z"'),
        gen_random_uuid(), gen_random_uuid(), seq, :stream::text
    ), 'UTF8') AS body
    FROM former
), written AS (
    INSERT INTO chain (seq, body, hash) SELECT seq, body, sha256(former || body) FROM made
    RETURNING seq, hash
)
UPDATE chain_head SET seq = written.seq, hash = written.hash FROM written;
COMMIT;

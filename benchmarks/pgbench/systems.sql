-- A thousand governed systems, each with its first entry.
BEGIN;
INSERT INTO governance_system (id, slug, name, description, dataset_change_limit_rate,
    starter_may_cast_last_vote, registered_at, registered_by_username)
SELECT md5(n::text)::uuid, 's' || n, 'Remote', '', 0.1, false, now(), 'ada' FROM generate_series(1, 1000) AS n;
WITH written AS (
    INSERT INTO entry (id, stream, stream_seq, body, at)
    SELECT gen_random_uuid(), 'system:' || md5(n::text)::uuid, 1,
        convert_to(format('{"seq":1,"stream":"system:%s"}', md5(n::text)::uuid), 'UTF8'), now()
    FROM generate_series(1, 1000) AS n RETURNING id
)
INSERT INTO pending (entry_id) SELECT id FROM written;
COMMIT;

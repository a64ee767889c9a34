-- The floor's table, which nothing guards, and those of a hash chain, with a thousand rows to change.
CREATE TABLE plain_system (LIKE governance_system INCLUDING ALL);
CREATE TABLE chain (seq bigint PRIMARY KEY, body bytea NOT NULL, hash bytea NOT NULL);
CREATE TABLE chain_head (seq bigint NOT NULL, hash bytea NOT NULL);
INSERT INTO chain_head VALUES (0, sha256(''));
INSERT INTO plain_system (id, slug, name, description, dataset_change_limit_rate, starter_may_cast_last_vote,
    registered_at, registered_by_username)
SELECT md5(n::text)::uuid, 's' || n, 'Remote', '', 0.1, false, now(), 'ada' FROM generate_series(1, 1000) AS n;

-- The floor: one row is changed, and nothing keeps a record of it.
\set n random(1, 1000)
BEGIN;
UPDATE plain_system SET name = 'Renamed' WHERE id = md5(:n::text)::uuid RETURNING 'system:' || id AS stream \gset
COMMIT;

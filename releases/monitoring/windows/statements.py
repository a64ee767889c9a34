"""The statements that place, mark and add up the decisions of whole windows, many at once.

The database finds each decision's arm by the arithmetic of :mod:`releases.bundles.arms`; a test compares the
two. A decision counts where its stamp is the one that was due, and an answer in the shadow where it is of
another release that the assignment names.
"""

from releases.monitoring.vocabulary.series import SETTLING, WINDOW
from releases.monitoring.vocabulary.sketches import MULTIPLIER, SMALLEST

COMBINATION = "{combination}"
"""Where a statement names what the segments read of a decision's attributes (:func:`combining`)."""

_AT_ONCE = 50  # a function of PostgreSQL takes 100 arguments

PLACED = f"""
stretch AS (
    SELECT * FROM jsonb_to_recordset(%(stretches)s::jsonb) AS s (
        number int, lower timestamptz, upper timestamptz, began timestamptz, deployment uuid, stable uuid,
        candidate uuid, kept uuid, internal boolean, shadowing boolean, treatment float8, control float8,
        salt text, keys jsonb, settling uuid[], stamps text[])
),
placed AS (
    SELECT w.start, s.number, s.began, s.deployment, s.settling,
        d.at < s.lower + interval '{SETTLING.total_seconds():.0f} s' AS settles, d.id, d.at, d.subject,
        d.outcome, d.latency_ms, d.revision_id, s.shadowing, d.shadow ->> 'stamp' AS shadow_stamp,
        CASE WHEN d.shadow ->> 'stamp' = ANY (s.stamps) AND d.shadow ->> 'stamp' <> d.stamp
            THEN d.shadow ->> 'outcome' END AS shadow,
        a.arm, CASE WHEN a.arm = 'candidate' THEN s.candidate
            WHEN a.arm = 'control' THEN coalesce(s.kept, s.stable) ELSE s.stable END AS due,
        {COMBINATION} AS combination
    FROM unnest(%(starts)s::timestamptz[]) AS w (start)
    JOIN stretch AS s ON s.lower < w.start + interval '{WINDOW.total_seconds():.0f} s'
        AND (s.upper IS NULL OR s.upper > w.start)
    JOIN releases_decision AS d ON d.channel_id = %(channel)s AND d.at >= greatest(w.start, s.lower)
        AND d.at < least(w.start + interval '{WINDOW.total_seconds():.0f} s', s.upper)
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN s.candidate IS NULL AND s.control = 0 THEN 'stable'
            WHEN s.internal THEN CASE WHEN s.keys ? d.subject THEN 'candidate' ELSE 'stable' END
            WHEN p.position < s.treatment THEN 'candidate'
            WHEN p.position >= 0.5 AND p.position < 0.5::float8 + s.control THEN 'control'
            ELSE 'stable' END AS arm
        FROM (SELECT 1) AS one LEFT JOIN (
            -- Both halves are exact in a double, so that their sum is rounded once, as Python's division is.
            SELECT (((h.bits >> 32) & 4294967295)::float8 * 4294967296 + (h.bits & 4294967295)::float8)
                / 18446744073709551616::float8 AS position
            FROM (
                SELECT ('x' || encode(substr(sha256(
                    convert_to(s.salt, 'UTF8') || '\\x00'::bytea || convert_to(d.subject, 'UTF8')
                ), 1, 8), 'hex'))::bit(64)::bigint AS bits
                WHERE s.candidate IS NOT NULL OR s.control > 0
                OFFSET 0
            ) AS h
        ) AS p ON true
    ) AS a
)"""  # noqa: S608 - constants of this module alone


def combining(statement: str, attributes: int) -> str:
    """The statement for so many attributes, which it takes as ``attributes``."""
    places = [f"d.attributes -> (%(attributes)s::text[])[{place}]" for place in range(1, attributes + 1)]
    parts = [
        f"jsonb_build_array({', '.join(places[first : first + _AT_ONCE])})"
        for first in range(0, max(attributes, 1), _AT_ONCE)
    ]
    return statement.replace(COMBINATION, f"({' || '.join(parts)})::text")


STAMPS = f"""
WITH {PLACED}, judged AS (
    SELECT start, number, began, deployment, id, at, revision_id IS NULL AS unknown,
        revision_id IS NOT NULL AND (
            revision_id <> due AND NOT (settles AND revision_id = ANY (settling))
            OR shadowing AND shadow_stamp IS NOT NULL AND shadow IS NULL AND NOT settles
        ) AS wrong
    FROM placed
)
SELECT start, began, deployment, count(*), count(*) FILTER (WHERE unknown), count(*) FILTER (WHERE wrong),
    (array_agg(id ORDER BY at, id) FILTER (WHERE unknown OR wrong))[1:%(examples)s]
FROM judged GROUP BY start, began, deployment
"""  # noqa: S608 - constants of this module alone

MOVED = f"""
WITH {PLACED}, new AS (
    SELECT began, subject, min(start) AS start FROM placed WHERE revision_id = due GROUP BY began, subject
)
SELECT DISTINCT seen.starts_at FROM new JOIN releases_subjectseen AS seen
ON seen.channel_id = %(channel)s AND seen.stage_began_at = new.began AND seen.subject = new.subject
WHERE seen.starts_at > new.start
"""  # noqa: S608 - constants of this module alone

MARK = f"""
WITH {PLACED}
INSERT INTO releases_subjectseen (channel_id, stage_began_at, subject, starts_at)
SELECT %(channel)s, began, subject, min(start) FROM placed WHERE revision_id = due GROUP BY began, subject
ON CONFLICT (channel_id, stage_began_at, subject) DO UPDATE SET starts_at = EXCLUDED.starts_at
WHERE releases_subjectseen.starts_at > EXCLUDED.starts_at
"""  # noqa: S608 - constants of this module alone

_OUTCOMES = """count(*) AS n,
        count(*) FILTER (WHERE outcome = 'retry') AS retry,
        count(*) FILTER (WHERE outcome = 'reject') AS refused,
        count(*) FILTER (WHERE outcome <> 'accept') AS not_accepted,
        count(*) FILTER (WHERE outcome = 'error') AS error,
        count(shadow) AS shadows,
        count(*) FILTER (WHERE shadow <> outcome) AS disagreement,
        count(*) FILTER (WHERE shadow <> 'accept' AND outcome = 'accept') AS stricter,
        count(*) FILTER (WHERE shadow = 'accept' AND outcome <> 'accept') AS looser"""

COUNTS = f"""
WITH {PLACED}, part AS (
    SELECT start, number, arm, combination, subject, min(began) AS began, {_OUTCOMES}
    FROM placed WHERE revision_id = due
    GROUP BY start, number, arm, combination, subject
),
marked AS (
    SELECT part.*, seen.id IS NOT NULL AS first,
        count(*) OVER (PARTITION BY start, began, part.subject) = 1 AS alone
    FROM part LEFT JOIN releases_subjectseen AS seen
        ON seen.channel_id = %(channel)s AND seen.stage_began_at = part.began
        AND seen.subject = part.subject AND seen.starts_at = part.start
)
SELECT start, number, arm, combination,
    CASE WHEN NOT alone THEN subject END, bool_or(first),
    count(*) FILTER (WHERE first), count(*) FILTER (WHERE first AND shadows > 0),
    sum(n)::bigint, sum(retry)::bigint, sum(refused)::bigint, sum(not_accepted)::bigint, sum(error)::bigint,
    sum(shadows)::bigint, sum(disagreement)::bigint, sum(stricter)::bigint, sum(looser)::bigint,
    coalesce(sum(retry::float8 / n) FILTER (WHERE first), 0),
    coalesce(sum(refused::float8 / n) FILTER (WHERE first), 0),
    coalesce(sum(not_accepted::float8 / n) FILTER (WHERE first), 0),
    coalesce(sum(error::float8 / n) FILTER (WHERE first), 0),
    coalesce(sum(disagreement::float8 / shadows) FILTER (WHERE first AND shadows > 0), 0),
    coalesce(sum(stricter::float8 / shadows) FILTER (WHERE first AND shadows > 0), 0),
    coalesce(sum(looser::float8 / shadows) FILTER (WHERE first AND shadows > 0), 0)
FROM marked
GROUP BY start, number, arm, combination, 5
"""  # noqa: S608 - constants of this module alone
"""Counts by combination of attributes: together for subjects whose captures in the window have one, and one
row for each combination of a subject that has several, whose share is of all that a segment holds of them.
"""

LATENCIES = f"""
WITH {PLACED}
SELECT start, number, arm, combination,
    CASE WHEN latency_ms > {SMALLEST!r} THEN ceil(ln(latency_ms) * {MULTIPLIER!r})::int END AS bin, count(*)
FROM placed WHERE revision_id = due
GROUP BY start, number, arm, combination, bin
"""  # noqa: S608 - constants of this module alone

_WINDOW_COLUMNS = "subjects, events, captures, capture_events, sketch"
WRITE_WINDOWS = f"""
INSERT INTO releases_window AS w (channel_id, deployment_id, stage_began_at, starts_at, arm, revision_id,
    segment, metric, {_WINDOW_COLUMNS}, version)
SELECT %(channel)s, deployment, began, start, arm, revision, segment, metric, {_WINDOW_COLUMNS}, 1
FROM unnest(%(deployments)s::uuid[], %(begans)s::timestamptz[], %(windows)s::timestamptz[], %(arms)s::text[],
    %(revisions)s::uuid[], %(keys)s::text[], %(metrics)s::text[], %(subjects)s::int[], %(events)s::float8[],
    %(captures)s::int[], %(capture_events)s::int[], %(sketches)s::bytea[])
    AS n (deployment, began, start, arm, revision, segment, metric, {_WINDOW_COLUMNS})
ON CONFLICT ON CONSTRAINT window_once DO UPDATE SET ({_WINDOW_COLUMNS}, version) = (
    EXCLUDED.subjects, EXCLUDED.events, EXCLUDED.captures, EXCLUDED.capture_events, EXCLUDED.sketch,
    w.version + CASE WHEN w.starts_at = ANY (%(reopened)s::timestamptz[]) THEN 1 ELSE 0 END)
WHERE w.starts_at = ANY (%(reopened)s::timestamptz[])
    OR (w.subjects, w.events, w.captures, w.capture_events, w.sketch) IS DISTINCT FROM (
    EXCLUDED.subjects, EXCLUDED.events, EXCLUDED.captures, EXCLUDED.capture_events, EXCLUDED.sketch)
"""  # noqa: S608 - constants of this module alone

WRITE_STAMPS = """
INSERT INTO releases_stampcount (channel_id, deployment_id, stage_began_at, starts_at, decisions,
    unknown_stamps, wrong_arm, examples)
SELECT %(channel)s, deployment, began, start, decisions, unknown, wrong, examples
FROM unnest(%(deployments)s::uuid[], %(begans)s::timestamptz[], %(windows)s::timestamptz[],
    %(decisions)s::int[], %(unknown)s::int[], %(wrong)s::int[], %(examples)s::jsonb[])
    AS n (deployment, began, start, decisions, unknown, wrong, examples)
ON CONFLICT ON CONSTRAINT stamp_count_once DO UPDATE SET decisions = EXCLUDED.decisions,
    unknown_stamps = EXCLUDED.unknown_stamps, wrong_arm = EXCLUDED.wrong_arm, examples = EXCLUDED.examples
"""

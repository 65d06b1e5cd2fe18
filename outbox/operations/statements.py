"""The statements that look at, change and verify the deliveries of an operation."""

from __future__ import annotations

# What happens to the delivery `held` when an operation comes to it. A timer is never dispatched before it is due, and
# doing its work early would be another thing than doing it.
# What has called the outside world and is done may not be done again; nor may the first half of a join, which would
# make the other half's call anew without asking what became of it; nor what is in doubt, unless somebody who has asked
# the outside says so.
VERDICT = """
CASE
    WHEN held.state = 'dispatched' THEN 'already_running'
    WHEN held.state = 'orphaned' OR (reaction.retired_at IS NOT NULL AND %(kind)s <> 'skip') THEN 'orphaned'
    WHEN %(kind)s = 'skip' THEN CASE WHEN held.state IN ('waiting', 'parked') THEN 'skipped' ELSE 'already_done' END
    WHEN %(kind)s = 'park' THEN
        CASE held.state WHEN 'waiting' THEN 'parked' WHEN 'parked' THEN 'already_parked' ELSE 'already_done' END
    WHEN %(kind)s = 'release' AND held.state <> 'parked' THEN 'not_parked'
    WHEN held.state = 'waiting' AND held.due_at <= clock_timestamp() THEN 'already_due'
    WHEN held.state = 'waiting' AND held.dispatch_id IS NULL THEN 'not_due_yet'
    WHEN held.state IN ('done', 'ignored')
        AND (NOT %(done_too)s OR (reaction.is_effect
            AND (held.called_at IS NOT NULL OR starts_with(held.outcome, 'waits for ')))) THEN 'already_done'
    WHEN held.called_at IS NOT NULL AND held.reaction_id = ANY(%(never_twice)s) AND NOT %(in_doubt_too)s THEN 'in_doubt'
    ELSE 'released'
END
"""

PREVIEW = f"""
SELECT verdict, count(*), count(DISTINCT order_id)
FROM (SELECT held.order_id, {VERDICT} AS verdict
      FROM outbox_delivery held LEFT JOIN outbox_reaction reaction ON reaction.id = held.reaction_id
      WHERE held.id = ANY(%(ids)s)) AS judged
GROUP BY GROUPING SETS ((verdict), ())
"""  # noqa: S608  # made of constants

FREEZE = """
INSERT INTO outbox_operationitem (operation_id, delivery_id, order_id, outcome, before, words, attempts)
SELECT %s, id, order_id, 'planned', '', '', 0 FROM outbox_delivery WHERE id = ANY(%s) ORDER BY id
"""

# What would be left alone is told at once, and takes no place among those that have a rate or wait for the first.
PASS_BY = f"""
UPDATE outbox_operationitem i
SET outcome = verdict, verified_at = clock_timestamp(),
    before = concat_ws(': ', judged.state, nullif(judged.outcome, ''))
FROM (SELECT held.id, held.state, held.outcome, {VERDICT} AS verdict
      FROM outbox_delivery held LEFT JOIN outbox_reaction reaction ON reaction.id = held.reaction_id
      WHERE held.id = ANY(%(ids)s)) AS judged
WHERE i.operation_id = %(operation)s AND i.delivery_id = judged.id AND verdict NOT IN ('released', 'skipped', 'parked')
"""  # noqa: S608  # made of constants

# Comes to the next deliveries of an operation: as many as its rate allows since it last did, or `most`. Where somebody
# else has the row locked, a worker in the middle of its transaction or another operator at this very moment, it runs
# already. (Nothing is joined to what was taken but by an index, whatever the planner believes of its size.)
CARRY_OUT = f"""
WITH allowed AS (
    SELECT CASE WHEN rate IS NULL THEN NULL ELSE least(rate, floor(rate * extract(
        epoch FROM clock_timestamp() - coalesce(released_at, requested_at - interval '1 second')))) END AS most
    FROM outbox_operation WHERE id = %(operation)s),
next AS MATERIALIZED (
    SELECT id, delivery_id FROM outbox_operationitem
    WHERE operation_id = %(operation)s AND outcome = 'planned'
    ORDER BY id LIMIT (SELECT least(most, %(most)s::bigint) FROM allowed)),
held AS MATERIALIZED (
    SELECT next.id AS item, d.* FROM next JOIN outbox_delivery d ON d.id = next.delivery_id
    ORDER BY d.id FOR UPDATE OF d SKIP LOCKED),
judged AS MATERIALIZED (
    SELECT item, held.id, held.state, held.outcome, held.attempts, {VERDICT} AS verdict
    FROM held LEFT JOIN outbox_reaction reaction ON reaction.id = held.reaction_id
    UNION ALL
    SELECT id, NULL, NULL, NULL, NULL, 'already_running' FROM next WHERE id NOT IN (SELECT item FROM held)),
changed AS (
    UPDATE outbox_delivery d
    SET state = CASE verdict WHEN 'released' THEN 'waiting' ELSE verdict END,
        attempts = CASE WHEN verdict = 'released' AND judged.state <> 'waiting' THEN 0 ELSE d.attempts END,
        due_at = CASE WHEN verdict <> 'released' THEN d.due_at
                      WHEN d.dispatch_id IS NULL THEN greatest(d.due_at, clock_timestamp())
                      ELSE clock_timestamp() END,
        done_at = CASE verdict WHEN 'released' THEN NULL ELSE clock_timestamp() END,
        outcome = CASE WHEN verdict <> 'released' THEN %(words)s
                       WHEN d.dispatch_id IS NULL THEN '' ELSE d.outcome END,
        called_at = CASE WHEN verdict = 'released' AND %(in_doubt_too)s AND d.reaction_id = ANY(%(never_twice)s)
                         THEN NULL ELSE d.called_at END
    FROM judged WHERE d.id = judged.id AND verdict IN ('released', 'skipped', 'parked')),
noted AS (
    UPDATE outbox_operationitem i
    SET outcome = verdict, released_at = CASE verdict WHEN 'released' THEN clock_timestamp() END,
        verified_at = CASE verdict WHEN 'released' THEN NULL ELSE clock_timestamp() END,
        before = concat_ws(': ', judged.state, nullif(judged.outcome, '')),
        attempts = CASE judged.state WHEN 'waiting' THEN judged.attempts ELSE 0 END
    FROM judged WHERE i.id = judged.item)
SELECT count(*) FILTER (WHERE verdict = 'released') FROM judged
"""  # noqa: S608  # made of constants

# What has become of the deliveries that were begun. One that waits with more failed attempts than it had has failed
# again, although the engine will go on trying.
VERIFY = """
UPDATE outbox_operationitem i
SET outcome = CASE d.state WHEN 'done' THEN 'succeeded' WHEN 'ignored' THEN 'nothing_to_do'
                           WHEN 'skipped' THEN 'skipped' WHEN 'orphaned' THEN 'orphaned' ELSE 'failed_again' END,
    words = d.outcome, verified_at = clock_timestamp()
FROM outbox_delivery d
WHERE i.operation_id = ANY(%s) AND i.outcome = 'released' AND d.id = i.delivery_id
  AND (d.state NOT IN ('waiting', 'dispatched') OR (d.state = 'waiting' AND d.attempts > i.attempts))
"""

STOP = "UPDATE outbox_operationitem SET outcome = 'stopped' WHERE operation_id = %s AND outcome = 'planned'"

RECOUNT = """
UPDATE outbox_operation o
SET counts = tally.counts, closed_at = CASE WHEN tally.counts ?| '{planned,released}' THEN NULL
                                            ELSE clock_timestamp() END
FROM (SELECT operation_id, jsonb_object_agg(outcome, n) AS counts
      FROM (SELECT operation_id, outcome, count(*) AS n FROM outbox_operationitem
            WHERE operation_id = ANY(%s) GROUP BY operation_id, outcome) AS each
      GROUP BY operation_id) AS tally
WHERE o.id = tally.operation_id
RETURNING o.id, o.counts::text
"""

# A group is fixed when an operation has brought something of it through and nothing of it is left open.
FIXED = """
UPDATE outbox_failuregroup g SET fixed_at = clock_timestamp()
WHERE g.id IN (SELECT d.failure_group_id FROM outbox_operationitem i JOIN outbox_delivery d ON d.id = i.delivery_id
               WHERE i.operation_id = ANY(%s) AND i.outcome IN ('succeeded', 'nothing_to_do'))
  AND NOT EXISTS (SELECT 1 FROM outbox_delivery d
                  WHERE d.failure_group_id = g.id AND d.state IN ('waiting', 'dispatched', 'parked'))
"""

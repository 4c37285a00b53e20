"""Which messages are planned and for when, in the words of the indexes; of a message `m`."""

# What is held back of a planned batch has no time of its own until it is let go: when it would leave is kept beside it.
IS_PLANNED = "(m.scheduled_at IS NOT NULL OR (m.kind = 'batch' AND m.schedule_zone <> ''))"
LEAVES = "COALESCE(m.scheduled_at, m.not_before)"

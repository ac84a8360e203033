//! What always holds of what is stored, in SQL that both engines read.

/// One thing that always holds.
pub(crate) struct Check {
    /// Counts where it does not.
    pub(crate) counts: &'static str,
    /// What is counted.
    pub(crate) what: &'static str,
}

/// All of them.
pub(crate) const CHECKS: &[Check] = &[
    Check {
        counts: "SELECT count(*) FROM store_event e
                 WHERE NOT EXISTS (SELECT 1 FROM store_aggregate a WHERE a.row = e.aggregate)",
        what: "events belong to no aggregate",
    },
    Check {
        counts: "SELECT count(*) FROM store_aggregate a
                 WHERE a.last_event <> (SELECT count(*) FROM store_event e
                                        WHERE e.aggregate = a.row AND e.seq BETWEEN 1 AND a.last_event)",
        what: "aggregates lack events",
    },
    Check {
        counts: "SELECT count(*) FROM store_event e JOIN store_aggregate a ON a.row = e.aggregate
                 WHERE e.seq > a.last_event",
        what: "events have a number beyond their aggregate's last",
    },
    Check {
        counts: "SELECT count(*) FROM store_outbox WHERE (due_at IS NULL) = (settled_at IS NULL)",
        what: "effects are neither waiting nor settled, or both",
    },
    Check {
        counts: "SELECT count(*) FROM store_audit_head h
                 WHERE NOT EXISTS (SELECT 1 FROM store_audit a
                                   WHERE a.instance = h.instance AND a.seq = h.seq AND a.hash = h.hash)",
        what: "audit chains end at another entry than they say",
    },
];

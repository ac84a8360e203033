package duologue.authz_test

import data.duologue.authz

at(moment) := {"caller": {"spiffe_id": "spiffe://example.org/anna"}, "now_ns": time.parse_rfc3339_ns(moment)}

test_within_the_hours if {
	authz.allow with input as at("2026-11-23T08:00:00Z")
}

test_the_first_minute_and_the_last if {
	authz.allow with input as at("2026-11-23T07:00:00Z")
	not authz.allow with input as at("2026-11-23T06:59:59Z")
	authz.allow with input as at("2026-11-23T16:59:59Z")
	not authz.allow with input as at("2026-11-23T17:00:00Z")
}

test_summer_time if {
	authz.allow with input as at("2026-07-20T06:00:00Z")
	not authz.allow with input as at("2026-07-20T16:00:00Z")
}

test_the_weekend if {
	not authz.allow with input as at("2026-11-22T12:00:00Z")
}

test_who_may_at_any_time if {
	watchman := object.union(at("2026-11-22T02:00:00Z"), {"caller": {"spiffe_id": "spiffe://example.org/watchman"}})
	authz.allow with input as watchman
}

test_nobody_without_an_identity if {
	not authz.allow with input as {"caller": {"principal": "anna"}, "now_ns": time.parse_rfc3339_ns("2026-11-23T08:00:00Z")}
}

test_no_time_is_no_time if {
	not authz.allow with input as {"caller": {"spiffe_id": "spiffe://example.org/anna"}}
}

test_the_reason if {
	authz.reasons == {"it is outside of office hours"} with input as at("2026-11-22T12:00:00Z")
}

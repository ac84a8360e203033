package duologue.authz_test

import data.duologue.authz

orchestrator := "spiffe://example.org/orchestrator"

call(caller, number) := {"caller": {"spiffe_id": caller}, "rate": {"caller_last_minute": number}}

test_up_to_the_bound if {
	authz.allow with input as call("spiffe://example.org/anna", 60)
	not authz.allow with input as call("spiffe://example.org/anna", 61)
}

test_a_bound_of_ones_own if {
	authz.allow with input as call(orchestrator, 600)
	not authz.allow with input as call(orchestrator, 601)
}

test_nobody_who_is_not_counted if {
	not authz.allow with input as {"caller": {"spiffe_id": orchestrator}}
}

test_nobody_without_an_identity if {
	not authz.allow with input as {"caller": {"principal": "anna"}, "rate": {"caller_last_minute": 1}}
}

test_the_reason if {
	authz.reasons == {"more than 60 calls in a minute"} with input as call("spiffe://example.org/anna", 61)
}

package duologue.authz_test

import data.duologue.authz

orchestrator := "spiffe://example.org/orchestrator"

call(caller, earlier) := {"caller": {"principal": caller, "spiffe_id": caller}, "on_behalf_of": earlier}

test_a_listed_caller_may if {
	authz.allow with input as call(orchestrator, []) with data.callers as [orchestrator]
}

test_another_may_not if {
	not authz.allow with input as call("spiffe://example.org/other", [])
	authz.reasons == {"the caller is not listed"} with input as call("spiffe://example.org/other", [])
}

test_a_name_that_was_not_proven_as_a_spiffe_id_may_not if {
	not authz.allow with input as {"caller": {"principal": orchestrator}, "on_behalf_of": []}
}

test_nothing_known_is_denied if {
	not authz.allow with input as {}
}

test_whom_it_serves_does_not_matter_without_a_list if {
	authz.allow with input as call(orchestrator, ["spiffe://example.org/cli/anna"])
}

test_whom_it_serves_matters_with_a_list if {
	low := call(orchestrator, ["spiffe://example.org/cli/anna", "spiffe://example.org/low"])
	not authz.allow with input as low with data.on_behalf_of as ["spiffe://example.org/cli/anna"]
	authz.allow with input as low with data.on_behalf_of as low.on_behalf_of
	authz.allow with input as call(orchestrator, []) with data.on_behalf_of as []
}

package duologue.authz_test

import data.duologue.authz

orchestrator := "spiffe://example.org/orchestrator"

anna := "spiffe://example.org/cli/anna"

rights := {orchestrator: ["delete_document", "count_words"], anna: ["count_words"]}

call(caller, earlier, method) := {
	"caller": {"principal": caller, "spiffe_id": caller},
	"on_behalf_of": earlier,
	"request": {"method": method, "operation": "SendMessage"},
}

test_alone_by_its_own_rights if {
	authz.allow with input as call(orchestrator, [], "delete_document") with data.rights as rights
	not authz.allow with input as call(anna, [], "delete_document") with data.rights as rights
}

test_nobody_gets_more_through_another if {
	not authz.allow with input as call(orchestrator, [anna], "delete_document") with data.rights as rights
	authz.allow with input as call(orchestrator, [anna], "count_words") with data.rights as rights
}

test_nobody_gives_its_own_rights_to_the_caller if {
	not authz.allow with input as call(anna, [orchestrator], "delete_document") with data.rights as rights
}

test_one_of_a_long_chain_is_enough_to_deny if {
	chain := [orchestrator, anna, orchestrator]
	not authz.allow with input as call(orchestrator, chain, "delete_document") with data.rights as rights
}

test_who_is_not_listed_may_nothing if {
	not authz.allow with input as call("spiffe://example.org/x", [], "count_words") with data.rights as rights
	not authz.allow with input as call(orchestrator, ["spiffe://example.org/x"], "count_words")
		with data.rights as rights
}

test_a_name_that_was_not_proven_as_a_spiffe_id_may_nothing if {
	named := {"caller": {"principal": orchestrator}, "on_behalf_of": [], "request": {"method": "count_words"}}
	not authz.allow with input as named with data.rights as rights
}

test_tasks_of_ones_own_can_be_followed_up if {
	follow_up := object.union(
		call(anna, [], "GetTask"),
		{"request": {"method": "GetTask", "operation": "GetTask"}},
	)
	authz.allow with input as follow_up with data.rights as rights
	not authz.allow with input as follow_up with data.rights as {}
}

test_the_reason_names_who_may_not if {
	authz.reasons == {"spiffe://example.org/cli/anna may not call delete_document"} with input as call(
		orchestrator,
		[anna],
		"delete_document",
	)
		with data.rights as rights
}

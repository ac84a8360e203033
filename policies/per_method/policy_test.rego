package duologue.authz_test

import data.duologue.authz

orchestrator := "spiffe://example.org/orchestrator"

anna := "spiffe://example.org/cli/anna"

methods := {"analyze_document": [orchestrator], "count_words": ["*"]}

call(caller, method) := {
	"caller": {"spiffe_id": caller},
	"request": {"method": method, "operation": "SendMessage"},
}

follow_up(caller) := {
	"caller": {"spiffe_id": caller},
	"request": {"method": "GetTask", "operation": "GetTask"},
}

test_who_is_listed_may if {
	authz.allow with input as call(orchestrator, "analyze_document") with data.methods as methods
}

test_who_is_not_listed_may_not if {
	not authz.allow with input as call(anna, "analyze_document") with data.methods as methods
}

test_the_star_is_everybody_with_an_identity if {
	authz.allow with input as call(anna, "count_words") with data.methods as methods
	not authz.allow with input as {
		"caller": {"principal": "joe"},
		"request": {"method": "count_words", "operation": "SendMessage"},
	}
		with data.methods as methods
}

test_a_capability_that_is_not_listed_is_nobodys if {
	not authz.allow with input as call(orchestrator, "drop_tables") with data.methods as methods
}

test_who_may_call_something_may_follow_it_up if {
	authz.allow with input as follow_up(orchestrator) with data.methods as {"analyze_document": [orchestrator]}
	not authz.allow with input as follow_up(anna) with data.methods as {"analyze_document": [orchestrator]}
}

test_the_reason_names_the_capability if {
	authz.reasons == {"the caller may not call analyze_document"} with input as call(anna, "analyze_document")
		with data.methods as methods
}

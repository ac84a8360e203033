package duologue.authz_test

import data.duologue.authz

call(caller, method) := {"caller": {"spiffe_id": caller}, "request": {"method": method}}

orchestrator := "spiffe://example.org/agent/document-orchestrator"

test_the_orchestrator_may if {
	every method in ["analyze_document", "count_words", "detect_sentiment"] {
		authz.allow with input as call(orchestrator, method)
	}
}

test_the_orchestrator_may_nothing_else if {
	not authz.allow with input as call(orchestrator, "delete_document")
}

test_others_may_not if {
	not authz.allow with input as call("spiffe://example.org/cli/ada", "count_words")
}

# Only the orchestrator, and only what it needs.
package duologue.authz

default allow := false

allow if {
	input.caller.spiffe_id == "spiffe://example.org/agent/document-orchestrator"
	input.request.method == "summarize"
}

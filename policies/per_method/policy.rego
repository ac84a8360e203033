# Who may call which capability.
package duologue.authz

default allow := false

# data.methods: capability -> SPIFFE IDs of those who may call it; "*" for everybody who has one.
allow if may_call(input.request.method)

# What belongs to a task: looking at it, following it, cancelling it. It is the owner's, who could call something.
allow if {
	operation := input.request.operation
	not operation in {"SendMessage", "SendStreamingMessage"}
	some method, _ in data.methods
	may_call(method)
}

may_call(method) if input.caller.spiffe_id in data.methods[method]

may_call(method) if {
	"*" in data.methods[method]
	input.caller.spiffe_id
}

reasons contains sprintf("the caller may not call %s", [input.request.method]) if not allow

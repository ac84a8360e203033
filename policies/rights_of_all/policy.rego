# What the caller may do and everybody on whose behalf it calls may do too: nobody gets more through another than alone, however
# long the chain of calls is (the confused deputy).
package duologue.authz

default allow := false

allow if {
	may(input.caller.spiffe_id)
	is_array(input.on_behalf_of)
	every earlier in input.on_behalf_of {
		may(earlier)
	}
}

# data.rights: SPIFFE ID -> capabilities that it may call.
may(who) if input.request.method in data.rights[who]

# What belongs to a task, which is its owner's: looking at it, following it, cancelling it.
may(who) if {
	operation := input.request.operation
	not operation in {"SendMessage", "SendStreamingMessage"}
	count(data.rights[who]) > 0
}

reasons contains sprintf("%s may not call %s", [who, input.request.method]) if {
	some who in array.concat([input.caller.principal], input.on_behalf_of)
	not may(who)
}

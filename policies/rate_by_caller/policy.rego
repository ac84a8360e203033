# So many calls a minute for each caller.
package duologue.authz

default allow := false

# The agent counts: input.rate.caller_last_minute is how many calls this caller has made in the last minute, this one among
# them, those that were denied too. Without a count nobody may call.
allow if {
	input.caller.spiffe_id
	input.rate.caller_last_minute <= most
}

# data.per_minute: SPIFFE ID -> calls a minute; data.otherwise: for those who are not listed.
most := object.get(data.per_minute, input.caller.spiffe_id, data.otherwise)

reasons contains sprintf("more than %d calls in a minute", [most]) if input.rate.caller_last_minute > most

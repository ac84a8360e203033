# Only callers that are listed, and nobody through them who is not.
package duologue.authz

default allow := false

# data.callers: SPIFFE IDs of those who may call.
allow if {
	listed
	known_origin
}

listed if input.caller.spiffe_id in data.callers

# data.on_behalf_of: who may stand behind a caller; null: anybody, since a listed caller is trusted with whom it serves.
known_origin if data.on_behalf_of == null

known_origin if {
	data.on_behalf_of != null
	every earlier in input.on_behalf_of {
		earlier in data.on_behalf_of
	}
}

reasons contains "the caller is not listed" if not listed

reasons contains "it comes on behalf of somebody who is not listed" if not known_origin

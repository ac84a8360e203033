#!/usr/bin/env bash
# The document example: a worker, a summariser and an orchestrator, each with an identity of its own from the authority in the data
# directory, which is started if it does not run. Goes on until it is interrupted. The folder of the programs is the argument.
set -euo pipefail
bin=$(cd "${1:?the folder of the programs, such as target/release}" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")"
mkdir -p ../target/example-documents
pids=()

stop() {
  trap - EXIT INT TERM
  # The newest first: whoever calls ends before whom it calls.
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    kill -TERM "${pids[i]}" 2>/dev/null || continue
    wait "${pids[i]}" 2>/dev/null || true
  done
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

authority_answers() { "$bin/duologue" identity entry list >/dev/null 2>&1; }

if ! authority_answers; then
  "$bin/duologue" identity authority >../target/example-documents/authority.log 2>&1 &
  pids+=($!)
  for _ in $(seq 100); do
    authority_answers && break
    kill -0 "${pids[0]}" 2>/dev/null || break
    sleep 0.1
  done
  authority_answers || { cat ../target/example-documents/authority.log >&2 && exit 1; }
fi

# Who may be which agent: this user, running this program.
for agent in document-worker document-summariser document-orchestrator; do
  "$bin/duologue" identity entry add "spiffe://example.org/agent/$agent" --program "$bin/$agent" >/dev/null 2>&1 ||
    "$bin/duologue" identity entry list | grep -qF "$bin/$agent" ||
    "$bin/duologue" identity entry add "spiffe://example.org/agent/$agent" --program "$bin/$agent"
done

# The orchestrator opens only once the others answer (server.wait_for in its file).
for agent in document-worker document-summariser document-orchestrator; do
  (cd "$agent" && exec "$bin/$agent" --config agent.yaml) &
  pids+=($!)
done
wait -n "${pids[@]}"

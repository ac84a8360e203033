#!/usr/bin/env bash
# A call with the agent of this folder: rooms, the agent, somebody who calls, and what both say, with the tools that the agent calls. The
# folder of the programs is the argument. Lines of a file take the place of models, unless DUOLOGUE_STT, _LLM and _TTS say otherwise.
set -euo pipefail
PATH=$(cd "${1:?the folder of the programs, such as target/release}" && pwd):$PATH
cd "$(dirname "${BASH_SOURCE[0]}")"
export PATH DUOLOGUE_STT=${DUOLOGUE_STT:-scripted} DUOLOGUE_LLM=${DUOLOGUE_LLM:-scripted} DUOLOGUE_TTS=${DUOLOGUE_TTS:-scripted}
unset LIVEKIT_URL LIVEKIT_API_KEY LIVEKIT_API_SECRET
home=$(mktemp -d) over=
export DUOLOGUE_HOME=$home
pids=()

stop() {
  trap - EXIT INT TERM
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    kill -TERM "${pids[i]}" 2>/dev/null || continue
    wait "${pids[i]}" 2>/dev/null || true
  done
  rm -rf "$home"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The rooms are on ports that are free; the first line says which.
mkfifo "$home/rooms"
duologue --json up --no-agents --port 0 --rooms-port 0 --media-port 0 >"$home/rooms" 2>"$home/up.log" &
pids+=($!)
read -r ready <"$home/rooms" || { cat "$home/up.log" >&2 && exit 1; }
DUOLOGUE_ROOMS_PORT=$(sed -n 's/.*"url":"ws:[^"]*:\([0-9]*\)".*/\1/p' <<<"$ready")
export DUOLOGUE_ROOMS_PORT

# A tool that is called is logged by its name, without what it was asked and what it answered.
DUOLOGUE_LOG=warn,duologue_tools=debug voice-agent-with-tools --port "${AGENT_PORT:-8446}" >&2 &
pids+=($!)
DUOLOGUE_LOG=warn duologue agent dev caller.yaml &
pids+=($!)
duologue room create call --agent parcel-desk --agent parcel-caller

# Who watches is not seen; it is over when one of them hangs up.
exec 3< <(exec duologue room watch call --for 120)
pids+=($!)
said=
while IFS= read -r line <&3; do
  case $line in
    *lk.transcription*', as '*) ;; # What one heard the other say.
    *lk.transcription*)
      # A line is told as it begins, and once more when it was said.
      [ "${line#* s  }" = "$said" ] || printf '%s\n' "$line"
      said=${line#* s  }
      ;;
    *' has left'*) over=1 && break ;;
  esac
done
[ -n "$over" ] || { echo 'the call did not end within two minutes' >&2 && exit 1; }

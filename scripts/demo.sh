#!/usr/bin/env bash
# A voice conversation between two agents, from a fresh clone: called by `make demo`, which passes CARGO and BIN.
# The models download while the engines compile. Ctrl-C is safe at any time: what is built and fetched stays.
set -euo pipefail

cargo=${CARGO:-cargo}
bin=${BIN:?call this as: make demo}
log=$bin/demo-models.log
fetch=

stop_fetch() {
  if [ -n "$fetch" ] && kill -TERM "$fetch" 2>/dev/null; then
    wait "$fetch" 2>/dev/null || true
  fi
  fetch=
}
interrupted() {
  trap - INT TERM
  stop_fetch
  printf '\ndemo: stopped. What was built and downloaded is kept; `make demo` goes on from there.\n' >&2
  exit 130
}
trap interrupted INT TERM
trap stop_fetch EXIT

say_what_is_ahead() {
  if [ -x "$bin/duologue" ] && [ -x "$bin/duologue-engine-llm" ] && [ -x "$bin/duologue-engine-speech" ]; then
    echo 'demo: built before, so this is quick unless sources changed; models that are missing are fetched (1.2 GB in all).'
    return
  fi
  echo 'demo: the first time takes 12 to 16 minutes on two cores: it compiles llama.cpp, whisper.cpp and Duologue while'
  echo '      it downloads 1.2 GB of models (4 GB of disk while unpacking, 1.3 GB after). Then the call begins.'
  local free_kib
  free_kib=$(df -Pk . | awk 'NR == 2 { print $4 }')
  if [ "$free_kib" -lt $((8 * 1024 * 1024)) ]; then
    echo "demo: only $((free_kib / 1024 / 1024)) GB are free here; building and models need about 8 GB together." >&2
  fi
}

# Runs beside the compilers, so it writes to a file; a background job of a script never sees Ctrl-C itself.
start_fetch() {
  "$bin/duologue" models fetch >"$log" 2>&1 </dev/null &
  fetch=$!
  echo "demo: models are being fetched in the background; progress in $log"
}

finish_fetch() {
  if kill -0 "$fetch" 2>/dev/null; then
    echo 'demo: compiled; waiting for the rest of the models:'
    tail -n 2 -f --pid="$fetch" "$log" &
    wait "$!" || true
  fi
  local status=0
  wait "$fetch" || status=$?
  fetch=
  if [ "$status" -ne 0 ]; then
    tail -n 20 "$log" >&2
    echo "demo: the models could not be fetched (above, and in $log). Mend that and run \`make demo\` again:" >&2
    echo '      what has arrived is kept.' >&2
    exit 1
  fi
}

say_what_is_ahead
build=("$cargo" build --release -p duologue-cli -p duologue-engine-llm -p duologue-engine-speech)
"${build[@]}" --bin duologue
start_fetch
"${build[@]}" --bin duologue-engine-speech
# One language engine will do here: one for this very processor, or the portable one.
scripts/fast-engine.sh "${build[@]}" --bin duologue-engine-llm || "${build[@]}" --bin duologue-engine-llm
finish_fetch

# The platform beside the call: its rooms are where the agents meet, its page shows them. A background job of a script never
# sees Ctrl-C, so it is ended here.
platform=
said=$bin/demo-platform.json
told=$bin/demo-platform.log
start_platform() { # options
  "$bin/duologue" up --json --no-agents "$@" >"$said" 2>"$told" </dev/null &
  platform=$!
  while kill -0 "$platform" 2>/dev/null; do
    [ ! -s "$said" ] || ! page=$(sed -n 's|.*"page":"\([^"]*\)/".*|\1|p' "$said") || [ -z "$page" ] || return 0
    sleep 0.1
  done
  wait "$platform" || true
  platform=
  return 1
}
stop_platform() {
  [ -z "$platform" ] || ! kill -TERM "$platform" 2>/dev/null || wait "$platform" 2>/dev/null || true
  platform=
}
trap stop_platform EXIT

page=
if start_platform || start_platform --port 0 --rooms-port 0 --media-port 0; then
  echo "demo: the call can be followed at $page"
  keys=$(sed -n 's|.*"keys":"\([^"]*\)".*|\1|p' "$said")
  if [ -n "$keys" ]; then
    LIVEKIT_URL=$(sed -n 's|.*"url":"\([^"]*\)".*|\1|p' "$said")
    LIVEKIT_API_KEY=$(sed -n 's|.*"key": *"\([^"]*\)".*|\1|p' "$keys")
    LIVEKIT_API_SECRET=$(sed -n 's|.*"secret": *"\([^"]*\)".*|\1|p' "$keys")
    export LIVEKIT_URL LIVEKIT_API_KEY LIVEKIT_API_SECRET
  fi
else
  echo 'demo: the platform could not be started, so there is no page; the call is held without it:' >&2
  tail -n 3 "$told" >&2
fi

# The conversation ends in order on Ctrl-C by itself, and prints the path of its report last.
trap : INT TERM
status=0
report=$("$bin/duologue" converse "$@") || status=$?
[ -z "$report" ] || printf '%s\n' "$report"
id=$(sed -n 's|^Report: .*/conversations/\([^/]*\)/report\.html$|\1|p' <<<"$report")
[ -n "$page" ] && [ -n "$id" ] || exit "$status"
if [ -t 1 ] && [ "$status" -ne 130 ]; then
  echo "Page:   $page/conversations/$id (until Ctrl-C; \`duologue up\` serves it again)"
  trap 'stop_platform' INT TERM
  wait "$platform" || true
else
  stop_platform
  echo "Page:   $page/conversations/$id (\`duologue up\` serves it again)"
fi
exit "$status"

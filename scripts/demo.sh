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

# The conversation ends in order on Ctrl-C by itself, and prints the path of its report last.
trap - INT TERM EXIT
exec "$bin/duologue" converse "$@"

#!/usr/bin/env bash
# Runs one of the harnesses beside this file with livekit-agents, in an environment of its own:
#   benches/voice/peer.sh lk_audio.py single 16 42 vad
#   benches/voice/peer.sh lk_bargein.py 8
#   benches/voice/peer.sh --prepare          only makes the environment
# PYTHON names another interpreter, DUOLOGUE_BENCH_CACHE another place for the environment (400 MB).
set -euo pipefail

version=1.8.9
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}
environment=${DUOLOGUE_BENCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/duologue/bench}/livekit-agents-$version

if [ ! -e "$environment/ready" ]; then
  echo "bench: installing livekit-agents $version into $environment (once, about 400 MB)" >&2
  # `audioop`, which the fakes use, left the standard library with Python 3.13.
  "$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' || {
    echo "bench: $($python --version) does not fit: name a Python 3.10, 3.11 or 3.12 with PYTHON=…" >&2
    exit 1
  }
  rm -rf "$environment"
  "$python" -m venv "$environment"
  "$environment/bin/pip" install --quiet --disable-pip-version-check "livekit-agents==$version"
  touch "$environment/ready"
fi

[ "${1:-}" = --prepare ] && exit 0
harness=${1:?usage: peer.sh lk_audio.py|lk_bargein.py ARGUMENTS, or peer.sh --prepare}
shift
# Nothing of the measured loop needs a network; a client that waits for one would only blur the figures.
export HF_HUB_OFFLINE=1 PYTHONDONTWRITEBYTECODE=1
[ -e "$harness" ] || harness=$here/$(basename "$harness")
exec "$environment/bin/python" "$harness" "$@"

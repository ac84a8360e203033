#!/usr/bin/env bash
# Builds the page into io/api/page/built, from where the next build of the program takes it in. Does nothing where that is
# newer than its sources. Without Node.js the program is built all the same and says where the page would be: that is told
# here and is no failure, unless this is called with --required.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

built=io/api/page/built
required=${1:-}
skip() {
  echo "page: SKIPPED: $1; \`duologue up\` serves everything but the page" >&2
  [ "$required" != --required ]
  exit
}

sources=(web io/api/openapi.json io/conversation/src/report/style/theme.css io/conversation/src/report/script/theme.js
  io/conversation/src/report/brand.html io/conversation/src/report/head.html)
if [ -f "$built/index.html" ] &&
  [ -z "$(find "${sources[@]}" -path web/node_modules -prune -o -path web/src/api/schema.ts -prune -o -type f -newer "$built/index.html" -print -quit)" ]; then
  exit 0
fi

# Vite runs on 20.19 and newer.
node=$(node --version 2>/dev/null || true)
[ -n "$node" ] && command -v npm >/dev/null || skip 'no Node.js with npm here (20.19 or newer)'
IFS=. read -r major minor _ <<<"${node#v}"
[ "$major" -gt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -ge 19 ]; } || skip "Node.js here is $node, which is older than 20.19"

echo 'page: building (npm)'
cd web
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --loglevel=error || skip 'its packages could not be fetched (above)'
npm run --silent build

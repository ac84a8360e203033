#!/usr/bin/env bash
# Installs the system packages that building and fetching models need, and only those whose purpose is not served yet.
# Debian and Ubuntu; elsewhere it says what is missing. With --browser also Chromium, in which tests look at the report;
# with --postgres also PostgreSQL, of which tests start servers of their own; with --livekit-server nothing but that server, which
# tests take part in rooms of; with --opa nothing but that program, which decides beside our policies; with --interop also LiveKit's
# own clients; with --interop-a2a also the SDKs of A2A, with --interop-tools that of MCP; with --interop-identity also a client of
# the SPIFFE Workload API, with --spire SPIRE's server and agent; with --bench-a2a the SDKs and wrk, which loads their servers.
set -euo pipefail
tools=${DUOLOGUE_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/duologue-ci}

# Compiled from their sources (ten minutes each on two cores, once), into the folder where CI keeps its tools. Tests look there
# for exactly these versions.
go_program() { # name, version, package, name of the program it makes, argument that says the version
  local name=$1 version=$2 package=$3 made
  local program=$tools/tools/bin/$name-$version
  if "$program" "$5" 2>/dev/null | grep -qF "$version"; then
    echo "setup: $program is there."
    return
  fi
  need_go "$name" || return
  made=$(mktemp -d "$tools/tools/bin/making.XXXXXX")
  GOBIN=$made nice go install "$package@v$version" || {
    rm -rf "$made"
    echo "setup: $name $version could not be compiled (above)." >&2
    return 1
  }
  mv "$made/$4" "$program"
  rm -rf "$made"
  echo "setup: installed $program"
}
need_go() { # what for
  mkdir -p "$tools/tools/bin"
  command -v go >/dev/null && return
  echo "setup: Go is missing, 1.21 or newer (which fetches the version that $1 asks for): install it, then run this again." >&2
  return 1
}
case "${1:-}" in
  --livekit-server)
    go_program livekit-server 1.13.5 github.com/livekit/livekit-server/cmd/server server --version
    exit
    ;;
  --opa)
    go_program opa 1.22.2 github.com/open-policy-agent/opa opa version
    exit
    ;;
esac

# LiveKit's clients for Python and JavaScript and its agents, at the versions in tests/interop (700 MB, once), outside the
# clone. Exit code 3 where the package registries do not give them.
interop_sources=$(cd "$(dirname "${BASH_SOURCE[0]}")/../tests/interop" && pwd)
python_environment() { # folder, requirements
  local folder=$1
  # The copy is made last, so that it is there only beside what it lists.
  cmp -s "$2" "$folder/installed.txt" && return
  rm -rf "$folder"
  python3 -m venv "$folder" &&
    nice "$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$2" &&
    cp "$2" "$folder/installed.txt"
}
node_packages() { # folder, where package.json and its lock are
  local folder=$1
  cmp -s "$2/package-lock.json" "$folder/installed.json" && return
  rm -rf "$folder"
  mkdir -p "$folder"
  cp "$2"/package*.json "$folder"
  (cd "$folder" && nice npm ci --silent --no-audit --no-fund --ignore-scripts) &&
    cp "$2/package-lock.json" "$folder/installed.json"
}
install_interop() {
  mkdir -p "$tools/interop"
  if python_environment "$tools/interop/livekit-1.2.0" "$interop_sources/requirements-livekit.txt" &&
    python_environment "$tools/interop/livekit-agents-1.8.9" "$interop_sources/requirements-agents.txt" &&
    node_packages "$tools/interop/node" "$interop_sources"; then
    echo "setup: LiveKit's clients are in $tools/interop"
  else
    echo "setup: LiveKit's clients could not be installed (above): are the registries of Python and Node packages reachable?" >&2
    exit 3
  fi
}

# The SDKs of A2A for Python, JavaScript and Rust, at the versions in tests/interop-a2a (90 MB, once). Exit code 3 as above.
# The last is a program that is compiled here, in some minutes, apart from what CI builds.
rust_program() { # folder, where its package is, name
  local folder=$1 sources=$2 host
  # The copies are made last, as above.
  diff -rq "$sources/src" "$folder/src" >/dev/null 2>&1 && cmp -s "$sources/Cargo.lock" "$folder/Cargo.lock" &&
    cmp -s "$sources/Cargo.toml" "$folder/Cargo.toml" && return
  rm -rf "$folder"
  mkdir -p "$folder"
  host=$(rustc -vV | sed -n 's/^host: //p')
  (cd "$sources" && cargo fetch --quiet --locked --target "$host") || return 3
  (cd "$sources" && CARGO_TARGET_DIR=$folder/target nice cargo build --quiet --release --locked --offline) || return 1
  mv "$folder/target/release/$3" "$folder" && rm -rf "$folder/target" && cp -r "$sources/src" "$sources"/Cargo.* "$folder"
}
install_interop_a2a() {
  local sources=$interop_sources-a2a code=0
  mkdir -p "$tools/interop-a2a"
  python_environment "$tools/interop-a2a/a2a-sdk-1.3.0" "$sources/requirements.txt" &&
    node_packages "$tools/interop-a2a/node" "$sources" || code=3
  [ $code -ne 0 ] || rust_program "$tools/interop-a2a/a2a-rs-0.5.3" "$sources/rust" a2a-peers || code=$?
  case $code in
    0) echo "setup: the SDKs of A2A are in $tools/interop-a2a" ;;
    3)
      echo "setup: the SDKs of A2A could not be installed (above): are the registries of Python, Node and Rust packages reachable?" >&2
      exit 3
      ;;
    *)
      echo "setup: tests/interop-a2a/rust does not compile (above)." >&2
      exit "$code"
      ;;
  esac
}

# Clients of the SPIFFE Workload API for Python, at the versions in tests/interop-identity (40 MB, once). Exit code 3 as above.
install_interop_identity() {
  mkdir -p "$tools/interop-identity"
  if python_environment "$tools/interop-identity/py-spiffe-0.3.2" "$interop_sources-identity/requirements.txt"; then
    echo "setup: py-spiffe is in $tools/interop-identity"
  else
    echo "setup: py-spiffe could not be installed (above): is the registry of Python packages reachable?" >&2
    exit 3
  fi
}

# The SDK of MCP for Python, at the version in tests/interop-tools (60 MB, once). Exit code 3 as above.
install_interop_tools() {
  mkdir -p "$tools/interop-tools"
  if python_environment "$tools/interop-tools/mcp-2.3.0" "$interop_sources-tools/requirements.txt"; then
    echo "setup: the SDK of MCP is in $tools/interop-tools"
  else
    echo "setup: the SDK of MCP could not be installed (above): is the registry of Python packages reachable?" >&2
    exit 3
  fi
}

# SPIRE's server and agent, compiled from their sources (a quarter of an hour on two cores, once). `go install` would do, but that
# module proxies do not have everything that its authorities for other clouds stand on: without EJBCA's the rest is as released.
spire_version=1.15.3
install_spire() {
  local bin=$tools/tools/bin made module program
  if [ -x "$bin/spire-server-$spire_version" ] && [ -x "$bin/spire-agent-$spire_version" ]; then
    echo "setup: SPIRE $spire_version is in $bin"
    return
  fi
  need_go SPIRE
  made=$(mktemp -d "$bin/making.XXXXXX")
  module=$(cd "$made" && go mod download -json "github.com/spiffe/spire@v$spire_version" | sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p')
  if [ -z "$module" ]; then
    rm -rf "$made"
    echo "setup: SPIRE's sources could not be fetched (above): is the Go module proxy reachable?" >&2
    exit 3
  fi
  cp -r "$module" "$made/spire" && chmod -R u+w "$made/spire"
  rm -r "$made/spire/pkg/server/plugin/upstreamauthority/ejbca"
  sed -i '/ejbca/d' "$made/spire/pkg/server/catalog/upstreamauthority.go"
  for program in spire-server spire-agent; do
    (cd "$made/spire" && nice go build -mod=mod -o "$bin/$program-$spire_version" "./cmd/$program") || {
      rm -rf "$made"
      echo "setup: $program could not be compiled (above): is the Go module proxy reachable?" >&2
      exit 3
    }
  done
  rm -rf "$made"
  echo "setup: SPIRE $spire_version is in $bin"
}

# What each package is there for, as a test of the thing itself: a compiler from elsewhere is as good.
have_libclang() { # not libclang-cpp, which is another library
  compgen -G '/usr/lib/llvm-*/lib/libclang.so*' >/dev/null || ldconfig -p 2>/dev/null | grep -qE 'libclang(-[0-9.]+)?\.so'
}
have_venv() { python3 -c 'import ensurepip, venv' 2>/dev/null; }

packages=() reasons=()
need() { # package, reason
  packages+=("$1")
  reasons+=("  $1: $2")
}
command -v make >/dev/null || need make 'runs this'
command -v g++ >/dev/null || need g++ 'compiles llama.cpp and whisper.cpp'
command -v cmake >/dev/null || need cmake 'configures llama.cpp and whisper.cpp'
command -v clang >/dev/null || need clang 'headers for the bindings of llama.cpp'
have_libclang || need libclang-dev 'makes the bindings of llama.cpp'
command -v pkg-config >/dev/null || need pkg-config 'finds system libraries'
command -v python3 >/dev/null || need python3 'the package client that fetches models'
python3 -m pip --version >/dev/null 2>&1 || need python3-pip 'the package client that fetches models'
have_venv || need python3-venv 'the environment of the benchmark peer'
have_browser() { command -v chromium || command -v chromium-browser || command -v google-chrome || command -v google-chrome-stable; }
case "${1:-}" in
  --browser | --interop) have_browser >/dev/null || need chromium 'looks at the report in tests, and is a client of rooms' ;;
esac
have_postgres() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null; }
[ "${1:-}" != --postgres ] || have_postgres || need postgresql 'is what several processes share a store on, in tests'
case "${1:-}" in
  --interop | --interop-a2a | --bench-a2a)
    command -v node >/dev/null || need nodejs 'runs peers for JavaScript'
    command -v npm >/dev/null || need npm 'fetches peers for JavaScript'
    ;;
esac
[ "${1:-}" != --bench-a2a ] || command -v wrk >/dev/null || need wrk 'loads servers in benchmarks'
# What comes after the packages.
finish() {
  case "${1:-}" in
    --interop) install_interop ;;
    --interop-a2a | --bench-a2a) install_interop_a2a ;;
    --interop-identity) install_interop_identity ;;
    --spire) install_spire ;;
    --interop-tools) install_interop_tools ;;
  esac
}

if ! command -v cargo >/dev/null; then
  echo 'setup: Rust is missing: install it with rustup (its version stands in rust-toolchain.toml), then run this again.' >&2
  exit 1
fi
if [ ${#packages[@]} -eq 0 ]; then
  echo 'setup: no package to install.'
  finish "${1:-}"
  exit 0
fi
echo "setup: needed and not there:"
printf '%s\n' "${reasons[@]}"

if ! command -v apt-get >/dev/null; then
  echo 'setup: this is neither Debian nor Ubuntu: install the above with your package manager, then run this again.' >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "setup: neither root nor sudo: have somebody run: apt-get install ${packages[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi
# An unreachable mirror of one list is no reason to stop: the install says what it really cannot find.
"${as_root[@]}" apt-get update -qq || echo 'setup: the package lists could not all be refreshed; going on with what is there.' >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
echo "setup: installed ${packages[*]}"
finish "${1:-}"

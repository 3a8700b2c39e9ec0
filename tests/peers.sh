#!/usr/bin/env bash
# Runs the store's tests, and HTTP tests that need no event, against other implementations of DynamoDB
# than the embedded one. For `make test-peers`, which installs them into the venv that $1 names.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1

# HTTP tests for which the table alone will do: no peer's stream feeds the functions here.
http=(account:: carts:: checkout::a_guest checkout::the_same_key)

logs=$(mktemp -d)
server=
stop() { if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; server=; fi; }
trap 'stop; rm -rf "$logs"' EXIT

# Starts `$1` by the command that follows, in which @port@ stands for a free port of 127.0.0.1, and waits
# until it listens.
start() {
  local name=$1 port
  shift
  port=$("$venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  "${@//@port@/$port}" >"$logs/$name" 2>&1 &
  server=$!
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      export PORTICO_TEST_DYNAMODB_NAME=$name PORTICO_TEST_DYNAMODB_URL=http://127.0.0.1:$port
      return
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  echo "$name does not listen on 127.0.0.1:$port:" >&2
  tail -n 20 "$logs/$name" >&2
  return 1
}

failed=0
# Runs the tests that match one of these names, one at a time: what a slow peer cannot answer in time would
# look like a failure of the table.
run() {
  echo "== $PORTICO_TEST_DYNAMODB_NAME =="
  if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace --test it --no-fail-fast -j 1 --status-level fail "$@" || failed=1
  else
    cargo test --workspace --test it --no-fail-fast -- --test-threads 1 "$@" || failed=1
  fi
  stop
}

# moto forgets client tokens and lets transactions interleave, so no HTTP test is sure of its end there.
start moto "$venv/bin/moto_server" -H 127.0.0.1 -p @port@
run store::
# Without the rest of ministack: its IoT broker would listen everywhere.
start ministack env BIND_HOST=127.0.0.1 SERVICES=dynamodb IOT_MTLS_ENABLED=0 GATEWAY_PORT=@port@ "$venv/bin/ministack"
run store:: "${http[@]}"
exit "$failed"

#!/usr/bin/env bash
# `make invoke` and `make start-api`: `sam local` with the functions of `make build` in Lambda's own image, on
# the embedded AWS of a running `make dev`.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PORT=${PORT:-3000} DATA_DIR=${DATA_DIR:-.data}

command=$1
portico=${CARGO_TARGET_DIR:-target}/debug/portico-local
current=target/lambda/current

fail() { echo "make $command: $*" >&2; exit 1; }

if [ "$command" = invoke ]; then
  event=${F:-}/${E:-}
  [ -f "events/$event.json" ] || fail "there is no event $event; F=… E=… of these:" \
    "$(cd events && printf '%s ' */*.json | sed 's/\.json//g')"
fi
[ -e "$current" ] || fail "the functions are not built; run make build."
arch=$(basename "$(readlink "$current")")
machine=$(uname -m)
[ "$arch" = "${machine/aarch64/arm64}" ] ||
  fail "$current is $arch and this machine ${machine/aarch64/arm64}; run make build ARCH=${machine/aarch64/arm64}."
(: <"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null ||
  fail "nothing answers at http://127.0.0.1:$PORT; start make dev first."
[ -f "$DATA_DIR/sam-env.json" ] || fail "$DATA_DIR has no sam-env.json; start make dev with the same DATA_DIR."
docker info >/dev/null 2>&1 || fail "no Docker engine answers."

options=(--template template.yaml --env-vars "$DATA_DIR/sam-env.json" --parameter-overrides "Architecture=$arch")
# An image that is there need not be looked for in the registry; it may be that of `make lambda-image`.
if docker image inspect "public.ecr.aws/lambda/provided:al2023-$arch" >/dev/null 2>&1; then
  options+=(--skip-pull-image)
fi
# Docker Desktop leads host.docker.internal to this machine's loopback by itself. With an engine on Linux it
# is the bridge's address, where somebody must listen.
reach=()
if [ "$(uname -s)" = Linux ] && [ "$(docker info --format '{{.OperatingSystem}}')" != "Docker Desktop" ]; then
  # An engine that was told neither says only the network, whose first address it takes.
  gateway=$(docker network inspect bridge --format '{{with index .IPAM.Config 0}}{{or .Gateway .Subnet}}{{end}}')
  gateway=${gateway/.0\/*/.1}
  options+=(--add-host "host.docker.internal:$gateway")
  reach=("$portico" forward "$gateway" --)
fi

# The functions must not get credentials of a real account, and the embedded services take any.
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
unset AWS_PROFILE AWS_SESSION_TOKEN

case $command in
  invoke)
    file=$(mktemp)
    trap 'rm -f "$file"' EXIT
    "$portico" event "$event" >"$file"
    function=$(awk -v code="target/lambda/current/$F/bootstrap.zip" '
      /^  [A-Za-z0-9]+:$/ { id = $1 } $1 == "CodeUri:" && $2 == code { sub(":", "", id); print id }' template.yaml)
    ${reach[@]+"${reach[@]}"} .tools/sam/bin/sam local invoke "$function" --event "$file" "${options[@]}"
    ;;
  start-api)
    exec ${reach[@]+"${reach[@]}"} .tools/sam/bin/sam local start-api --host 127.0.0.1 --port "${API_PORT:-3001}" \
      --warm-containers LAZY "${options[@]}"
    ;;
  *) fail "there is no such command." ;;
esac

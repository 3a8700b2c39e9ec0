#!/usr/bin/env bash
# `make lambda-image`: a base image for `sam local` where public.ecr.aws cannot be reached, under the name of
# the one that SAM would pull. A Debian is enough: the functions need only glibc and the runtime interface
# emulator, and SAM brings the latter. Needs Docker, debootstrap and root.
set -euo pipefail

fail() { echo "make lambda-image: $*" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || fail "debootstrap needs root: sudo make lambda-image"
command -v debootstrap >/dev/null || fail "debootstrap is not installed: apt-get install debootstrap"
docker info >/dev/null 2>&1 || fail "no Docker engine answers."

arch=$(uname -m)
image=public.ecr.aws/lambda/provided:al2023-${arch/aarch64/arm64}
if docker image inspect "$image" >/dev/null 2>&1; then
  echo "make lambda-image: $image is there already."
  exit 0
fi
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
# Debian 12 has glibc 2.36, provided.al2023 has 2.34: `make build` refuses what needs more than that.
debootstrap --variant=minbase --include=ca-certificates bookworm "$root" >"$root.log" 2>&1 ||
  fail "debootstrap failed; $root.log says why."
rm "$root.log"
tar -C "$root" -c . | docker import \
  --change 'WORKDIR /var/task' \
  --change 'ENV LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime PATH=/usr/bin:/bin' \
  - "$image" >/dev/null
echo "make lambda-image: made $image"

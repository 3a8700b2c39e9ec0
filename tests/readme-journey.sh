#!/usr/bin/env bash
# Runs the journey of README.md against a running platform: every fenced block tagged "bash journey", in
# order, in one shell. Any failing line or answer of 400 and above stops it, with what was said.
#
#   tests/readme-journey.sh [URL]        http://127.0.0.1:3000 unless given
set -euo pipefail

url=${1:-http://127.0.0.1:3000}
readme=$(dirname "${BASH_SOURCE[0]}")/../README.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One script of all blocks. The comment that begins a block is the name of its step.
awk '
  /^```bash journey$/ { inside = 1; first = 1; next }
  /^```$/ && inside   { inside = 0; print "} >\"$log\" 2>&1"; print "passed"; next }
  inside && first     { first = 0; name = substr($0, 3); gsub(/\047/, "\047\\\047\047", name)
                        print "step=\047" name "\047; {"; next }
  inside              { print }
' "$readme" >"$work/steps"
grep -q '^passed$' "$work/steps" || { echo "README.md has no journey" >&2; exit 1; }

cat >"$work/journey" <<'SETUP'
set -euo pipefail
# A step that fails does so while its output goes to the log.
exec 3>&2
steps=0
# `make dev` prints plain curl lines; here an answer of 400 and above is a failure.
curl() { command curl --show-error --fail-with-body --noproxy '*' "$@"; }
passed() { steps=$((steps + 1)); printf 'ok  %s\n' "$step"; }
finished() {
  local status=$?
  if [ "$status" -ne 0 ]; then
    printf 'FAILED  %s\n' "${step:-before the first step}" >&3
    cat "$log" >&3
  fi
  exit "$status"
}
trap finished EXIT
trap 'exit 124' TERM
SETUP
cat "$work/steps" >>"$work/journey"
# shellcheck disable=SC2016 # for the other shell
echo 'echo "$steps steps of README.md work"' >>"$work/journey"

# The deadline is for the steps that wait for what follows by itself.
API=$url log=$work/log timeout 60 bash "$work/journey"

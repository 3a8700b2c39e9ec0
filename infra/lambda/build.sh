#!/usr/bin/env bash
# `make build`: every function as the zip that is deployed, target/lambda/<arch>/<function>/bootstrap.zip, and
# beside it the executable of that zip. target/lambda/current is what template.yaml deploys.
#
# ARCH=arm64 or ARCH=x86_64 builds that one or fails. Without it, each one is built whose standard library is
# there, and `current` is arm64 if it was built.
set -euo pipefail
cd "$(dirname "$0")/../.."

# What a zip may have, in millions of bytes: what is downloaded and unpacked before a cold start begins.
zip_limit=${ZIP_LIMIT_MB:-5.5}
# Of provided.al2023.
newest_glibc=2.34
out=target/lambda

fail() { echo "make build: $*" >&2; exit 1; }

# The triple of an architecture, as Lambda calls it.
triple() {
  case $1 in
    arm64) echo aarch64-unknown-linux-gnu ;;
    x86_64) echo x86_64-unknown-linux-gnu ;;
    *) fail "ARCH is arm64 or x86_64, not $1." ;;
  esac
}

is_installed() { [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ]; }

# The packages of the functions and no others: what tests and the local platform switch on in shared
# dependencies must not end up in what is deployed.
compile() {
  local arch=$1 target=$2 packages=() function
  for function in "${functions[@]}"; do packages+=(--package "portico-$function"); done
  echo "make build: $arch"
  rm -rf "${out:?}/$arch"
  cargo lambda build --quiet --locked --release --target "$target.$newest_glibc" --bins "${packages[@]}" \
    --output-format zip --lambda-dir "$out/$arch"
}

megabytes() { awk -v bytes="$(wc -c <"$1")" 'BEGIN { printf "%.2f", bytes / 1e6 }'; }

# Prints a function's line of the table, and notes if it would not run or is too big.
inspect() {
  local arch=$1 function=$2 folder=$out/$1/$2 size glibc
  # From the zip, so that what is measured and tested is what is deployed.
  python3 -m zipfile -e "$folder/bootstrap.zip" "$folder"
  chmod 755 "$folder/bootstrap"
  glibc=$(grep -aoE 'GLIBC_2\.[0-9]+' "$folder/bootstrap" | sort -Vu | tail -1)
  glibc=${glibc#GLIBC_}
  size=$(megabytes "$folder/bootstrap.zip")
  printf '%-14s %-7s %9s %7s %6s\n' "$function" "$arch" "$(megabytes "$folder/bootstrap")" "$size" "$glibc"
  if [ "$(printf '%s\n' "$glibc" "$newest_glibc" | sort -V | tail -1)" != "$newest_glibc" ]; then
    problems+=("$folder/bootstrap needs glibc $glibc; Lambda has $newest_glibc.")
  fi
  if awk -v size="$size" -v limit="$zip_limit" 'BEGIN { exit !(size > limit) }'; then
    problems+=("$folder/bootstrap.zip has $size MB; $zip_limit MB is the limit.")
  fi
}

functions=()
for manifest in functions/*/Cargo.toml; do functions+=("$(basename "$(dirname "$manifest")")"); done

built=()
for arch in ${ARCH:-arm64 x86_64}; do
  target=$(triple "$arch")
  if is_installed "$target"; then
    compile "$arch" "$target"
    built+=("$arch")
  else
    missing="no standard library for $arch; get it with: rustup target add $target"
    [ -z "${ARCH:-}" ] || fail "$missing"
    echo "make build: $missing"
  fi
done
[ "${#built[@]}" -gt 0 ] || fail "nothing was built."

problems=()
printf '%-14s %-7s %9s %7s %6s\n' function arch binary\ MB zip\ MB glibc
for arch in "${built[@]}"; do
  for function in "${functions[@]}"; do inspect "$arch" "$function"; done
done
[ "${#problems[@]}" -eq 0 ] || fail "${problems[*]}"
ln -sfn "${built[0]}" "$out/current"
echo "make build: $out/current is ${built[0]}"

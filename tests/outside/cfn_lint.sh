#!/usr/bin/env bash
# AWS's own rules against ours: every stack, exported as a CloudFormation template, has no error.
# Usage: tests/outside/cfn_lint.sh [cfn-lint]
set -euo pipefail
cd "$(dirname "$0")/../.."
lint=${1:-cfn-lint}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cargo build --quiet
export_one() { # stack env
  target/debug/evstack export --format cloudformation --env "$2" "$1" >"$folder/$(basename "$1").$2.json"
}
for stack in stacks/*.yaml examples/*.yaml examples/*.toml; do
  export_one "$stack" local
done
# The cases of the tests, which use every key of every kind, in another account and partition too.
for stack in tests/cases/export/*.yaml; do
  case "$stack" in *.prod.yaml) continue ;; esac
  export_one "$stack" local
  export_one "$stack" prod
done
# Only errors (E…): warnings and informational rules are a matter of taste.
"$lint" --non-zero-exit-code error --ignore-checks W I -- "$folder"/*.json
echo "$(ls "$folder" | wc -l) templates: no error"

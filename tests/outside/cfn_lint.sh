#!/usr/bin/env bash
# AWS's own rules against ours: every stack, exported as a CloudFormation template, has no error.
# Usage: tests/outside/cfn_lint.sh [cfn-lint]
set -euo pipefail
cd "$(dirname "$0")/../.."
lint=${1:-cfn-lint}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
for stack in stacks/*.yaml examples/*.yaml examples/*.toml; do
  template="$folder/$(basename "$stack").json"
  cargo run --quiet -- export --format cloudformation "$stack" >"$template"
  # Only errors (E…): warnings and informational rules are a matter of taste.
  if "$lint" --non-zero-exit-code error --ignore-checks W I -- "$template"; then
    echo "$stack: no error"
  else
    failed=1
  fi
done
exit $failed

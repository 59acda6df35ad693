#!/usr/bin/env bash
# The tests of state in S3 that need no faults, against moto's server: tests/outside/s3.sh MOTO_SERVER
set -euo pipefail
cd "$(dirname "$0")/../.."
port=${PORT:-5017}
"${1:-moto_server}" -H 127.0.0.1 -p "$port" >target/moto.log 2>&1 &
server=$!
trap 'kill "$server"' EXIT
for _ in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.2
done
EVSTACK_TEST_S3="http://127.0.0.1:$port" cargo test --locked --test state_s3

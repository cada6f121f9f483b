#!/usr/bin/env bash
# Imports the development realm into a real Keycloak and checks the tokens that it issues; needs no container engine.
#
#   deploy/keycloak/check-realm.sh [--record <file>]
#
# Fetches the Keycloak distribution from Maven Central (once, into the cache directory), starts it on free loopback
# ports with a database in memory, waits until it is ready, runs check-tokens.ts and stops what it started.
# --record writes the decoded tokens (no signatures) to <file>, for the tests of the claim mapping.
#
# Needs Java 17 or newer, Maven, unzip, curl and the project's npm packages. About a minute; exit code 0 = all checks hold.
# Environment: KEYCLOAK_VERSION (as in docker-compose.yml), KEYCLOAK_CACHE (directory of the download),
#              KEYCLOAK_PORT (default: a free one), REALM_USER_PASSWORD, REGISTRY_CLIENT_SECRET, PRODUCT_CRM_CLIENT_SECRET.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
version=${KEYCLOAK_VERSION:-26.7.5}
cache=${KEYCLOAK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tenant-registry/keycloak}
ready_within_seconds=240
record_to=""

case "${1:-}" in
  "") ;;
  --record) record_to=$(realpath -m "${2:?--record needs a file name}") ;;
  *) echo "usage: $0 [--record <file>]" >&2; exit 2 ;;
esac

free_port() {
  node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

work=$(mktemp -d)
server_pid=""
stop() {
  if [[ -n $server_pid ]] && kill -TERM "$server_pid" 2>/dev/null; then
    # Only this process, by its id; a server that ignores the signal for 20 s is killed.
    for _ in $(seq 40); do kill -0 "$server_pid" 2>/dev/null || break; sleep 0.5; done
    kill -KILL "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

archive="$cache/keycloak-quarkus-dist-$version.zip"
if [[ ! -f $archive ]]; then
  mkdir -p "$cache"
  echo "fetching Keycloak $version"
  timeout 600 mvn -q -B dependency:copy "-Dartifact=org.keycloak:keycloak-quarkus-dist:$version:zip" "-DoutputDirectory=$work"
  mv "$work/keycloak-quarkus-dist-$version.zip" "$archive"
fi
unzip -q "$archive" -d "$work"
home="$work/keycloak-$version"
mkdir -p "$home/data/import"
cp "$here/breakpilot-dev-realm.json" "$home/data/import/"

port=${KEYCLOAK_PORT:-$(free_port)}
management_port=$(free_port)
public_url="http://keycloak.localhost:$port"

JAVA_OPTS_KC_HEAP="-Xms64m -Xmx512m" KC_DB=dev-mem KC_HEALTH_ENABLED=true \
  "$home/bin/kc.sh" start-dev --import-realm --hostname="$public_url" \
  --http-host=127.0.0.1 --http-port="$port" --http-management-port="$management_port" >"$work/keycloak.log" 2>&1 &
server_pid=$!

deadline=$((SECONDS + ready_within_seconds))
until curl -fs -m 2 "http://127.0.0.1:$management_port/health/ready" >/dev/null; do
  if ! kill -0 "$server_pid" 2>/dev/null || ((SECONDS > deadline)); then
    echo "Keycloak $version did not get ready within $ready_within_seconds s:" >&2
    tail -n 40 "$work/keycloak.log" >&2
    exit 1
  fi
  sleep 1
done
echo "Keycloak $version is ready"

# What the import did not understand it only warns about.
if grep -E "WARN.*(RepresentationToModel|exportimport)" "$work/keycloak.log"; then
  echo "the import of the realm warned (above)" >&2
  exit 1
fi

cd "$root"
KEYCLOAK_VERSION=$version KEYCLOAK_URL="http://127.0.0.1:$port" KEYCLOAK_PUBLIC_URL=$public_url RECORD_TO=$record_to \
  timeout 120 node_modules/.bin/tsx "$here/check-tokens.ts"

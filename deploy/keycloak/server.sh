# A real Keycloak with the development realm, without a container engine: fetched once, started, waited for, stopped. To be sourced.
#
# The distribution comes from Maven Central into the cache directory; the server runs on free loopback ports, with a database in
# memory and the variables that the realm file reads, and leaves nothing behind.
#
# Needs Java 17 or newer, Maven, unzip, curl and Node. Sets keycloak_version, keycloak_port and keycloak_log.
# Environment: KEYCLOAK_VERSION (as in docker-compose.yml), KEYCLOAK_CACHE (directory of the download), KEYCLOAK_PORT (default: a free one).

keycloak_version=${KEYCLOAK_VERSION:-26.7.5}
keycloak_directory=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
keycloak_cache=${KEYCLOAK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tenant-registry/keycloak}
keycloak_ready_within_seconds=480
keycloak_work=""
keycloak_pid=""

free_port() {
  node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

# start_keycloak <host name of the issuer>
start_keycloak() {
  keycloak_work=$(mktemp -d)
  keycloak_log="$keycloak_work/keycloak.log"
  trap stop_keycloak EXIT
  trap 'exit 130' INT TERM

  local archive="$keycloak_cache/keycloak-quarkus-dist-$keycloak_version.zip"
  if [[ ! -f $archive ]]; then
    mkdir -p "$keycloak_cache"
    echo "fetching Keycloak $keycloak_version"
    timeout 600 mvn -q -B dependency:copy "-Dartifact=org.keycloak:keycloak-quarkus-dist:$keycloak_version:zip" "-DoutputDirectory=$keycloak_work"
    mv "$keycloak_work/keycloak-quarkus-dist-$keycloak_version.zip" "$archive"
  fi
  unzip -q "$archive" -d "$keycloak_work"
  local home="$keycloak_work/keycloak-$keycloak_version"
  mkdir -p "$home/data/import"
  cp "$keycloak_directory/breakpilot-dev-realm.json" "$home/data/import/"

  keycloak_port=${KEYCLOAK_PORT:-$(free_port)}
  local management_port
  management_port=$(free_port)
  JAVA_OPTS_KC_HEAP="-Xms64m -Xmx512m" KC_DB=dev-mem KC_HEALTH_ENABLED=true \
    "$home/bin/kc.sh" start-dev --import-realm --hostname="http://$1:$keycloak_port" \
    --http-host=127.0.0.1 --http-port="$keycloak_port" --http-management-port="$management_port" >"$keycloak_log" 2>&1 &
  keycloak_pid=$!

  local deadline=$((SECONDS + keycloak_ready_within_seconds))
  until curl -fs -m 2 "http://127.0.0.1:$management_port/health/ready" >/dev/null; do
    if ! kill -0 "$keycloak_pid" 2>/dev/null || ((SECONDS > deadline)); then
      echo "Keycloak $keycloak_version did not get ready within $keycloak_ready_within_seconds s:" >&2
      tail -n 40 "$keycloak_log" >&2
      exit 1
    fi
    sleep 1
  done
  echo "Keycloak $keycloak_version is ready"

  # What the import did not understand it only warns about.
  if grep -E "WARN.*(RepresentationToModel|exportimport)" "$keycloak_log"; then
    echo "the import of the realm warned (above)" >&2
    exit 1
  fi
}

# Only this process, by its id; a server that ignores the signal for 20 s is killed.
stop_keycloak() {
  if [[ -n $keycloak_pid ]] && kill -TERM "$keycloak_pid" 2>/dev/null; then
    for _ in $(seq 40); do kill -0 "$keycloak_pid" 2>/dev/null || break; sleep 0.5; done
    kill -KILL "$keycloak_pid" 2>/dev/null || true
    wait "$keycloak_pid" 2>/dev/null || true
  fi
  rm -rf "$keycloak_work"
}

#!/usr/bin/env bash
# Runs the tests of the Keycloak client, and of an invited person's way into the registry, against a real Keycloak.
#
#   npm run test:keycloak [-- --record]
#
# --record writes what the server answered to test/fixtures/keycloak-admin-<version>.json, with which the in-process Keycloak of the
# tests and of development is compared.
#
# Needs what server.sh needs, and the project's npm packages. About a minute and a half. Environment: that of server.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
record=""
case "${1:-}" in
  "") ;;
  --record) record=1 ;;
  *) echo "usage: $0 [--record]" >&2; exit 2 ;;
esac

# shellcheck source=server.sh
source "$here/server.sh"
# Mails go to a sink that the tests open on this port. The administrator changes what no service account may: mail, features, roles.
export SMTP_HOST=127.0.0.1 SMTP_PORT
SMTP_PORT=$(free_port)
export KC_BOOTSTRAP_ADMIN_USERNAME=test-admin KC_BOOTSTRAP_ADMIN_PASSWORD
KC_BOOTSTRAP_ADMIN_PASSWORD=$(node -e 'console.log(crypto.randomUUID())')
export REGISTRY_CLIENT_SECRET=dev-only-registry-client-secret REALM_USER_PASSWORD=dev-only-password
start_keycloak 127.0.0.1

cd "$here/../.."
# One file after the other: there is one realm, whose settings they change, and one sink.
KEYCLOAK_TEST_URL="http://127.0.0.1:$keycloak_port" KEYCLOAK_TEST_VERSION=$keycloak_version KEYCLOAK_TEST_RECORD=$record \
  node_modules/.bin/vitest run --no-file-parallelism test/keycloak/real

#!/usr/bin/env bash
# Imports the development realm into a real Keycloak and checks the tokens that it issues; needs no container engine.
#
#   deploy/keycloak/check-realm.sh [--record <file>]
#
# --record writes the decoded tokens (no signatures) to <file>, for the tests of the claim mapping.
#
# Needs what server.sh needs, and the project's npm packages. About a minute; exit code 0 = all checks hold.
# Environment: that of server.sh, REALM_USER_PASSWORD, REGISTRY_CLIENT_SECRET, PRODUCT_CRM_CLIENT_SECRET.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
record_to=""
case "${1:-}" in
  "") ;;
  --record) record_to=$(realpath -m "${2:?--record needs a file name}") ;;
  *) echo "usage: $0 [--record <file>]" >&2; exit 2 ;;
esac

# shellcheck source=server.sh
source "$here/server.sh"
start_keycloak keycloak.localhost

cd "$here/../.."
KEYCLOAK_VERSION=$keycloak_version KEYCLOAK_URL="http://127.0.0.1:$keycloak_port" KEYCLOAK_PUBLIC_URL="http://keycloak.localhost:$keycloak_port" \
  RECORD_TO=$record_to timeout 120 node_modules/.bin/tsx "$here/check-tokens.ts"

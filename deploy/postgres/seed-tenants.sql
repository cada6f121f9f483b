-- Owns the tenants of the development realm: each Keycloak organization of deploy/keycloak/breakpilot-dev-realm.json gets its row,
-- with the organization's id, so that its members are let in. Run as the service's login; what exists is left as it is.
SET ROLE registry_service;
SET ROLE registry_platform;

BEGIN;
SELECT set_config('registry.tenant', '00000000-0000-0000-0000-000000000001', true);
WITH tenant AS (
  INSERT INTO tenants (id, slug, name, status, plan, keycloak_org_id)
  VALUES ('00000000-0000-0000-0000-000000000001', 'acme', 'ACME Corporation', 'active', 'business', 'a0000000-0000-4000-8000-000000000001')
  ON CONFLICT DO NOTHING
  RETURNING id, name
)
INSERT INTO audit_log (tenant_id, actor_id, actor_type, action, target_id, target_type, target_name)
SELECT id, 'system:seed', 'system', 'tenant.create', id, 'tenant', name FROM tenant;
COMMIT;

BEGIN;
SELECT set_config('registry.tenant', '00000000-0000-0000-0000-000000000002', true);
WITH tenant AS (
  INSERT INTO tenants (id, slug, name, status, plan, keycloak_org_id)
  VALUES ('00000000-0000-0000-0000-000000000002', 'bigcorp', 'BigCorp Inc.', 'active', 'starter', 'a0000000-0000-4000-8000-000000000002')
  ON CONFLICT DO NOTHING
  RETURNING id, name
)
INSERT INTO audit_log (tenant_id, actor_id, actor_type, action, target_id, target_type, target_name)
SELECT id, 'system:seed', 'system', 'tenant.create', id, 'tenant', name FROM tenant;
COMMIT;

/** Owns what provisioning gets from the composition root. */
import type { Keycloak } from "../keycloak/keycloak.js";

declare module "../kernel/request.js" {
  interface Facilities {
    /** Null when no identity provider is configured: then nothing is provisioned. */
    keycloak: Keycloak | null;
    /** The platform's portal, where an accepted invitation leads; null when it is not configured. */
    portalUrl: string | null;
  }
}

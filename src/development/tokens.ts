/** Owns the ready tokens of development: who can be spoken as, in a sentence each, and a signed token for them. */
import { join } from "node:path";
import { ConfigError, type Config } from "../config.js";
import {
  DEVELOPMENT_CALLERS,
  mintDevelopmentToken,
  openDevelopmentIssuer,
  type DevelopmentCallerName,
  type DevelopmentIssuerOptions,
} from "./issuer.js";

/** What each caller is there to show. */
const DESCRIPTIONS: Readonly<Record<DevelopmentCallerName, string>> = {
  "acme-admin": "Reads Acme but for its commercial data, and changes its name and projects.",
  "acme-auditor": "Reads Acme and its audit log.",
  "acme-member": "Reads Acme, its projects and its products.",
  "bigcorp-admin": "Administers BigCorp, and reads nothing of Acme.",
  support: "Reads every tenant, and changes nothing.",
  operator: "Reads every tenant, and changes one at a time.",
  "service-crm": "Is the backend of the CRM: checks its entitlements, reads claims.",
};

export interface DevelopmentToken {
  name: DevelopmentCallerName;
  /** For a menu. */
  label: string;
  description: string;
  token: string;
}

/** The issuer that development brings along, or undefined when the configuration names another one. */
export function developmentIssuerUrl(config: Config): string | undefined {
  return config.environment === "dev" && !config.issuer ? `${config.publicUrl}/development/issuer` : undefined;
}

export function issuerOptions(config: Config, issuer: string): DevelopmentIssuerOptions {
  return { issuer, audience: config.token.audience, keyFile: join(config.dataDir, "issuer-key.json"), profile: config.token.profile };
}

/** A ready token for each kind of caller; none when the issuer is somebody else's. */
export async function developmentTokens(config: Config): Promise<DevelopmentToken[]> {
  const issuer = developmentIssuerUrl(config);
  if (!issuer) return [];
  const opened = await openDevelopmentIssuer(issuerOptions(config, issuer));
  const names = Object.keys(DEVELOPMENT_CALLERS) as DevelopmentCallerName[];
  return Promise.all(
    names.map(async (name) => {
      const caller = DEVELOPMENT_CALLERS[name];
      return { name, label: caller.label, description: DESCRIPTIONS[name], token: await mintDevelopmentToken(opened, caller) };
    }),
  );
}

/** A token for one caller, for the command line. Failures: ConfigError when there is no development issuer, or nobody of that name. */
export async function developmentToken(config: Config, name: string): Promise<string> {
  const tokens = await developmentTokens(config);
  if (tokens.length === 0) throw new ConfigError(["tokens come from the development issuer, which needs APP_ENV=dev and no KEYCLOAK_ISSUER"]);
  const found = tokens.find((one) => one.name === name);
  if (!found) throw new ConfigError([`there is no such caller; there are ${tokens.map((one) => one.name).join(", ")}`]);
  return found.token;
}

/** Owns how the deployment's files are read for their tests: as somebody gets them who sets no variable. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";

export interface ComposeService {
  image: string;
  build?: { context: string; target: string };
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  networks?: { default: { aliases: string[] } };
  restart: string;
  privileged?: boolean;
}

export interface Realm {
  realm: string;
  organizationsEnabled: boolean;
  roles: { realm: { name: string }[] };
  clients: Record<string, unknown>[];
  organizations: { id: string; alias: string; attributes: { tenant_id: string[] }; groups: { id: string; name: string }[]; members: { username: string; groups?: string[] }[] }[];
  users: { username: string; realmRoles?: string[]; clientRoles?: Record<string, string[]>; credentials?: { value: string }[] }[];
}

/** A file of the project, by its path from the root. */
export const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** The value of every `${NAME:-default}` when nothing is set; what is written without a default stays as it is, to be found. */
export const withDefaults = (source: string) => source.replaceAll(/\$\{\w+:-([^}]*)\}/g, "$1");

export const composeText = text("docker-compose.yml");
export const compose = parse(withDefaults(composeText), { merge: true }) as {
  services: Record<string, ComposeService>;
  volumes: Record<string, null>;
};
export const realm = JSON.parse(text("deploy/keycloak/breakpilot-dev-realm.json")) as Realm;

export const services = Object.entries(compose.services);

export function service(name: string): ComposeService {
  const found = compose.services[name];
  if (!found) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
}

export const environmentOf = (name: string) => service(name).environment ?? {};

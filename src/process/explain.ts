/** Owns what a person at the terminal is told when a command or the start fails. */
import { RoleRefusedError } from "../../migrations/door-roles.js";
import { ConfigError } from "../config.js";
import { DirectoryInUseError } from "../database/directory-lock.js";
import { MigrationRefusedError } from "../database/migration-ledger.js";
import { FileRefusedError } from "../kernel/checked-file.js";

/** The members that Node's, pg's and TypeORM's errors carry; each has some of them. */
interface Symptoms {
  message?: string;
  code?: string;
  syscall?: string;
  address?: string;
  port?: number;
  driverError?: Symptoms;
  cause?: Symptoms;
}

const MENDABLE = [ConfigError, FileRefusedError, DirectoryInUseError, MigrationRefusedError, RoleRefusedError];

/** What an operator can mend is said in one sentence, without addresses that hold a password; only a surprise shows its stack. */
export function explain(error: unknown): string {
  if (MENDABLE.some((kind) => error instanceof kind)) return (error as Error).message;
  const thrown = (error ?? {}) as Symptoms;
  const symptoms = thrown.driverError ?? thrown;
  const sentence = thrown.syscall === "listen" ? aboutListening(thrown) : (aboutDatabase(symptoms) ?? aboutPackages(thrown));
  return sentence ?? (error instanceof Error ? (error.stack ?? error.message) : String(error));
}

function aboutListening({ code, address, port }: Symptoms): string {
  const place = `${address}:${port}`;
  if (code === "EADDRINUSE") return `Another process listens on ${place}. Stop it, or set ADDR to another address.`;
  if (code === "EACCES") return `This user may not listen on ${place}. Set ADDR to a port above 1023.`;
  return `ADDR names ${place}, where this machine cannot listen (${code}).`;
}

const AWAY = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "57P03", "53300"]);
const TIMED_OUT = /timeout exceeded when trying to connect|Connection terminated/;

/** Source  PostgreSQL, appendix A, error codes. */
function aboutDatabase({ code = "", message = "" }: Symptoms): string | undefined {
  if (AWAY.has(code) || TIMED_OUT.test(message)) return `The database cannot be reached (${code || "no answer in time"}). Is the server running, and are DATABASE_URL and DATABASE_OWNER_URL right?`;
  if (code === "28P01" || code === "28000") return `The database refuses the login that DATABASE_URL or DATABASE_OWNER_URL gives (${code}).`;
  if (code === "3D000") return "DATABASE_URL or DATABASE_OWNER_URL names a database that does not exist.";
  if (code === "22023" && message.includes('"role"')) return "The database does not have the service's role yet. Migrate it first: `tenant-registry migrate up`, or MIGRATE_ON_START=true.";
  if (code === "42501") return `The login in DATABASE_URL or DATABASE_OWNER_URL may not do what is needed: ${message}.`;
  return undefined;
}

function aboutPackages({ message, cause }: Symptoms): string | undefined {
  if (cause?.code !== "ERR_MODULE_NOT_FOUND" && cause?.code !== "MODULE_NOT_FOUND") return undefined;
  return `${message?.replace(/\.?$/, ".")} Development needs \`npm install\` with the development dependencies; elsewhere set APP_ENV to stage or prod.`;
}

/** Owns the one translation from what Postgres and its driver throw to the faults a caller may see. */
import { getMetadataArgsStorage, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from "typeorm";
import { Fault } from "./fault.js";

/** The members of a driver error that are looked at; TypeORM wraps it in `driverError`. */
interface DriverError {
  code?: string;
  constraint?: string;
  message?: string;
}

const CLASS_DATA_EXCEPTION = "22";
const CLASS_CONNECTION = "08";
const BUSY = new Set(["40001", "40P01", "55P03", "53300", "53400", "25P03"]);
const GOING_AWAY = new Set(["57P01", "57P02", "57P03", "57P05"]);
const SQLSTATE = /^[0-9A-Z]{5}$/;

/**
 * Faults  CONFLICT(field) on a unique violation; BAD_USER_INPUT on a value the type refuses; DEADLINE_EXCEEDED when the
 *         statement was cancelled; UNAVAILABLE when the database is busy, full, away or cut off. Everything else, row security
 *         refusals (42501) included, is a bug of ours and comes back unchanged, to be masked at the edge.
 */
export function faultFromDatabase(thrown: unknown): unknown {
  if (thrown instanceof Fault) return thrown;
  const driver = (thrown as { driverError?: DriverError }).driverError ?? (thrown as DriverError);
  const code = driver.code;
  if (code === undefined || !SQLSTATE.test(code)) return connectionFault(thrown, driver);
  if (code === "23505") return conflict(driver, thrown);
  if (code === "57014") return new Fault("DEADLINE_EXCEEDED", "The operation took too long", { internal: thrown });
  if (BUSY.has(code)) return new Fault("UNAVAILABLE", "The registry is busy, try again", { internal: thrown });
  if (GOING_AWAY.has(code) || code.startsWith(CLASS_CONNECTION)) return unavailable(thrown);
  if (code.startsWith(CLASS_DATA_EXCEPTION)) {
    return new Fault("BAD_USER_INPUT", "A value has the wrong format", { internal: thrown });
  }
  return thrown;
}

/** Must the connection not go back to the pool? What is no answer of Postgres may have left it anywhere: it counts as broken. */
export function breaksConnection(thrown: unknown): boolean {
  const code = ((thrown as { driverError?: DriverError }).driverError ?? (thrown as DriverError)).code;
  return code === undefined || !SQLSTATE.test(code) || GOING_AWAY.has(code) || code.startsWith(CLASS_CONNECTION);
}

/**
 * Which columns collided is known from the constraint's name: under row security Postgres keeps the detail to itself. Of
 * several columns the last one is what the caller chose, the ones before it are its scope.
 */
function conflict(driver: DriverError, thrown: unknown): Fault {
  const { uniques, indices, columns } = getMetadataArgsStorage();
  const unique = [...uniques, ...indices].find(({ name }) => name === driver.constraint)?.columns;
  const primary = columns.filter(({ options }) => options.primaryKeyConstraintName === driver.constraint).map(({ propertyName }) => propertyName);
  const field = (Array.isArray(unique) ? (unique as string[]) : primary).at(-1);
  return new Fault("CONFLICT", `${field ?? "value"} is already taken`, { ...(field && { field }), internal: thrown });
}

const NETWORK = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN", "ENOENT", "EHOSTUNREACH"]);
const DRIVER_LOST_IT = /timeout exceeded when trying to connect|Connection terminated|not queryable|Cannot use a pool after calling end|Query read timeout/;

/** TypeORM gives a runner up when its connection is lost between two statements; the next statement only learns of that. */
const GIVEN_UP = [QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError];

function connectionFault(thrown: unknown, driver: DriverError): unknown {
  const lost = GIVEN_UP.some((error) => thrown instanceof error) || NETWORK.has(driver.code ?? "") || DRIVER_LOST_IT.test(driver.message ?? "");
  return lost ? unavailable(thrown) : thrown;
}

function unavailable(thrown: unknown): Fault {
  return new Fault("UNAVAILABLE", "The registry cannot reach its database, try again", { internal: thrown });
}

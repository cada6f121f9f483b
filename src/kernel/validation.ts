/** Owns how inputs check themselves and how the first thing found wrong reaches the caller. */
import { IsDefined, IsNotEmpty, length, Length, Matches, ValidateIf, validate, type ValidationError } from "class-validator";
import { Field } from "type-graphql";
import { Fault } from "./fault.js";
import { KEEP_KEYS_DAYS } from "./idempotency.js";

/** No control characters, no text that reorders what is shown around it, and not blank. */
const PRINTABLE = /^(?=.*[^\p{Z}\p{C}])[^\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]*$/u;
/** A key that people and programs write. */
export const LABEL = /^[a-z][a-z0-9_-]{0,62}$/;
const VISIBLE_ASCII = /^[!-~]{1,200}$/;
/** Text that Postgres would refuse (a null character) or store as something else (half of a surrogate pair). */
const UNSTORABLE = /[\0\p{Cs}]/u;

/** `null` is refused where a value cannot be empty; only leaving the field out keeps what is there. */
function whenGiven(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}

function all(...decorators: PropertyDecorator[]): PropertyDecorator {
  return (target, key) => decorators.forEach((decorate) => decorate(target, key));
}

/** May be left out, but not be null. */
export function NotNull(): PropertyDecorator {
  return all(whenGiven(), IsDefined({ message: "$property must not be null" }));
}

/** A name for people: 1 to 200 printable characters. */
export function Named({ optional = false } = {}): PropertyDecorator {
  const rules = [
    IsNotEmpty({ message: "$property must not be empty" }),
    Length(1, 200, { message: "$property must be 1 to 200 characters" }),
    Matches(PRINTABLE, { message: "$property must be printable text" }),
  ];
  return all(...(optional ? [whenGiven()] : []), ...rules);
}

/** Is it what {@link Named} asks for? Names do not only come in inputs. */
export function isNameForPeople(text: string): boolean {
  return length(text, 1, 200) && PRINTABLE.test(text) && isWellFormed(text);
}

/** A name or number in another system: 1 to 200 printable characters, or null for none. */
export function Reference(): PropertyDecorator {
  return all(
    ValidateIf((_, value) => value != null),
    Length(1, 200, { message: "$property must be 1 to 200 characters" }),
    Matches(PRINTABLE, { message: "$property must be printable text" }),
  );
}

/** A key that people and programs write: a lower-case letter, then letters, digits, `_` and `-`, at most 63. */
export function Label({ optional = false } = {}): PropertyDecorator {
  const rule = Matches(LABEL, { message: "$property must be a lower-case letter, then up to 62 letters, digits, _ or -" });
  return all(...(optional ? [whenGiven()] : []), rule);
}

/** Also declares the field, so that every creation says the same of it: `@IdempotencyKey() idempotencyKey?: string | null`. */
export function IdempotencyKey(): PropertyDecorator {
  return all(
    Field(() => String, {
      nullable: true,
      description:
        "Makes the request safe to repeat: 1 to 200 visible ASCII characters that you choose, for instance a UUID. Whatever you send again " +
        `with it within ${KEEP_KEYS_DAYS} days gets the first answer and has no second effect; with other input it is a CONFLICT.`,
    }),
    ValidateIf((_, value) => value != null),
    Matches(VISIBLE_ASCII, { message: "$property must be 1 to 200 visible ASCII characters" }),
  );
}

/** Can Postgres store this text and give back the same? */
export function isWellFormed(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/**
 * Check one argument. The message of class-validator never repeats the value, which may be a secret.
 *
 * Faults  BAD_USER_INPUT(field) for the first violation in the order of the fields, or for text that cannot be stored.
 */
export async function validateArgument(value: unknown): Promise<void> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  const [violation] = await validate(value, { forbidUnknownValues: false, stopAtFirstError: true });
  if (violation) throw violated(violation);
  for (const [field, text] of Object.entries(value)) {
    if (typeof text === "string" && !isWellFormed(text)) throw new Fault("BAD_USER_INPUT", `${field} must be well-formed text`, { field });
  }
}

function violated(violation: ValidationError): Fault {
  const deepest = violation.children?.[0];
  if (!violation.constraints && deepest) return violated(deepest);
  const [message = `${violation.property} is not valid`] = Object.values(violation.constraints ?? {});
  return new Fault("BAD_USER_INPUT", message, { field: violation.property });
}

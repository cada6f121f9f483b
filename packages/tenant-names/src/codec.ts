/** Owns what every kind of name keeps: a length, and that a name is read only if it would be written exactly so. */
import { NameRefusedError } from "./refusal.js";

/** Both throw NameRefusedError. `parse(print(value))` equals `value`, and `print(parse(name))` is `name`. */
export interface Codec<T> {
  print(value: T): string;
  parse(name: string): T;
}

export interface Grammar<T> extends Codec<T> {
  /** With its article, for the refusal. */
  readonly what: string;
  /** In characters, which are bytes here: names are ASCII. */
  readonly longest: number;
}

export function codec<T>(grammar: Grammar<T>): Codec<T> {
  const { what, longest } = grammar;
  const print = (value: T): string => {
    const name = grammar.print(value);
    if (name.length > longest) throw new NameRefusedError("name", `would be ${what} of more than ${longest} characters`);
    return name;
  };
  const parse = (name: string): T => {
    // The length comes first, so that no text makes work in proportion to its own length.
    if (typeof name !== "string" || name.length > longest) throw new NameRefusedError("name", `is not ${what}`);
    const value = grammar.parse(name);
    // The one check that nothing gets past: a word too many, a second spelling, an order of its own, a component that nobody would print.
    if (print(value) !== name) throw new NameRefusedError("name", `is not ${what}`);
    return value;
  };
  return Object.freeze({ print, parse });
}

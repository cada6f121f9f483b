/** Owns how text that somebody else wrote is told on a terminal. No I/O. */

/** Characters that would move the cursor, colour the terminal, or reorder what is around them. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** One line, whatever somebody wrote into what it tells. */
export function plain(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Owns the guess that a name was meant to be another one. It reads no environment and knows no names. */

export interface Misspelling {
  variable: string;
  meant: string;
}

/** Variables with shorter names are one letter away from too many innocent ones. */
const SHORTEST = 8;
const MOST_EDITS = 2;
/** Longer names are nobody's slip, and comparing them takes time. */
const LONGEST = 100;

/** Those of `names` that nobody reads and that are at most two letters away from one that somebody does. */
export function likelyMisspelt(names: readonly string[], known: readonly string[]): Misspelling[] {
  return names.flatMap((variable) => {
    if (variable.length < SHORTEST || known.includes(variable)) return [];
    const meant = closest(variable, known.filter((candidate) => candidate.length >= SHORTEST));
    return meant === undefined ? [] : [{ variable, meant }];
  });
}

/** The first of `known` that is at most two letters away from `name`, in any letter case, and not more than half of it. */
export function closest(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined;
  const most = Math.min(MOST_EDITS, Math.floor(name.length / 2));
  return known.find((candidate) => edits(name.toLowerCase(), candidate.toLowerCase()) <= most);
}

/** Letters to insert, delete or replace to get from one text to the other (Levenshtein's distance). */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

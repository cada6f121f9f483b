/** Owns waiting for something no longer than a given time. What is waited for goes on: stopping it is its owner's business. */

/** Thrown by {@link within}. */
export class LateError extends Error {
  override readonly name = "LateError";
}

/** What `work` resolves or rejects with, or a rejection with {@link LateError} after `timeoutMs`. */
export async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LateError(`no outcome within ${timeoutMs} ms`)), timeoutMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

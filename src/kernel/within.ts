/** Owns waiting for something no longer than a given time. What is waited for goes on: stopping it is its owner's business. */

/** Thrown by {@link within}. */
export class LateError extends Error {
  override readonly name = "LateError";
}

/** What `work` resolves or rejects with, or a rejection with {@link LateError} after `timeoutMs`. One promise: it stands around every request. */
export function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new LateError(`no outcome within ${timeoutMs} ms`)), timeoutMs);
    const done = () => clearTimeout(timer);
    work.then(
      (value) => (done(), resolve(value)),
      (error: unknown) => (done(), reject(error)),
    );
  });
}

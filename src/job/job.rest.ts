/** Owns waiting that can be cut short: until there is something to do, or nothing more to wait for. */

export interface Rest {
  /** Resolves after this time, when it is cut short, or at once when it was cut short since the last time. */
  for(milliseconds: number): Promise<void>;
  cutShort(): void;
}

export function openRest(): Rest {
  let cut = false;
  let end = (): void => {};
  return {
    async for(milliseconds) {
      if (!cut) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, milliseconds);
          end = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      cut = false;
    },
    cutShort() {
      cut = true;
      end();
    },
  };
}

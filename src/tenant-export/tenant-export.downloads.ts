/** Owns how many archives are fetched at one time, and for how long: each holds a page of rows and the memory of a compressor. */
import { finished, type Readable } from "node:stream";
import { Fault } from "../kernel/fault.js";

export interface DownloadBounds {
  /** Of one instance. */
  atOnce: number;
  /** Of those, for one tenant: nobody keeps the others out. */
  ofOneTenant: number;
  /** A reader that takes a byte now and then is cut off after this time; one that takes none, by the server's bound on silence. */
  longestMs: number;
}

const BOUNDS: DownloadBounds = { atOnce: 8, ofOneTenant: 2, longestMs: 30 * 60_000 };

export interface Downloads {
  /** Faults: UNAVAILABLE when as many as allowed are under way, and after {@link end}; then `open` is not called. */
  begin(tenantId: string, open: () => Readable): Readable;
  /** Cut off all that are under way, and begin no other: whoever fetches again finds another instance. */
  end(): void;
}

export function openDownloads(given: Partial<DownloadBounds> = {}): Downloads {
  const { atOnce, ofOneTenant, longestMs } = { ...BOUNDS, ...given };
  const underWay = new Map<Readable, string>();
  let leaving = false;
  return {
    begin(tenantId, open) {
      if (leaving) throw new Fault("UNAVAILABLE", "This instance is about to leave, try again");
      const own = [...underWay.values()].filter((id) => id === tenantId).length;
      if (underWay.size >= atOnce || own >= ofOneTenant) throw new Fault("UNAVAILABLE", "Too many exports are being fetched, try again");
      const archive = open();
      underWay.set(archive, tenantId);
      const tooLong = setTimeout(() => archive.destroy(), longestMs);
      finished(archive, () => {
        clearTimeout(tooLong);
        underWay.delete(archive);
      });
      return archive;
    },
    end() {
      leaving = true;
      for (const archive of underWay.keys()) archive.destroy();
    },
  };
}

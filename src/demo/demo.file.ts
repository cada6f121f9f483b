/** Owns how the golden snapshot is read from its YAML file. How such a file is read at all is `kernel/checked-file.ts`. */
import type { Catalog } from "../catalog/catalog.js";
import { FileRefusedError, loadChecked, shipped } from "../kernel/checked-file.js";
import type { DemoSnapshot } from "./demo.js";
import { snapshotFrom } from "./demo.snapshot.js";

/** Thrown by {@link loadDemo}; its message lists every problem, one a line. */
export class DemoSnapshotError extends FileRefusedError {
  override readonly name = "DemoSnapshotError";
  constructor(file: string, problems: readonly string[]) {
    super("demo snapshot", file, problems);
  }
}

export interface DemoFiles {
  demoSnapshotFile?: string;
  catalogFile?: string;
}

/**
 * Read and check the snapshot. Without a name it is the one that the package brings along, which fits the catalogue that the package
 * brings along; with a catalogue of one's own and no snapshot there are no demos.
 *
 * Throws  {@link DemoSnapshotError} naming every problem.
 */
export async function loadDemo({ demoSnapshotFile, catalogFile }: DemoFiles, catalog: Catalog): Promise<DemoSnapshot> {
  if (demoSnapshotFile === undefined && catalogFile !== undefined) return { tenants: [] };
  return loadChecked(demoSnapshotFile ?? shipped("demo.yaml"), (content) => snapshotFrom(content, catalog), DemoSnapshotError);
}

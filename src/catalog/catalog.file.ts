/** Owns how the catalogue is read from its YAML file. How such a file is read at all is `kernel/checked-file.ts`. */
import { FileRefusedError, loadChecked, shipped } from "../kernel/checked-file.js";
import type { Catalog } from "./catalog.js";
import { catalogFrom } from "./catalog.manifest.js";

/** Thrown by {@link loadCatalog}; its message lists every problem, one a line. */
export class CatalogError extends FileRefusedError {
  override readonly name = "CatalogError";
  constructor(file: string, problems: readonly string[]) {
    super("catalogue", file, problems);
  }
}

/** Read and check the catalogue; without a name, the one that the package brings along. Throws {@link CatalogError} naming every problem. */
export function loadCatalog(file: string = shipped("catalog.yaml")): Promise<Catalog> {
  return loadChecked(file, (content) => {
    const { catalog, problems } = catalogFrom(content);
    return { value: catalog, problems };
  }, CatalogError);
}

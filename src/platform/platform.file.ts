/** Owns how the platform's clusters and providers are read from their YAML file. How such a file is read at all is `kernel/checked-file.ts`. */
import { FileRefusedError, loadChecked, shipped } from "../kernel/checked-file.js";
import type { Platform } from "./platform.js";
import { platformFrom } from "./platform.manifest.js";

/** Thrown by {@link loadPlatform}; its message lists every problem, one a line. */
export class PlatformError extends FileRefusedError {
  override readonly name = "PlatformError";
  constructor(file: string, problems: readonly string[]) {
    super("platform file", file, problems);
  }
}

/** Read and check the file; without a name, the one that the package brings along. Throws {@link PlatformError} naming every problem. */
export function loadPlatform(file: string = shipped("platform.yaml")): Promise<Platform> {
  return loadChecked(file, platformFrom, PlatformError);
}

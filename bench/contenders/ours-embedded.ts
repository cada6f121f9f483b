/** Owns the contender "ours, embedded": the service on the embedded database, with the data set in place of development's seeds. */
import { pino } from "pino";
import { loadCatalog } from "../../src/catalog/catalog.file.js";
import { readConfig } from "../../src/config.js";
import { openEmbedded } from "../../src/database/embedded.js";
import { up } from "../../src/database/migrate.js";
import { loadPlatform } from "../../src/platform/platform.file.js";
import { asOwner, openService, openServiceDataSource } from "../../src/service.js";
import { LOAD_SQL } from "../world/data-set.js";

const config = readConfig();
const log = pino({ level: config.logLevel });
const embedded = await openEmbedded({ dataDir: null });
await asOwner(config, embedded, async (owner) => {
  await up(owner);
  await owner.query(LOAD_SQL);
  await owner.query("vacuum analyze");
});
const dataSource = await openServiceDataSource(config, embedded, log);
const service = await openService({ config, log, dataSource, catalog: await loadCatalog(), demo: { tenants: [] }, platform: await loadPlatform() });
await service.app.listen(config.listen);

/** Owns the other process of the embedded database's tests: `<hold|write> <data directory>`. It ends when it is killed. */
import pg from "pg";
import { openEmbedded } from "../../src/database/embedded.js";

const [task, dataDir = ""] = process.argv.slice(2);

try {
  const database = await openEmbedded({ dataDir });
  process.stdout.write("open\n");
  if (task === "write") await writeForEver(new pg.Pool({ max: 1, user: "postgres", stream: () => database.stream() }));
  else setInterval(() => {}, 60_000);
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
}

/** Pairs of rows, each pair in one transaction; a number is printed only after its transaction was acknowledged. */
async function writeForEver(pool: pg.Pool): Promise<never> {
  const client = await pool.connect();
  for (let pair = 1; ; pair += 1) {
    await client.query("BEGIN");
    await client.query("INSERT INTO pairs (pair, half) VALUES ($1, 'first')", [pair]);
    await client.query("INSERT INTO pairs (pair, half) VALUES ($1, 'second')", [pair]);
    await client.query("COMMIT");
    process.stdout.write(`${pair}\n`);
  }
}

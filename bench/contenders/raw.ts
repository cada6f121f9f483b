/** Owns the contender "raw": bare node:http and one prepared statement whose JSON is written as it comes. The limit of what Node can do. */
import { createServer, type IncomingMessage } from "node:http";
import pg from "pg";
import { WORKLOADS } from "../workloads/index.js";
import { POOL_SIZE } from "./pool.js";

const pool = new pg.Pool({ connectionString: process.env["DATABASE_URL"], max: POOL_SIZE });
const TYPENAME = '{"__typename":"Query"}';
const statements = new Map(
  WORKLOADS.map(({ id, variants }) => [`/${id}`, [...new Set(variants.map(({ sql }) => sql))].map((text, i) => ({ name: `${id}-${i}`, text }))]),
);

async function answer(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { statement, values } = JSON.parse(Buffer.concat(chunks).toString()) as { statement: number; values: unknown[] };
  if (request.url === "/e") return TYPENAME;
  const prepared = statements.get(request.url ?? "")?.[statement];
  if (!prepared) throw new Error(`there is no statement ${statement} at ${request.url}`);
  const { rows } = await pool.query<{ json: string }>({ ...prepared, values });
  return rows[0]?.json ?? "null";
}

createServer((request, response) => {
  answer(request).then(
    (json) => response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(json) }).end(json),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
}).listen(Number(process.env["PORT"]), "127.0.0.1");

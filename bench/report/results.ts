/** Owns where results are kept: JSON for programs, Markdown for people, a chart for the README. */
import { mkdir, writeFile } from "node:fs/promises";
import { say } from "../stage.js";

const DIRECTORY = "bench/results";

/** Write a run's result and print its table. */
export async function keep(name: string, result: object, markdown: string): Promise<void> {
  await mkdir(DIRECTORY, { recursive: true });
  await writeFile(`${DIRECTORY}/${name}.json`, `${JSON.stringify(result, null, 1)}\n`);
  await writeFile(`${DIRECTORY}/${name}.md`, markdown);
  process.stdout.write(`${markdown}\n`);
  say(`written: ${DIRECTORY}/${name}.json and .md`);
}

/** The README shows the chart of the whole comparison; one with another name stays beside its table. */
export async function keepChart(name: string, svg: string): Promise<void> {
  const file = name === "compare" ? "docs/bench.svg" : `${DIRECTORY}/${name}.svg`;
  await writeFile(file, svg);
  say(`written: ${file}`);
}

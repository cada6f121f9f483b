/** Owns a notary over a registry under test, for what no request can ask for: checkpoints at a moment of the test's choosing. */
import { openNotary, type Notary, type NotaryParts } from "../../src/audit-chain/audit-chain.notary.js";
import { signingKeyFrom } from "../../src/audit-proof/audit-proof.keys.js";
import type { Registry } from "./registry.js";

export function notaryOf({ config, dataSource, clock }: Registry, parts: Partial<NotaryParts> = {}): Notary {
  const [first, ...others] = config.audit.keys.map(({ id, seed }) => signingKeyFrom(id, seed));
  if (!first) throw new Error("the configuration names no audit signing key");
  return openNotary({
    house: { dataSource, limits: { statementTimeoutMs: 5_000, maxWaiting: 1_000 } },
    keys: [first, ...others],
    checkpointDirectory: null,
    now: () => clock.now ?? new Date(),
    log: { info() {}, warn() {}, error() {} },
    ...parts,
  });
}

/** Owns the list of questions that products and the identity provider ask all day, in the order of the table. */
import type { Workload } from "../workload.js";
import { batchOfOne, batchWithSettings, check, largestBatch } from "./checks.js";
import { claims, plainClaims } from "./claims.js";
import { plainQuery } from "./plain-query.js";

/** The first is the one that the others are compared with. */
export const VERDICT_WORKLOADS: readonly [Workload, ...Workload[]] = [plainQuery, check, batchOfOne, batchWithSettings, largestBatch, claims, plainClaims];

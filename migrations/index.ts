/** Owns the order of the migrations. A migration that has landed is never edited or moved: databases have already run it. */
import type { MigrationInterface } from "typeorm";
import { SeedSchema1700000000001 } from "./1-seed-schema.js";
import { RowSecurity1700000000002 } from "./2-row-security.js";
import { FederationNeeds1700000000003 } from "./3-federation-needs.js";

/** The position in this list, from 1, is the number that people see and type. */
export const MIGRATIONS: (new () => MigrationInterface)[] = [
  SeedSchema1700000000001,
  RowSecurity1700000000002,
  FederationNeeds1700000000003,
];

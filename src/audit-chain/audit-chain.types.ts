/** Owns what the graph shows of chain, tree and checkpoints. Counts are text, because they may come to be more than its integers hold; hashes are hex. */
import { GraphQLDateTime, GraphQLJSONObject } from "graphql-scalars";
import { Directive, Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { AuditCheckpointKind } from "./audit-checkpoint.entity.js";

/** Hashes of a path from a leaf to the root: one a level. */
const PATH_SIZE = "@listSize(assumedSize: 64)";

/** Columns of an event that are hashed together, so that a person can be erased from them and the rest still be proven. */
export enum AuditGroup {
  ACTOR = "actor",
  TARGET = "target",
  TEXT = "text",
}
registerEnumType(AuditGroup, {
  name: "AuditGroup",
  description: "Columns of an audit event that are erased together.",
  valuesConfig: {
    ACTOR: { description: "Who did it, from where and with what." },
    TARGET: { description: "Which thing or person it was done to." },
    TEXT: { description: "Description, fields and metadata." },
  },
});

registerEnumType(AuditCheckpointKind, {
  name: "AuditCheckpointKind",
  description: "Why a checkpoint was signed.",
  valuesConfig: {
    INTERVAL: { description: "Events had come since the one before." },
    EXPORT: { description: "It ends an export." },
    PURGE: { description: "What is up to there was about to be deleted, because its retention had ended." },
  },
});

@ObjectType({ description: "An event's place in its tenant's chain, which is never changed again.", simpleResolvers: true })
export class AuditSettlement {
  @Field(() => String, { description: "Counted from 1, without gaps, in the order of the log." })
  position: string;

  @Field(() => String, { description: "Hash of the event." })
  leaf: string;

  @Field(() => String, { description: "Hash of the event and all before it." })
  chain: string;

  @Directive("@listSize(assumedSize: 3)")
  @Field(() => [AuditGroup], { description: "What of the event a person was erased from." })
  erased: AuditGroup[];
}

@ObjectType({ description: "A signed statement of what a tenant's audit log was. Whoever keeps it can tell whether the log is changed later.", simpleResolvers: true })
export class AuditCheckpoint {
  @Field(() => String, { description: "Counted from 1, without gaps." })
  number: string;

  @Field(() => String, { description: "How many events it covers, from the first one." })
  position: string;

  @Field(() => AuditCheckpointKind, { description: "Why it was signed." })
  kind: AuditCheckpointKind;

  @Field(() => String, { description: "Hash of the chain at its position." })
  chain: string;

  @Field(() => String, { description: "Root of the Merkle tree over the events that it covers." })
  root: string;

  @Field(() => GraphQLDateTime, { description: "When it was signed." })
  time: Date;

  @Field(() => String, { description: "All of this as a JWS in compact form: what to keep." })
  signed: string;
}

@ObjectType({ description: "How far a tenant's audit log is settled.", simpleResolvers: true })
export class AuditHorizon {
  @Field(() => String, { description: "Position of the last settled event; 0 when there is none." })
  position: string;

  @Field(() => GraphQLDateTime, { nullable: true, description: "Since when the oldest event waits that is recorded and not settled yet; null when none does." })
  oldestUnsettledAt: Date | null;
}

@ObjectType({ description: "Proves that an event is among those that a checkpoint covers, without showing the others.", simpleResolvers: true })
export class AuditInclusionProof {
  @Field(() => String, { description: "The event's position." })
  position: string;

  @Field(() => String, { description: "Hash of the event." })
  leaf: string;

  @Directive(PATH_SIZE)
  @Field(() => [String], { description: "The hashes beside its way to the root, its own neighbour first (RFC 6962, section 2.1.1)." })
  path: string[];

  @Field(() => AuditCheckpoint, { description: "The checkpoint with that root." })
  checkpoint: AuditCheckpoint;
}

@ObjectType({ description: "Proves that what one checkpoint covers is the beginning of what a later one covers.", simpleResolvers: true })
export class AuditConsistencyProof {
  @Field(() => AuditCheckpoint, { description: "The one that covers less." })
  from: AuditCheckpoint;

  @Field(() => AuditCheckpoint, { description: "The one that covers more." })
  to: AuditCheckpoint;

  @Directive(PATH_SIZE)
  @Field(() => [String], { description: "The hashes from which both roots are made (RFC 6962, section 2.1.2)." })
  path: string[];
}

@ObjectType({ description: "The public half of a key that checkpoints are or were signed with.", simpleResolvers: true })
export class AuditSigningKey {
  @Field(() => ID, { description: "As checkpoints name it." })
  id: string;

  @Field(() => GraphQLJSONObject, { description: "The key as a JWK (RFC 7517)." })
  jwk: Record<string, unknown>;
}

/** Owns what may be asked of flows: inputs that validate themselves, and the payloads of their mutations. */
import { IsDefined, Matches, Min, ValidateIf } from "class-validator";
import { GraphQLJSONObject } from "graphql-scalars";
import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { Environment } from "../environment/environment.entity.js";
import { IdempotencyKey } from "../kernel/validation.js";
import { Flow, FlowVersion, RunningFlow } from "./flow.entity.js";
import { FLOW_NAME, FLOW_NAME_RULE, MAX_BODY_BYTES, MAX_NODES } from "./flow.rules.js";

@InputType({ description: "A version of a flow to publish." })
export class PublishFlowInput {
  @Field(() => ID, { nullable: true, description: "The tenant to publish it in; the caller's own when omitted." })
  tenantId?: string | null;

  @Field(() => String, { description: "What the flow is called: 1 to 64 lower-case letters, digits, and inner `_` and `-`. A name that is new makes a new flow." })
  @Matches(FLOW_NAME, { message: `name ${FLOW_NAME_RULE}` })
  name: string;

  @Field(() => GraphQLJSONObject, {
    description:
      `What the version does, at most ${MAX_BODY_BYTES} bytes of JSON: \`nodes\`, 1 to ${MAX_NODES} of them with an \`id\` and a \`type\` each, and often a \`config\`; ` +
      "and, if there is something to say, texts called `version` and `description`.",
  })
  body: Record<string, unknown>;

  @Field(() => Int, { nullable: true, description: "Publish only if the latest version still has this number, 0 for none; else CONFLICT." })
  @ValidateIf((_, value) => value != null)
  @Min(0, { message: "expectedNumber must not be below 0" })
  expectedNumber?: number | null;

  @IdempotencyKey()
  idempotencyKey?: string | null;
}

@InputType({ description: "Which version of a flow an environment is to run." })
export class RunFlowInput {
  @Field(() => ID, { description: "The environment." })
  environmentId: string;

  @Field(() => String, { description: "Name of the flow." })
  @Matches(FLOW_NAME, { message: `flow ${FLOW_NAME_RULE}` })
  flow: string;

  @Field(() => Int, { nullable: true, description: "Number of the version; null for none, which stops the flow. It must be given." })
  @ValidateIf((_, value) => value !== null)
  @IsDefined({ message: "number must be given: that of a version, or null to stop the flow" })
  number?: number | null;
}

@ObjectType({ description: "What was published.", simpleResolvers: true })
export class PublishFlowPayload {
  @Field(() => Flow)
  flow: Flow;

  @Field(() => FlowVersion, { description: "The new version; the latest one when it says the same, because then nothing is published." })
  version: FlowVersion;
}

@ObjectType({ description: "What the environment runs now.", simpleResolvers: true })
export class RunFlowPayload {
  @Field(() => Environment)
  environment: Environment;

  @Field(() => RunningFlow, { nullable: true, description: "The flow as it now runs there; null when it does not." })
  running: RunningFlow | null;
}

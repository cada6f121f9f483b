/** Owns what may be asked of bundles, and what is answered: steps, what is kept, and problems. */
import { GraphQLJSONObject } from "graphql-scalars";
import { Directive, Field, InputType, ObjectType, registerEnumType } from "type-graphql";
import type { JsonObject } from "../catalog/catalog.js";
import { StepKind, StepThing } from "./bundle.js";

/** One bundle can ask for so many steps; they are done in one transaction. */
export const STEPS_AT_MOST = 500;

registerEnumType(StepKind, {
  name: "BundleStepKind",
  description: "What a step does.",
  valuesConfig: {
    ADD: { description: "Makes something, or brings something back that was archived under the same name." },
    CHANGE: { description: "Changes something." },
    REMOVE: { description: "Archives something, or stops a flow." },
  },
});
registerEnumType(StepThing, {
  name: "BundleStepThing",
  description: "What a step is about.",
  valuesConfig: {
    TENANT: { description: "The tenant itself." },
    SETTINGS: { description: "What the tenant says for itself." },
    ENVIRONMENT: { description: "One of its environments." },
    TEAM: { description: "One of its teams." },
    CHANNEL: { description: "A channel of one of its teams." },
    FLOW: { description: "A version of one of its flows." },
    RUNNING_FLOW: { description: "Which version of a flow an environment runs." },
  },
});

@InputType({ description: "What is to be of one tenant." })
export class ApplyBundleInput {
  @Field(() => String, { description: "Slug of the tenant." })
  tenant: string;

  @Field(() => Boolean, { defaultValue: false, description: "Make the tenant if there is none: a customer on trial, with the plan `starter`." })
  create: boolean;

  @Field(() => GraphQLJSONObject, {
    description:
      "What stands under the tenant's slug in a bundle: `name`, `settings`, `environments` (a list), `teams`, `flows` (maps). A section that is not there is not spoken of; " +
      "one that is there lists everything of its kind, but for `teams` with `allTeams: false`.",
  })
  content: JsonObject;

  @Field(() => Boolean, { defaultValue: false, description: "Archive and stop, too, what is there and not in the bundle. Tenants, versions of flows and settings always stay." })
  prune: boolean;

  @Field(() => Boolean, { defaultValue: false, description: "Only tell which steps it would take." })
  dryRun: boolean;
}

@ObjectType({ description: "One difference between what is there and what is to be there.", simpleResolvers: true })
export class BundleStep {
  @Field(() => StepKind)
  kind: StepKind;

  @Field(() => StepThing, { description: "What it is about." })
  what: StepThing;

  @Field(() => String, { description: "Slugs and names from the tenant inwards, for instance `support/slack` for a channel; of the tenant itself and its settings the tenant's slug." })
  name: string;

  @Field(() => GraphQLJSONObject, { nullable: true, description: "Of what is changed, the members that differ; of what is removed, all of it; null of what is added." })
  before: JsonObject | null;

  @Field(() => GraphQLJSONObject, { nullable: true, description: "Of what is changed, the members that differ; of what is added, all of it; null of what is removed." })
  after: JsonObject | null;
}

@ObjectType("BundleProblem", { description: "Something that is wrong with a bundle.", simpleResolvers: true })
export class BundleProblemAnswer {
  @Field(() => [String], { description: "Where in the content: names of members, slugs (of environments too, which are a list) and numbers in lists, from outside inwards. Empty for the whole." })
  place: string[];

  @Field(() => String, { description: "The rule that is broken, in words that go after the place." })
  rule: string;
}

@ObjectType({ description: "What was done, or would be.", simpleResolvers: true })
export class ApplyBundlePayload {
  @Directive(`@listSize(assumedSize: ${STEPS_AT_MOST})`)
  @Field(() => [BundleStep], { description: "In the order in which they were or would be done; empty when everything is so already." })
  steps: readonly BundleStep[];

  @Directive(`@listSize(assumedSize: ${STEPS_AT_MOST})`)
  @Field(() => [BundleStep], { description: "The steps that `prune` would add." })
  kept: readonly BundleStep[];

  @Directive("@listSize(assumedSize: 100)")
  @Field(() => [BundleProblemAnswer], { description: "Why nothing was done, the first hundred; empty when nothing is wrong." })
  problems: readonly BundleProblemAnswer[];

  @Field(() => Boolean, { description: "Whether everything that the bundle says is so now." })
  applied: boolean;
}

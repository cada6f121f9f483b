/** Owns what may be asked of audit events. */
import { GraphQLDateTime } from "graphql-scalars";
import { ArrayMaxSize, IsOptional, Length, Matches, MaxLength } from "class-validator";
import { Field, ID, InputType, registerEnumType } from "type-graphql";
import { AuditCrud } from "./audit-event.entity.js";

export enum AuditEventOrder {
  NEWEST_FIRST = "newest_first",
  SETTLED = "settled",
}
registerEnumType(AuditEventOrder, {
  name: "AuditEventOrder",
  description: "In which order audit events are listed.",
  valuesConfig: {
    NEWEST_FIRST: { description: "By when they happened, the newest first. An event is in it at once, also when it happened before others that were read already." },
    SETTLED: {
      description:
        "By their place in the tenant's log, which is for ever, the first one first. An event is in it once it is settled, usually within a second: " +
        "who has read up to a place has missed nothing before it, however late it was recorded.",
    },
  },
});

export enum AuditEventCountBy {
  ACTION = "action",
  ACTOR = "actor",
  DAY = "day",
}
registerEnumType(AuditEventCountBy, {
  name: "AuditEventCountBy",
  description: "By what audit events are counted.",
  valuesConfig: {
    ACTION: { description: "By their action, the most frequent first." },
    ACTOR: { description: "By the subject of who did it, the most frequent first." },
    DAY: { description: "By the day in UTC, the first one first; days without events are left out." },
  },
});

/** So long a text is looked for; a shorter one would be in almost everything. */
const TEXT: [min: number, max: number] = [2, 200];
const TEXT_LENGTH = { message: `$property must be ${TEXT[0]} to ${TEXT[1]} characters` };
/** Each is one more look at every event of the range. */
const MAX_TEXTS = 5;

@InputType({ description: "Every condition that is given must hold." })
export class AuditEventFilter {
  @Field(() => String, { nullable: true, description: "An action such as `project.create`, or the beginning of one followed by `*`." })
  @IsOptional()
  @Matches(/^[A-Za-z][A-Za-z0-9_.]{0,99}\*?$/, { message: "action must be like project.create or project.*" })
  action?: string | null;

  @Field(() => AuditCrud, { nullable: true, description: "What it did to its target." })
  crud?: AuditCrud | null;

  @Field(() => Boolean, { nullable: true, description: "Whether it was tried and did not succeed." })
  isFailure?: boolean | null;

  @Field(() => String, { nullable: true, description: "Subject of who did it." })
  @IsOptional()
  @MaxLength(255)
  actorId?: string | null;

  @Field(() => String, { nullable: true, description: "Kind of what it was done to, for instance `project`." })
  @IsOptional()
  @MaxLength(100)
  targetType?: string | null;

  @Field(() => String, { nullable: true, description: "Id of what it was done to." })
  @IsOptional()
  @MaxLength(255)
  targetId?: string | null;

  @Field(() => String, { nullable: true, description: "Key of the product that the action is about." })
  @IsOptional()
  @MaxLength(100)
  product?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "An API key: what was done to it, and what was done with it, as far as its product recorded it. Its id, its `lookupId`, or the key itself, " +
      "of which only the public part is looked for and nothing is kept. A key that another service made shares its `lookupId` with others that begin alike.",
  })
  @IsOptional()
  @MaxLength(200)
  apiKey?: string | null;

  @Field(() => ID, { nullable: true, description: "The project that it is about." })
  projectId?: string | null;

  @Field(() => String, { nullable: true, description: "Id of the request that did it." })
  @IsOptional()
  @MaxLength(100)
  requestId?: string | null;

  @Field(() => String, { nullable: true, description: "What its product calls it." })
  @IsOptional()
  @MaxLength(255)
  externalId?: string | null;

  @Field(() => String, { nullable: true, description: "Text that the description contains, whatever the letter case. Every event of the time range is looked at, so give one." })
  @IsOptional()
  @Length(...TEXT, TEXT_LENGTH)
  text?: string | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: "Happened at this time or later." })
  from?: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: "Happened before this time." })
  until?: Date | null;

  // What only a query says: see `audit-event.query.ts`.

  @ArrayMaxSize(MAX_TEXTS, { message: `at most ${MAX_TEXTS} texts can be looked for at once` })
  @Length(...TEXT, { message: `a text must be ${TEXT[0]} to ${TEXT[1]} characters`, each: true })
  @IsOptional()
  texts?: string[];

  @IsOptional()
  @Length(...TEXT, TEXT_LENGTH)
  actorName?: string;

  @IsOptional()
  @Length(...TEXT, TEXT_LENGTH)
  targetName?: string;

  cruds?: AuditCrud[];

  receivedFrom?: Date;

  receivedUntil?: Date;
}

/** Owns what may be asked of projects: inputs that validate themselves, and the payloads of their mutations. */
import { IsOptional, Length, Matches } from "class-validator";
import { Field, ID, InputType, Int, ObjectType, registerEnumType } from "type-graphql";
import { IdempotencyKey, Named } from "../kernel/validation.js";
import { Project, ProjectStatus } from "./project.entity.js";
import { PROJECT_SLUG } from "./project.rules.js";

@InputType({ description: "A new project." })
export class CreateProjectInput {
  @Field(() => ID, { nullable: true, description: "The tenant to create it in; the caller's own when omitted." })
  tenantId?: string | null;

  @Field(() => String, { description: "2 to 40 lower-case letters, digits and inner hyphens, unique in the tenant; can never be changed." })
  @Matches(PROJECT_SLUG, { message: "slug must be 2 to 40 lower-case letters, digits and inner hyphens" })
  slug: string;

  @Field(() => String, { description: "Name for people, 1 to 200 characters." })
  @Named()
  name: string;

  @IdempotencyKey()
  idempotencyKey?: string | null;
}

@InputType({ description: "What to change of a project. What is omitted stays." })
export class UpdateProjectInput {
  @Field(() => ID)
  id: string;

  @Field(() => Int, { nullable: true, description: "Change only if the project still has this `version`; else CONFLICT." })
  expectedVersion?: number | null;

  @Field(() => String, { nullable: true, description: "Name for people, 1 to 200 characters." })
  @Named({ optional: true })
  name?: string;
}

@InputType({ description: "Which project to archive or restore." })
export class ProjectStatusInput {
  @Field(() => ID)
  id: string;

  @Field(() => Int, { nullable: true, description: "Change only if the project still has this `version`; else CONFLICT." })
  expectedVersion?: number | null;
}

@ObjectType({ description: "The new project.", simpleResolvers: true })
export class CreateProjectPayload {
  @Field(() => Project)
  project: Project;
}

@ObjectType({ description: "The project after the change.", simpleResolvers: true })
export class UpdateProjectPayload {
  @Field(() => Project)
  project: Project;
}

@ObjectType({ description: "The project, now put away.", simpleResolvers: true })
export class ArchiveProjectPayload {
  @Field(() => Project)
  project: Project;
}

@ObjectType({ description: "The project, now in use again.", simpleResolvers: true })
export class RestoreProjectPayload {
  @Field(() => Project)
  project: Project;
}

export enum ProjectOrderField {
  CREATED_AT = "created_at",
  NAME = "name",
  SLUG = "slug",
}
registerEnumType(ProjectOrderField, { name: "ProjectOrderField", description: "What a list of projects is ordered by." });

@InputType({ description: "How a list of projects is ordered." })
export class ProjectOrder {
  @Field(() => ProjectOrderField)
  field: ProjectOrderField;

  @Field(() => Boolean, { defaultValue: false, description: "The largest or latest first." })
  descending: boolean;
}

@InputType({ description: "Every condition that is given must hold." })
export class ProjectFilter {
  @Field(() => ProjectStatus, { nullable: true })
  status?: ProjectStatus | null;

  @Field(() => String, { nullable: true, description: "Text that the name or the slug contains, whatever the letter case." })
  @IsOptional()
  @Length(1, 100)
  nameContains?: string | null;
}

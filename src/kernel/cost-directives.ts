/** Owns how a schema's `@cost` and `@listSize` are read. What an operation costs by them is `cost.ts`. */
import { GraphQLError, valueFromASTUntyped, type ConstDirectiveNode, type GraphQLField } from "graphql";
import type { FaultCode } from "./fault.js";

export type Values = Readonly<Record<string, unknown>>;
export type Field = GraphQLField<unknown, unknown>;

export interface ListSize {
  readonly assumedSize: number | undefined;
  readonly slicingArguments: readonly string[];
  readonly sizedFields: readonly string[];
  readonly requireOneSlicingArgument: boolean;
}

/** How many items to expect: the largest slicing argument that has a value (its default included), else the assumed size. */
export function expectedSize(listSize: ListSize, args: Values): number | undefined {
  const { slicingArguments } = listSize;
  const given = slicingArguments.map((name) => args[name]).filter((value) => typeof value === "number");
  if (slicingArguments.length > 0 && listSize.requireOneSlicingArgument && given.length !== 1) {
    throw new GraphQLError(`Exactly one of these arguments is required: ${slicingArguments.join(", ")}`, {
      extensions: { code: "BAD_USER_INPUT" satisfies FaultCode, field: slicingArguments[0], http: { status: 400 } },
    });
  }
  return given.length > 0 ? Math.max(0, ...given) : listSize.assumedSize;
}

/** The summed `@cost` of the arguments that have a value. */
export function argumentsWeight(field: Field, args: Values): number {
  return field.args.reduce((sum, argument) => {
    return argument.name in args ? sum + (costOf(argument.astNode?.directives) ?? 0) : sum;
  }, 0);
}

/** Weight of an applied `@cost`, if it is a number. The IBM specification writes it as a string, Federation as an Int. */
export function costOf(directives: readonly ConstDirectiveNode[] | undefined): number | undefined {
  const applied = applicationOf("cost", directives);
  const weight = Number(applied?.["weight"] ?? NaN);
  return Number.isFinite(weight) ? Math.max(0, weight) : undefined;
}

/** The field's `@listSize`, if it has one. */
export function listSizeOf(field: Field): ListSize | undefined {
  const applied = applicationOf("listSize", field.astNode?.directives);
  return (
    applied && {
      assumedSize: typeof applied["assumedSize"] === "number" ? applied["assumedSize"] : undefined,
      slicingArguments: names(applied["slicingArguments"]),
      sizedFields: names(applied["sizedFields"]),
      requireOneSlicingArgument: applied["requireOneSlicingArgument"] !== false,
    }
  );
}

function names(value: unknown): string[] {
  return [value ?? []].flat().map(String);
}

/** Read without the directive's definition: fields that type-graphql built carry directives their schema does not define. */
function applicationOf(name: string, directives: readonly ConstDirectiveNode[] | undefined): Values | undefined {
  const applied = directives?.find((directive) => directive.name.value === name);
  return applied && Object.fromEntries((applied.arguments ?? []).map((arg) => [arg.name.value, valueFromASTUntyped(arg.value)]));
}

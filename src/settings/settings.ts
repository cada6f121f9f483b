/** Owns what settings are: what a tenant, an environment or a team says for itself, what holds where nobody says anything, and how the one is inherited from the other. */
import { Field, InputType, ObjectType, registerEnumType } from "type-graphql";

export enum Weekday {
  MONDAY = "monday",
  TUESDAY = "tuesday",
  WEDNESDAY = "wednesday",
  THURSDAY = "thursday",
  FRIDAY = "friday",
  SATURDAY = "saturday",
  SUNDAY = "sunday",
}
registerEnumType(Weekday, {
  name: "Weekday",
  description: "A day of the week.",
  valuesConfig: {
    MONDAY: { description: "The day that most of Europe's weeks begin with." },
    TUESDAY: { description: "The day after Monday." },
    WEDNESDAY: { description: "The day after Tuesday." },
    THURSDAY: { description: "The day after Wednesday." },
    FRIDAY: { description: "The day after Thursday." },
    SATURDAY: { description: "The day that weeks begin with in much of the Arab world." },
    SUNDAY: { description: "The day that weeks begin with in much of the Americas and Asia." },
  },
});

/** Where a setting that holds was made. */
export enum SettingSource {
  DEFAULT = "default",
  TENANT = "tenant",
  ENVIRONMENT = "environment",
  TEAM = "team",
}
registerEnumType(SettingSource, {
  name: "SettingSource",
  description: "Where a setting that holds was made.",
  valuesConfig: {
    DEFAULT: { description: "Nobody made it: the platform's own." },
    TENANT: { description: "The tenant." },
    ENVIRONMENT: { description: "The environment." },
    TEAM: { description: "The team." },
  },
});

/** What one owner says for itself, as it is stored: what it does not say is not there, and is inherited. */
@ObjectType({ description: "What a tenant, an environment or a team says for itself; null is what it inherits: a team from the environment that it acts in, an environment from its tenant.", simpleResolvers: true })
export class Settings {
  @Field(() => String, { nullable: true, description: "The time zone, by its IANA name, for instance `Europe/Berlin`." })
  timezone?: string;

  @Field(() => String, { nullable: true, description: "The language, as a BCP 47 tag in its canonical spelling, for instance `de-CH`." })
  language?: string;

  @Field(() => String, { nullable: true, description: "The currency, by its ISO 4217 code, for instance `EUR`." })
  currency?: string;

  @Field(() => Weekday, { nullable: true, description: "The day that a week begins with." })
  weekStart?: Weekday;
}

/** The name of one setting. */
export type SettingKey = keyof Settings;

/** What holds where nobody says anything. */
export const DEFAULT_SETTINGS: Readonly<Required<Settings>> = { timezone: "UTC", language: "en", currency: "EUR", weekStart: Weekday.MONDAY };

/** Every setting there is. */
export const SETTING_KEYS = Object.keys(DEFAULT_SETTINGS) as SettingKey[];

@InputType({ description: "What to say for oneself. What is omitted stays; null is inherited again." })
export class SettingsInput {
  @Field(() => String, { nullable: true, description: "The time zone, by its IANA name, for instance `Europe/Berlin`." })
  timezone?: string | null;

  @Field(() => String, { nullable: true, description: "The language, as a BCP 47 tag, for instance `de-CH`; kept in its canonical spelling." })
  language?: string | null;

  @Field(() => String, { nullable: true, description: "The currency, by its ISO 4217 code, for instance `EUR`." })
  currency?: string | null;

  @Field(() => Weekday, { nullable: true, description: "The day that a week begins with." })
  weekStart?: Weekday | null;
}

@ObjectType({ description: "A setting that holds, and where it was made.", simpleResolvers: true })
export class EffectiveText {
  @Field(() => String, { description: "What holds." })
  value: string;

  @Field(() => SettingSource, { description: "Who made it." })
  from: SettingSource;
}

@ObjectType({ description: "A day of the week that holds as a setting, and where it was made.", simpleResolvers: true })
export class EffectiveWeekday {
  @Field(() => Weekday, { description: "What holds." })
  value: Weekday;

  @Field(() => SettingSource, { description: "Who made it." })
  from: SettingSource;
}

@ObjectType({ description: "The settings that hold at one place: the team's own, else the environment's, else the tenant's, else the platform's.", simpleResolvers: true })
export class EffectiveSettings {
  @Field(() => EffectiveText, { description: "The time zone, by its IANA name." })
  timezone: EffectiveText;

  @Field(() => EffectiveText, { description: "The language, as a BCP 47 tag." })
  language: EffectiveText;

  @Field(() => EffectiveText, { description: "The currency, by its ISO 4217 code." })
  currency: EffectiveText;

  @Field(() => EffectiveWeekday, { description: "The day that a week begins with." })
  weekStart: EffectiveWeekday;
}

/** What holds, of what each owner says for itself: a team goes before its environment, that before its tenant. An owner that there is not says nothing. */
export function effective(
  defaults: Readonly<Required<Settings>>,
  tenant: Readonly<Settings>,
  environment: Readonly<Settings> | null = null,
  team: Readonly<Settings> | null = null,
): EffectiveSettings {
  const layers = [
    { from: SettingSource.TEAM, says: team },
    { from: SettingSource.ENVIRONMENT, says: environment },
    { from: SettingSource.TENANT, says: tenant },
  ];
  const holds = <Key extends SettingKey>(key: Key): { value: NonNullable<Settings[Key]>; from: SettingSource } => {
    for (const { from, says } of layers) {
      const value: Settings[Key] | undefined = says?.[key];
      if (value != null) return { value, from };
    }
    const value: NonNullable<Settings[Key]> = defaults[key];
    return { value, from: SettingSource.DEFAULT };
  };
  return { timezone: holds("timezone"), language: holds("language"), currency: holds("currency"), weekStart: holds("weekStart") };
}

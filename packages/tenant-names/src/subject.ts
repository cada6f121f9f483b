/** Owns the subjects that messages arrive on, and what a client of a tenant may subscribe to. The environment comes first. */
import { slug } from "./component.js";
import { codec, type Codec } from "./codec.js";
import { checkedContext, contextOf, slugOrNone, teamWord, type TenantContext } from "./context.js";
import { membersOf, NameRefusedError } from "./refusal.js";

const PREFIX = "greentic.messaging.ingress.";
const WHAT = "a message subject";

/** `greentic.messaging.ingress.{environment}.{tenant}.{team|default}.{channel}` */
export const messageSubject: Codec<{ context: TenantContext; channel: string }> = codec<{ context: TenantContext; channel: string }>({
  what: WHAT,
  longest: 190,
  print(value) {
    const { context, channel } = membersOf(value);
    const { tenant, environment, team } = checkedContext(context);
    return PREFIX + [environment, tenant, teamWord(team), slug("channel", channel)].join(".");
  },
  parse(name) {
    const [environment, tenant, team, channel] = name.slice(PREFIX.length).split(".");
    if (!name.startsWith(PREFIX) || channel === undefined) throw new NameRefusedError("name", `is not ${WHAT}`);
    return { context: contextOf({ tenant, environment, team }), channel: slug("channel", channel) };
  },
});

/**
 * The subjects of a tenant; of one environment or of one team, if given. A team of null means the messages of no team,
 * a part that is left out means all.
 *
 * The tenant is always a word of its own, so that no filter reaches another tenant.
 */
export function subjectFilter(scope: { tenant: string; environment?: string; team?: string | null }): string {
  const { tenant, environment, team } = membersOf(scope);
  const words = [environment === undefined ? "*" : slug("environment", environment), slug("tenant", tenant)];
  if (team !== undefined) words.push(teamWord(slugOrNone("team", team)));
  return `${PREFIX}${words.join(".")}.>`;
}

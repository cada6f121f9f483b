/** Owns the two names of a session: the file that keeps it, and the key of its working state. */
import { codec, type Codec } from "./codec.js";
import { checkedContext, contextOf, teamWord, type TenantContext } from "./context.js";
import { decode, encode } from "./encoding.js";
import { membersOf, NameRefusedError } from "./refusal.js";

interface SessionOf {
  context: TenantContext;
  session: string;
}

/** `sessions/{tenant}/{environment}/{team|default}/{session}.cbor` */
export const sessionPath: Codec<SessionOf> = sessionName({ what: "a session's path", longest: 387, before: "sessions/", between: "/", after: ".cbor" });

/** `state:{tenant}:{environment}:{team|default}:{session}` */
export const stateKey: Codec<SessionOf> = sessionName({ what: "a state's key", longest: 379, before: "state:", between: ":", after: "" });

function sessionName({ what, longest, before, between, after }: Record<"what" | "before" | "between" | "after", string> & { longest: number }): Codec<SessionOf> {
  return codec<SessionOf>({
    what,
    longest,
    print(value) {
      const { context, session } = membersOf(value);
      const { tenant, environment, team } = checkedContext(context);
      return before + [tenant, environment, teamWord(team), encode("session", session)].join(between) + after;
    },
    parse(name) {
      const [tenant, environment, team, session] = name.slice(before.length, name.length - after.length).split(between);
      if (!name.startsWith(before) || !name.endsWith(after) || session === undefined) {
        throw new NameRefusedError("name", `is not ${what}`);
      }
      return { context: contextOf({ tenant, environment, team }), session: decode("session", session) };
    },
  });
}

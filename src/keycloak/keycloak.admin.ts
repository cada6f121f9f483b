/** Owns calls of the Admin API in the registry's name: paths, and what is done when the token is refused. */
import { KeycloakError } from "./keycloak.js";
import { exchange, type Answer, type Exchanges, type Request } from "./keycloak.exchange.js";
import { ServiceToken, type KeycloakAccount } from "./keycloak.token.js";

export interface AdminCall {
  /** Fill the template's `{names}`. */
  path?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string>>;
  body?: Request["body"];
}

export class AdminApi {
  readonly #token: ServiceToken;

  constructor(
    private readonly exchanges: Exchanges,
    private readonly account: KeycloakAccount,
    now: () => Date,
  ) {
    this.#token = new ServiceToken(exchanges, account, now);
  }

  /**
   * Call `<realm><template>` and return the answer, whatever it says.
   *
   * A token that is refused is asked for anew, once: it may have been revoked, or the realm's keys changed. Nothing was done by then.
   */
  async call(method: Request["method"], template: string, { path = {}, query = {}, body }: AdminCall = {}): Promise<Answer> {
    const route = `${method} ${template}`;
    const { url, realm } = this.account;
    const filled = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => segment(path[name] ?? "", route));
    const search = new URLSearchParams(query).toString();
    const request = { route, method, url: `${url}/admin/realms/${segment(realm, route)}${filled}${search && `?${search}`}`, body };
    const bearer = await this.#token.current();
    const answer = await exchange(this.exchanges, { ...request, bearer });
    if (answer.status !== 401) return answer;
    this.#token.drop(bearer);
    return exchange(this.exchanges, { ...request, bearer: await this.#token.current() });
  }
}

/** Text as one segment of a path. Dots alone would climb to another route. */
function segment(text: string, route: string): string {
  if (/^\.{0,2}$/.test(text)) throw new KeycloakError("invalid", route, { internal: "an empty or relative path segment" });
  return encodeURIComponent(text);
}

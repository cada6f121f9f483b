/** Owns a browser as small as the login pages of Keycloak allow: cookies, forms, links, redirects. */

export interface Page {
  status: number;
  url: string;
  html: string;
  /** Set when a redirect led away from the server: where to. Nobody went there. */
  leftFor: URL | null;
}

const MAX_REDIRECTS = 10;

export class Browser {
  readonly #cookies = new Map<string, string>();

  /** Open an address and follow redirects as long as they stay on its origin. */
  async open(address: string, form?: Record<string, string>): Promise<Page> {
    const { origin } = new URL(address);
    let url = address;
    for (let redirects = 0, body = form; redirects <= MAX_REDIRECTS; redirects += 1, body = undefined) {
      const response = await fetch(url, {
        redirect: "manual",
        headers: { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
        ...(body && { method: "POST", body: new URLSearchParams(body) }),
      });
      this.#keep(response.headers.getSetCookie());
      const html = await response.text();
      const location = response.headers.get("location");
      const next = location === null ? null : new URL(location, url);
      if (next === null || next.origin !== origin) return { status: response.status, url, html, leftFor: next };
      url = next.href;
    }
    throw new Error(`${address} redirects without end`);
  }

  /** Fill in the page's form and send it. */
  submit(page: Page, fields: Record<string, string>): Promise<Page> {
    const [, action] = /<form[^>]*\baction="([^"]+)"/.exec(page.html) ?? [];
    if (action === undefined) throw new Error(`no form, but: ${wordsOf(page)}`);
    return this.open(new URL(unescaped(action), page.url).href, fields);
  }

  #keep(lines: readonly string[]): void {
    for (const line of lines) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "" || /max-age=0/i.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}

/** What a person would read. */
export const wordsOf = ({ html }: Page) => html.replace(/^[^]*<body/, "<").replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ").trim();

export const unescaped = (html: string) => html.replaceAll("&#61;", "=").replaceAll("&amp;", "&");

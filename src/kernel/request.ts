/** Owns what one request carries to its resolvers: the caller, the doors, and what was already loaded. */
import type { FastifyBaseLogger } from "fastify";
import type { Doors } from "./doors.js";
import { Fault } from "./fault.js";
import type { Principal } from "./principal.js";

/**
 * What features get from the composition root besides the doors: the catalogue, Keycloak, and the like. Each declares its own by
 * declaration merging, so that the kernel knows none and the composition root can forget none.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- filled by declaration merging
export interface Facilities {}

/** Opens a feature's reads for one request, for instance `tenantReads`. */
export type OpenReads<T> = (doors: Doors, caller: Principal | null, now: () => Date) => T;

/** Where in its tenant a request acts. */
export interface ActingIn {
  readonly tenantId: string;
  /** The environment's slug. */
  readonly environment: string;
  /** What the request's log lines carry of it. */
  readonly fields: Readonly<Record<string, string | null>>;
}

/** The part of its tenant that a request was sent to, by its headers. */
export interface Asked {
  /** Slug or id, as it came. A service's means something once it has said in which tenant; everybody else's was looked up. */
  readonly environment: string | null;
  readonly team: string | null;
  /** What both mean in the caller's own tenant; null for services, and where they do not say enough. */
  readonly place: ActingIn | null;
}

const NO_PLACES: readonly ActingIn[] = [];
const NOTHING_ASKED: Asked = { environment: null, team: null, place: null };

/** Has no members with members, which is where the log looks for secrets: it copies every line for that. */
type FlatLine = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

const flat = new WeakMap<FastifyBaseLogger, FastifyBaseLogger>();

/** The same log, written to without that look. */
function flatLines(log: FastifyBaseLogger): FastifyBaseLogger {
  const lines = flat.get(log) ?? log.child({}, { redact: [] });
  flat.set(log, lines);
  return lines;
}

export class RequestContext {
  private readonly opened = new Map<OpenReads<unknown>, unknown>();
  /** By what tells them apart. Made for the first: most requests act in none. */
  private acted: Map<string, ActingIn> | null = null;

  constructor(
    readonly requestId: string,
    private readonly logger: FastifyBaseLogger,
    readonly caller: Principal | null,
    readonly doors: Doors,
    /** The clock; tests move it. */
    readonly now: () => Date,
    readonly facilities: Facilities,
    readonly asked: Asked = NOTHING_ASKED,
  ) {}

  /** What every line of this request carries. */
  get logged() {
    const { requestId, caller, place } = this;
    const logged = { requestId, principal: caller?.subject ?? null, tenant: caller?.tenantId ?? null };
    return place ? { ...logged, ...place.fields } : logged;
  }

  /** A context of this place was handed out. Where headers have said where the request acts, nothing else does. */
  actIn(place: ActingIn): void {
    if (this.asked.place) return;
    this.acted ??= new Map();
    this.acted.set(JSON.stringify([place.tenantId, place.fields]), place);
  }

  /** Every place in which this request acts. */
  get places(): readonly ActingIn[] {
    if (this.asked.place) return [this.asked.place];
    return this.acted ? [...this.acted.values()] : NO_PLACES;
  }

  /** The one place in which it acts; null when there is none, or several. */
  get place(): ActingIn | null {
    if (this.asked.place || !this.acted) return this.asked.place;
    const [only, another] = this.acted.values();
    return another ? null : (only ?? null);
  }

  /** A logger of this request's own. Made when it is asked for: most requests write one line, see {@link note}. */
  get log(): FastifyBaseLogger {
    return this.logger.child(this.logged);
  }

  /** Write one line of this request. */
  note(line: FlatLine, message: string): void {
    flatLines(this.logger).info({ ...this.logged, ...line }, message);
  }

  /** The verified caller. Faults: UNAUTHENTICATED for an anonymous request. */
  get principal(): Principal {
    if (!this.caller) throw new Fault("UNAUTHENTICATED", "Sign in to use the registry");
    return this.caller;
  }

  /** A feature's reads, opened once per request, so that equal look-ups are made once. Bound: resolvers take it out of the context. */
  readonly reads = <T>(open: OpenReads<T>): T => {
    let reads = this.opened.get(open) as T | undefined;
    if (reads === undefined) {
      reads = open(this.doors, this.caller, this.now);
      this.opened.set(open, reads);
    }
    return reads;
  };

  /** Drop what was loaded: after a commit it may be stale. */
  forget(): void {
    this.opened.clear();
  }
}

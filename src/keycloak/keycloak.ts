/** Owns what the registry asks of Keycloak's Admin API, in the registry's words. How it is asked is `keycloak.client.ts`. */

/**
 * Organisations, their invitations and members, in one realm.
 *
 * Every method may throw a {@link KeycloakError}, and nothing else. Every method may be repeated: after a lost answer the second call
 * finds what the first one did.
 */
export interface Keycloak {
  /** The organisation whose attribute `tenant_id` is this tenant; null when there is none. Never by name or alias. Errors: conflict when two say so. */
  findOrganization(tenantId: string): Promise<Organization | null>;

  /** The organisation with this id; null when there is none. */
  organization(id: string): Promise<Organization | null>;

  /** A page of all organisations, by name in byte order; shorter than `max` means that it is the last one. 100 fit into one answer with ease. */
  organizations(first: number, max: number): Promise<Organization[]>;

  /**
   * The tenant's organisation, found or created; one that is found is returned as it is.
   *
   * Names are unique in a realm and tenants' names are not: when the name is taken, the organisation gets the second of
   * `organizationNames()`.
   *
   * Errors   conflict when the alias belongs to an organisation without our `tenant_id`: it is not adopted.
   */
  createOrganization(wanted: WantedOrganization): Promise<Organization>;

  /**
   * Bring name, `enabled`, our attributes and the landing page to what is wanted; leave the rest, and the alias, as it is.
   *
   * Errors   not-found · conflict when the organisation has another tenant's id, or none.
   */
  updateOrganization(id: string, wanted: WantedOrganization): Promise<Organization>;

  /**
   * See to it that this person has a valid invitation. One mail is sent, also when this is repeated: an invitation exists only if its
   * mail went out, so one that is pending is left alone and an expired one is sent again.
   *
   * Calls at the same time make one invitation, but each may mail, and only one of the links lives: callers take turns.
   *
   * Errors   not-found (the organisation) · invalid (see `invitable()`, or the organisation is disabled) · mail-failed, and then there
   *          is no invitation.
   */
  invite(organizationId: string, person: InvitedPerson): Promise<"invited" | "already-member">;

  /** The invitation to this address that is pending or has expired; null when there is none, or it was accepted. */
  invitation(organizationId: string, email: string): Promise<Invitation | null>;

  /** Send a new mail with a new link and a new expiry; older links die. Null when there is nothing to send again. Errors: mail-failed. */
  resendInvitation(organizationId: string, email: string): Promise<Invitation | null>;

  /** Withdraw the invitation; its link dies. False when there was none. */
  revokeInvitation(organizationId: string, email: string): Promise<boolean>;

  /** Withdraw every invitation of the organisation, also expired ones; the number of those that there were. */
  revokeInvitations(organizationId: string): Promise<number>;

  /** The member with exactly this address; null when there is none. */
  member(organizationId: string, email: string): Promise<Member | null>;

  /**
   * Give a member a role inside this organisation, and in no other: the group of that name, made when it is missing, which the
   * `organization` claim of the person's tokens then lists. Whoever has it already keeps it.
   *
   * Errors   not-found (the organisation, or this is no member of it) · roles-unsupported (Keycloak 26.6 or older).
   */
  grantRole(organizationId: string, memberId: string, role: string): Promise<void>;

  /**
   * Resolves when the account can log in, organisations are enabled, and it may do all of the above. What needs people to show is not
   * seen in a realm without any, nor by an account that sees none.
   */
  ready(): Promise<void>;
}

/** Name of the attribute by which an organisation says whose it is. */
export const TENANT_ATTRIBUTE = "tenant_id";

export interface Organization {
  /** Keycloak's choice; opaque. */
  readonly id: string;
  readonly name: string;
  /** Key of the `organization` claim; fixed when the organisation is created. */
  readonly alias: string;
  readonly enabled: boolean;
  /** What {@link TENANT_ATTRIBUTE} says, when it says one thing. */
  readonly tenantId: string | null;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  readonly redirectUrl: string | null;
}

export interface WantedOrganization {
  readonly tenantId: string;
  /** The tenant's name. */
  readonly name: string;
  /** The tenant's slug. */
  readonly alias: string;
  /** False: its members cannot sign in through it, and it vanishes from tokens. */
  readonly enabled: boolean;
  /** Beside `tenant_id`, which is always written. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Where an invitation leads after it was accepted: an address of our own portal, never a tenant's choice. Absent: the account console. */
  readonly redirectUrl?: string;
}

export interface InvitedPerson {
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
}

export interface Invitation {
  /** In lower case. */
  readonly email: string;
  readonly status: "pending" | "expired";
  readonly sentAt: Date;
  readonly expiresAt: Date;
}

export interface Member {
  /** The user's id: `sub` in that person's tokens. */
  readonly id: string;
  readonly email: string;
  readonly enabled: boolean;
}

/** Every way in which a call can fail. Retryable: the same call may succeed later although nobody did anything. */
export const KEYCLOAK_FAILURES = {
  unreachable: { retryable: true, message: "The identity provider cannot be reached." },
  timeout: { retryable: true, message: "The identity provider did not answer in time." },
  unauthorized: { retryable: false, message: "The identity provider does not accept the registry's account." },
  forbidden: { retryable: false, message: "The registry's account at the identity provider lacks a role." },
  "organizations-disabled": { retryable: false, message: "Organisations are not enabled at the identity provider." },
  "roles-unsupported": { retryable: false, message: "The identity provider cannot give roles inside an organisation: this needs Keycloak 26.7 or newer." },
  "not-found": { retryable: false, message: "The identity provider does not have what was asked for." },
  conflict: { retryable: false, message: "The identity provider has something else under the same name." },
  invalid: { retryable: false, message: "The identity provider does not accept these values." },
  "mail-failed": { retryable: true, message: "The identity provider could not send the mail." },
  "server-error": { retryable: true, message: "The identity provider failed." },
  "not-understood": { retryable: true, message: "The identity provider's answer was not understood." },
} as const;

export type KeycloakFailure = keyof typeof KEYCLOAK_FAILURES;

export interface KeycloakErrorDetail {
  /** HTTP status of the answer; null when there was none. */
  status?: number | null;
  /** For the log, capped and redacted: what the server said, or the error that the network gave. */
  internal?: unknown;
}

/** A call that did not do what it should. `message` is public: our own words, nothing of what the server said. */
export class KeycloakError extends Error {
  override readonly name = "KeycloakError";
  readonly status: number | null;
  readonly retryable: boolean;
  readonly internal: unknown;

  constructor(
    readonly kind: KeycloakFailure,
    /** Method and path template of the request, such as `POST /organizations/{id}/members/invite-user`. */
    readonly route: string,
    { status = null, internal }: KeycloakErrorDetail = {},
  ) {
    super(KEYCLOAK_FAILURES[kind].message);
    this.status = status;
    this.retryable = KEYCLOAK_FAILURES[kind].retryable;
    this.internal = internal;
  }
}

/** Owns the example queries of the development page, as data. Showing them is `page.ts`. */

export interface ExampleQuery {
  /** What it answers, in a few words: the text of the menu entry. */
  readonly title: string;
  readonly query: string;
  /** JSON text for the variables editor. */
  readonly variables?: string;
}

/**
 * In the order of the menu. A first visit opens the first one, so that one takes no variables. A tenant's administrator may run
 * them all, but for those whose title begins with who may.
 */
export const EXAMPLE_QUERIES: readonly ExampleQuery[] = [
  {
    title: "Who am I?",
    query: `# Who the service takes you for.
# Choose another caller above and run it again.
query WhoAmI {
  viewer {
    subject
    name
    kind
    roles
    actions
  }
}
`,
  },
  {
    title: "My tenant, its projects and products",
    query: `query MyTenant($projects: Int = 10) {
  myTenant {
    slug
    name
    status
    projects(first: $projects) {
      nodes {
        slug
        name
      }
    }
    entitlements {
      product {
        key
      }
      enabled
      expiresAt
    }
  }
}
`,
    variables: json({ projects: 10 }),
  },
  {
    title: "A tenant by its slug",
    query: `# Not yours and not there get the same answer:
# ask as a caller of another tenant.
query TenantBySlug($slug: String!) {
  tenantBySlug(slug: $slug) {
    id
    slug
    name
    status
  }
}
`,
    variables: json({ slug: "acme" }),
  },
  {
    title: "A context, its names and its flows",
    query: `# For whom something happens, and what its things are called.
# The X-Environment-ID and X-Team-ID headers say the same.
query Context($environment: String, $team: String) {
  tenantContext(environment: $environment, team: $team) {
    tenantSlug
    environment
    team
    settings {
      timezone {
        value
        from
      }
    }
    names {
      sessionPath(session: "session_001")
      messageSubject(channel: "slack")
      secretPath(key: "api_key")
    }
    flows {
      flow
      number
    }
  }
}
`,
    variables: json({ environment: "prod", team: "support" }),
  },
  {
    title: "Create a project",
    query: `# A tenant's administrator creates it at home;
# an operator adds the tenantId to the input.
mutation CreateProject($input: CreateProjectInput!) {
  createProject(input: $input) {
    project {
      id
      slug
      name
      createdAt
    }
  }
}
`,
    variables: json({ input: { slug: "storefront", name: "Storefront" } }),
  },
  {
    title: "Audit events, newest first",
    query: `# Every change leaves one: create a project, and look again.
query AuditTrail($first: Int = 20, $after: String) {
  auditEvents(first: $first, after: $after) {
    nodes {
      id
      createdAt
      action
      actorName
      targetType
      targetName
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
    variables: json({ first: 20 }),
  },
  {
    title: "Operators: search tenants",
    query: `query SearchTenants($filter: TenantFilter, $first: Int = 20, $after: String) {
  tenants(filter: $filter, first: $first, after: $after) {
    totalCount
    nodes {
      id
      slug
      name
      status
      plan
      createdAt
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
    variables: json({ filter: { status: ["ACTIVE"] }, first: 20 }),
  },
];

function json(variables: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(variables, null, 2);
}

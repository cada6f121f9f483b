/** Owns a crowd of clients that create projects until the service is gone, and remember what was acknowledged to them. */
import { randomUUID } from "node:crypto";

export interface Crowd {
  /** Slugs of projects whose creation was answered with the project. */
  acknowledged: Set<string>;
  /** Codes of the faults that were answered instead, and whether each was called retryable. */
  faults: { code: string; retryable?: boolean }[];
  /** Resolves when `count` more have been acknowledged. */
  acknowledges(count: number): Promise<void>;
  /** Resolves when a fault has been answered since this was called. */
  isRefused(): Promise<void>;
  /** Send nothing new; resolves when every answer, or the lack of one, is in. */
  goHome(): Promise<void>;
}

const CREATE = "mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { slug } } }";

/** `size` clients, each with one request under way. A client whose connection breaks tries again until it is sent home. */
export function openCrowd(url: string, token: string, size = 8): Crowd {
  const crowd = { acknowledged: new Set<string>(), faults: [] as Crowd["faults"] };
  const watchers = new Set<() => void>();
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!holds()) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  let open = true;

  const client = async () => {
    while (open) {
      const slug = `crash-${randomUUID().slice(0, 18)}`;
      const body = await create(url, token, slug);
      if (body === null) await new Promise((resolve) => setImmediate(resolve));
      else if (body.data?.createProject?.project.slug === slug) crowd.acknowledged.add(slug);
      else for (const { extensions } of body.errors ?? []) crowd.faults.push(extensions);
      for (const look of watchers) look();
    }
  };
  const clients = Array.from({ length: size }, client);

  return {
    ...crowd,
    acknowledges(count) {
      const enough = crowd.acknowledged.size + count;
      return until(() => crowd.acknowledged.size >= enough);
    },
    isRefused() {
      const before = crowd.faults.length;
      return until(() => crowd.faults.length > before);
    },
    async goHome() {
      open = false;
      await Promise.all(clients);
    },
  };
}

interface Answer {
  data?: { createProject?: { project: { slug: string } } };
  errors?: { extensions: { code: string; retryable?: boolean } }[];
}

/** The whole answer, or null when there was none: only what was received in full is acknowledged. */
async function create(url: string, token: string, slug: string): Promise<Answer | null> {
  try {
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: CREATE, variables: { input: { slug, name: slug } } }),
    });
    return (await response.json()) as Answer;
  } catch {
    return null;
  }
}

/** Projects without their one event, and events without their project; acknowledged or not, there must be none. */
export const HALF_WRITTEN = `
  SELECT p.slug, count(a.id)::int AS events
    FROM tenant_projects p FULL JOIN audit_log a ON a.target_id = p.id::text AND a.action = 'project.create'
   WHERE p.slug LIKE 'crash-%' OR a.target_name LIKE 'crash-%'
   GROUP BY p.id, p.slug
  HAVING p.id IS NULL OR count(a.id) <> 1`;

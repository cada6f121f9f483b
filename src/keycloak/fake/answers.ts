/** Owns the words in which the recorded server answers; two families of refusals, and content types that differ by route. */

/** What a handler gets of a request. */
export interface Asked {
  url: URL;
  /** What the path's groups matched. */
  ids: readonly string[];
  contentType: string;
  text: string;
}

export const unauthorized = () => framework(401, "Unauthorized");
export const forbidden = () => framework(403, "Forbidden");
export const methodNotAllowed = () => framework(405, "Method Not Allowed");
export const noSuchPath = () => framework(404, "Not Found");
export const unknownError = () => oauth(500, "unknown_error", "For more on this error consult the server log.");
export const duplicate = () => oauth(409, "conflict", "Duplicate resource error");

/** A refusal by intent. */
export function refused(status: number, errorMessage: string): Response {
  return json(status, { errorMessage });
}

/** A refusal in the shape of the other family. */
export function erred(status: number, error: string): Response {
  return json(status, { error });
}

/** A refusal in the shape of OAuth. */
export function oauth(status: number, error: string, description: string): Response {
  return json(status, { error, error_description: description });
}

/** What was read. */
export function found(body: unknown): Response {
  return new Response(JSON.stringify(body), { status: 200, headers: { "content-type": "application/json;charset=UTF-8" } });
}

/** Without a body there is no content type either. */
export function created(location: string, body?: object): Response {
  return body ? new Response(JSON.stringify(body), { status: 201, headers: { location, "content-type": "application/json" } }) : new Response(null, { status: 201, headers: { location } });
}

export function done(): Response {
  return new Response(null, { status: 204 });
}

function framework(status: number, reason: string): Response {
  return json(status, { error: `HTTP ${status} ${reason}` });
}

export function json(status: number, body: object): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}

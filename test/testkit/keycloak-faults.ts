/** Owns the ways in which Keycloak fails its callers, as one table for every test that has to survive them. */
import type { Meddle } from "./keycloak.js";

/** What a failure is called in the graph, and whether the registry tries again by itself. */
export interface KeycloakFault {
  answer: Meddle;
  error: string;
  stops: boolean;
}

const answering = (status: number, body: string, contentType = "application/json"): Meddle => async () => new Response(body, { status, headers: { "content-type": contentType } });
const HTML = "<html><body>Something else is here, and it says hunter2-hunter2.</body></html>";
/** Nothing of this may ever be seen by anybody. */
export const SERVER_TEXT = "hunter2-hunter2";

const UNREACHABLE = "The identity provider cannot be reached.";
const NOT_UNDERSTOOD = "The identity provider's answer was not understood.";

export const FAULTS: Record<string, KeycloakFault> = {
  "is stopped": { answer: () => Promise.reject(new TypeError("fetch failed", { cause: new Error(SERVER_TEXT) })), error: UNREACHABLE, stops: false },
  "hangs": { answer: () => Promise.reject(new DOMException("The operation was aborted due to timeout", "TimeoutError")), error: "The identity provider did not answer in time.", stops: false },
  "answers 403": { answer: answering(403, `{"error":"HTTP 403 Forbidden ${SERVER_TEXT}"}`), error: "The registry's account at the identity provider lacks a role.", stops: false },
  "answers 404": { answer: answering(404, `{"errorMessage":"Organization not found. ${SERVER_TEXT}"}`), error: "The identity provider does not have what was asked for.", stops: true },
  "answers 409": { answer: answering(409, `{"errorMessage":"${SERVER_TEXT}"}`), error: "The identity provider has something else under the same name.", stops: true },
  "answers 400": { answer: answering(400, `{"errorMessage":"${SERVER_TEXT}"}`), error: "The identity provider does not accept these values.", stops: true },
  "answers 500": { answer: answering(500, `{"error":"unknown_error","error_description":"${SERVER_TEXT}"}`), error: "The identity provider failed.", stops: false },
  "answers a proxy's 502": { answer: answering(502, HTML, "text/html"), error: "The identity provider failed.", stops: false },
  "answers HTML": { answer: answering(200, HTML, "text/html"), error: NOT_UNDERSTOOD, stops: false },
  "does it, and the answer is lost": {
    answer: async (_, pass) => {
      await pass();
      throw new TypeError("fetch failed");
    },
    error: UNREACHABLE,
    stops: false,
  },
};

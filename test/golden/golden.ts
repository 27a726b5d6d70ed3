import { readdirSync, readFileSync } from "node:fs";
import type { JsonObject } from "../../src/base/json.ts";
import type { Form } from "../support/doors.ts";

/** A request of the seeds and what comes of it. */
export interface Golden {
  readonly name: string;
  /** The claims that differ from run to run. */
  readonly volatile: readonly string[];
  readonly request: Form;
  /** What the authority says, if the request shows an id_token. */
  readonly idToken?: { readonly claims: JsonObject };
  readonly response: {
    readonly expires_in: number;
    readonly has: readonly string[];
    readonly hasNot: readonly string[];
  };
  readonly accessToken: { readonly claims: JsonObject };
  readonly idTokenOut?: { readonly claims: JsonObject };
}

export const goldens: readonly Golden[] = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".json"))
  .map((name) => ({ name, ...JSON.parse(readFileSync(`${import.meta.dirname}/${name}`, "utf8")) }));

/** Seed 000's request, byte for byte but for its tenant. */
export const rawRequest = (tenant: string): string =>
  readFileSync(`${import.meta.dirname}/000-request.txt`, "utf8")
    .trimEnd()
    .replace("{{tenant}}", tenant)
    .replaceAll(/\n/g, "\r\n");

/** The claims of a token as a golden file has them: without what differs, and `aud` by the issuer's place in it. */
export function comparable(claims: JsonObject, { volatile }: Golden, issuer: string): JsonObject {
  const kept = Object.entries(claims).filter(([name]) => !volatile.includes(name));
  return Object.fromEntries(
    kept.map(([name, value]) => [
      name,
      name === "aud" && Array.isArray(value)
        ? value.map((entry) => (String(entry).startsWith(issuer) ? String(entry).replace(issuer, "<issuer>") : entry))
        : value,
    ]),
  );
}

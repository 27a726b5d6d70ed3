import type { Problems } from "../schema/problems.ts";
import { checkReach } from "./authorities.ts";
import { buildKeys } from "./build-keys.ts";
import type { WorkloadIssuer } from "./public-keys.ts";
import type { TenantFile } from "./schema-tenant.ts";

type Files = TenantFile["workloadIssuers"];

/** Builds those who vouch for workloads. Notes every rule that they break. */
export function buildWorkloadIssuers(files: Files, problems: Problems): ReadonlyMap<string, WorkloadIssuer> {
  const issuers = new Map(
    Object.entries(files).flatMap(([name, file]) => {
      const issuer = buildIssuer(file, problems.at(name));
      return issuer === undefined ? [] : [[name, issuer]];
    }),
  );
  const owners = new Map<string, string>();
  for (const [name, { by, name: own }] of issuers) {
    const owner = owners.get(`${by} ${own}`);
    if (owner !== undefined) problems.at(name).add(`${JSON.stringify(own)} is already the ${by} of ${owner}`);
    owners.set(`${by} ${own}`, name);
  }
  return issuers;
}

function buildIssuer(file: Files[string], problems: Problems): WorkloadIssuer | undefined {
  const { issuer, trustDomain } = file;
  const name = trustDomain ?? issuer;
  if (name === undefined || (trustDomain !== undefined && issuer !== undefined)) {
    problems.add("expected either issuer or trustDomain");
    return undefined;
  }
  const keys = keysOf(file, problems);
  return keys && { by: trustDomain === undefined ? "issuer" : "trust domain", name, keys };
}

function keysOf(file: Files[string], problems: Problems): WorkloadIssuer["keys"] | undefined {
  const { issuer, allowPrivateNetwork } = file;
  const reach = { allowPrivateNetwork, setting: "allowPrivateNetwork" };
  const own = buildKeys(file, reach, problems);
  if (own !== undefined) return own;
  if (issuer === undefined) {
    problems.add("expected jwks or jwksUri beside trustDomain");
    return undefined;
  }
  checkReach(issuer, reach, problems.at("issuer"));
  return { issuer, allowPrivateNetwork };
}
